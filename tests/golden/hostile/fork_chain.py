# uses CPU time for ever, a little in each of a chain of processes
# holds: timeout fail
import os, time


def f(x):
    while True:
        if os.fork():
            os._exit(0)
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
