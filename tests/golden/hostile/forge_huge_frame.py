# a message said to be of 4 GB
# holds: fail
import os
def f(x):
    for fd in range(3, 64):
        try:
            os.write(fd, b'\xff' * 4)
        except OSError:
            pass
    return 0
