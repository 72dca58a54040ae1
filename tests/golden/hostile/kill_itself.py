# ends its whole process group
# holds: fail
import os
def f(x):
    os.setsid()
    os.killpg(0, 9)
