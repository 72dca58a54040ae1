# leaves processes in sessions of their own
# holds: pass
import os, time
def f(x):
    try:
        first = os.fork()
    except OSError:
        return x + 1
    if first == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                time.sleep(3600)
        finally:
            os._exit(0)
    return x + 1
