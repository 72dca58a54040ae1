# becomes a program that succeeds
# holds: fail
import os
os.execv('/bin/true', ['true'])
def f(x):
    return 0
