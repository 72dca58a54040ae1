# limits, priority and scheduling of the first process
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'prlimit NOFILE': (302, 1, 7, 0, 0),
    'prlimit AS': (302, 1, 9, 0, 0),
    'setpriority': (141, 0, 1, 19),
    'sched_setaffinity': (203, 1, 8, 0),
    'sched_setscheduler': (144, 1, 0, 0),
    'sched_setparam': (142, 1, 0),
    'sched_setattr': (314, 1, 0, 0),
    'ioprio_set': (251, 1, 1, 24583),
    'rt_sigqueueinfo': (129, 1, 2, 0),
    'rt_tgsigqueueinfo': (297, 1, 1, 2, 0),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
