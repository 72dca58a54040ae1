# changes flags of files it shares
# holds: pass
import fcntl, os
def f(x):
    for fd in range(3):
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)
    return x + 1
