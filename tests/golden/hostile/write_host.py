# writes where the host would see it
# holds: pass
import os, sys
def f(x):
    for path in ('/usr/bin/ulp_was_here', '/usr/lib/ulp_was_here', '/x',
                 '/usr/bin/python3', '/etc/x', '/bin/x', '/dev/x',
                 '@CANARY@', os.__file__, sys.executable):
        for mode in ('w', 'a', 'r+'):
            try:
                open(path, mode).write('x')
                return path
            except OSError:
                pass
        for act in (os.remove, os.rmdir, os.mkdir,
                    lambda p: os.chmod(p, 0o777), lambda p: os.utime(p),
                    lambda p: os.rename(p, p + 'x'),
                    lambda p: os.truncate(p, 0)):
            try:
                act(path)
                return path, repr(act)
            except OSError:
                pass
    return x + 1
