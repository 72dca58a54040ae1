# makes and joins namespaces
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'unshare user': (272, 268435456),
    'unshare mount': (272, 131072),
    'unshare net': (272, 1073741824),
    'unshare pid': (272, 536870912),
    'setns': (308, 0, 0),
    'clone user': (56, 268435473, 0, 0, 0, 0),
    'clone mount': (56, 131089, 0, 0, 0, 0),
    'clone net': (56, 1073741841, 0, 0, 0, 0),
    'clone upper half': (56, 1099780063249, 0, 0, 0, 0),
    'clone3': (435, 0, 88),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
