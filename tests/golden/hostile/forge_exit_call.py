# leaves in the call
# holds: fail
import sys
def f(x):
    sys.exit(0)
