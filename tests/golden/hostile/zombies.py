# children that nobody waits for
# holds: pass
import os
def f(x):
    for _ in range(5):
        try:
            if os.fork() == 0:
                os._exit(0)
        except OSError:
            pass
    return x + 1
