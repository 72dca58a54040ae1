# locks files of the host
# holds: pass
import fcntl, os
def f(x):
    with open(os.__file__) as held:
        for act in (lambda: fcntl.flock(held, fcntl.LOCK_SH),
                    lambda: fcntl.lockf(held, fcntl.LOCK_SH),
                    lambda: fcntl.fcntl(held, 1024, 0),
                    lambda: fcntl.fcntl(held, 1026, 0)):
            try:
                act()
                return 'locked'
            except OSError:
                pass
    return x + 1
