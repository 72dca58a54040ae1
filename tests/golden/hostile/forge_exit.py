# leaves before the test
# holds: fail
import sys
sys.exit(0)
def f(x):
    return 0
