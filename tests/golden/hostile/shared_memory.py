# message queues and memory that would outlive it
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'shmget': (29, 1, 4096, 950),
    'shmat': (30, 0, 0, 0),
    'msgget': (68, 1, 950),
    'semget': (64, 1, 1, 950),
    'mq_open': (240, 0, 66, 438, 0),
    'memfd_create': (319, 0, 0),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
