# gains rights through set-user-id programs
# holds: pass
import os, subprocess
def f(x):
    me = os.getresuid()
    if os.path.exists('/usr/bin/su'):
        r = subprocess.run(['/usr/bin/su', '-c', 'echo escaped'],
                           stdin=subprocess.DEVNULL, capture_output=True)
        if b'escaped' in r.stdout:
            return 'su'
    for act in (lambda: os.setuid(1), lambda: os.setresuid(1, 1, 1),
                lambda: os.setgroups([0]), lambda: os.setgid(1),
                lambda: os.chown('/tmp', 1, 1)):
        try:
            act()
            return 'changed'
        except OSError:
            pass
    return x + 1 if os.getresuid() == me else os.getresuid()
