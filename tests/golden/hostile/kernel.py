# bpf, perf, io_uring, modules, clocks and the like
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'bpf': (321, 0, 0, 0),
    'perf_event_open': (298, 0, 0, -1, -1, 0),
    'userfaultfd': (323, 1),
    'io_uring_setup': (425, 1, 0),
    'io_uring_enter': (426, 3, 0, 0, 0, 0, 0),
    'kexec_load': (246, 0, 0, 0, 0),
    'init_module': (175, 0, 0, 0),
    'finit_module': (313, 0, 0, 0),
    'delete_module': (176, 0, 0),
    'reboot': (169, 4276215469, 672274793, 0, 0),
    'settimeofday': (164, 0, 0),
    'clock_settime': (227, 0, 0),
    'adjtimex': (159, 0),
    'sethostname': (170, 0, 0),
    'setdomainname': (171, 0, 0),
    'swapon': (167, 0, 0),
    'swapoff': (168, 0),
    'acct': (163, 0),
    'quotactl': (179, 0, 0, 0, 0),
    'syslog': (103, 3, 0, 0),
    'iopl': (172, 3),
    'ioperm': (173, 0, 1, 1),
    'modify_ldt': (154, 0, 0, 0),
    'personality': (135, 262144),
    'personality read': (135, 4294967295),
    'lookup_dcookie': (212, 0, 0, 0),
    'seccomp': (317, 0, 0, 0),
    'landlock': (444, 0, 0, 1),
    'fanotify_init': (300, 0, 0),
    'memfd_secret': (447, 0),
    'vmsplice': (278, 0, 0, 0, 0),
    'splice': (275, 0, 0, 0, 0, 0, 0),
    'tee': (276, 0, 0, 0, 0),
    'mbind': (237, 0, 0, 0, 0, 0, 0),
    'move_pages': (279, 1, 0, 0, 0, 0, 0),
    'migrate_pages': (256, 1, 0, 0, 0),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
