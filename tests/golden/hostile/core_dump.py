# aborts
# holds: fail
import os
os.abort()
def f(x):
    return 0
