# traces and reads other processes
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'ptrace attach': (101, 16, 1, 0, 0),
    'ptrace seize': (101, 16902, 1, 0, 0),
    'ptrace traceme': (101, 0, 0, 0, 0),
    'process_vm_readv': (310, 1, 0, 0, 0, 0, 0),
    'process_vm_writev': (311, 1, 0, 0, 0, 0, 0),
    'pidfd_getfd': (438, 3, 0, 0),
    'pidfd_open': (434, 1, 0),
    'pidfd_send_signal': (424, 3, 9, 0, 0),
    'kcmp': (312, 1, 1, 0, 0, 0),
    'process_madvise': (440, 3, 0, 0, 0, 0),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
