# leaves at once in the call
# holds: fail
import os
def f(x):
    os._exit(0)
