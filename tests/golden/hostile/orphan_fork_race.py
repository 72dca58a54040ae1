# a child that keeps replacing itself
# holds: pass
import os
started = False
def f(x):
    global started
    if not started:
        started = True
        if os.fork() == 0:
            while True:
                try:
                    if os.fork():
                        os._exit(0)
                except OSError:
                    pass
    return x + 1
