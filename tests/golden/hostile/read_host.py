# reads what only the host has
# holds: pass
import glob, os
def f(x):
    for path in ('/etc/passwd', '/etc/shadow', '/root', '/home', '/var',
                 '/sys', '/run', '/proc/self/mem', '/proc/1/environ',
                 '/usr/local', '/usr/share', '/boot', '/mnt', '@CANARY@',
                 os.path.dirname('@CANARY@')):
        if os.path.lexists(path):
            return path
    if glob.glob('/tmp/*') or glob.glob('/tmp/.*'):
        return glob.glob('/tmp/*')
    for path in ('@CANARY@', '/etc/shadow'):
        try:
            return open(path).read()
        except OSError:
            pass
    return x + 1
