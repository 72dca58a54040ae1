# the process ends, a grandchild keeps its files
# holds: timeout
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3600)
os._exit(0)
def f(x):
    return 0
