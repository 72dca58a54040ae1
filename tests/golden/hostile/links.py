# reaches out by symbolic and hard links
# holds: pass
import os
def f(x):
    for i, target in enumerate(('/etc/passwd', '@CANARY@', '../../..@CANARY@',
                                '/proc/1/root@CANARY@', '/dev/fd/3')):
        os.symlink(target, 'l%d' % i) if not os.path.islink('l%d' % i) else 0
        for mode in ('r', 'w'):
            try:
                open('l%d' % i, mode)
                return target
            except OSError:
                pass
    try:
        os.link('/usr/bin/python3', '/tmp/python')
        return 'a hard link'
    except OSError:
        pass
    return x + 1
