# sleeps for an hour
# holds: timeout
import time
time.sleep(3600)
def f(x):
    return 0
