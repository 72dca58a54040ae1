# hides a number in the times of a folder
# holds: pass
import os
def f(x):
    os.utime('/tmp', (123456789, 987654321))
    return x + 1
