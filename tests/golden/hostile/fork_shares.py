# uses more CPU time than it has, shared among processes that have some left
# holds: timeout
import os, time


def f(x):
    for _ in range(20):
        if not os.fork():
            end = time.process_time() + 0.5
            while time.process_time() < end:
                pass
            os._exit(0)
        os.wait()
    return x + 1
