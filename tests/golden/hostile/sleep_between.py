# sleeps for ever, awake for a moment now and then
# holds: timeout
import time


def f(x):
    while True:
        time.sleep(0.01)
