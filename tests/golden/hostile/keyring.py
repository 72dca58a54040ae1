# reaches the kernel keyrings
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'add_key': (248, 0, 0, 0, 0, -4),
    'request_key': (249, 0, 0, 0, -4),
    'keyctl get': (250, 0, -4, 1),
    'keyctl join': (250, 1, 0),
    'keyctl session': (250, 0, -3, 1),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
