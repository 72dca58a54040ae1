# makes and opens devices
# holds: pass
import os, stat
def f(x):
    for kind, major, minor in ((stat.S_IFBLK, 8, 0), (stat.S_IFCHR, 1, 1)):
        try:
            os.mknod('/tmp/dev', kind | 0o600, os.makedev(major, minor))
            return 'mknod'
        except OSError:
            pass
    for name in ('mem', 'kmem', 'kmsg', 'sda', 'vda', 'loop0', 'fuse', 'kvm',
                 'tty', 'ptmx', 'net/tun', 'nvidia0', 'nvidiactl'):
        if os.path.lexists('/dev/' + name):
            return name
    return x + 1 if len(os.listdir('/dev')) == 5 else os.listdir('/dev')
