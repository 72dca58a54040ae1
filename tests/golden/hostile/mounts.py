# mounts, unmounts, changes root
# holds: pass
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *args):
    """The filter's own answer, not an argument that the kernel dislikes."""
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in args))
    return r == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS)
CALLS = {
    'mount': (165, 0, 0, 0, 0, 0),
    'umount2': (166, 0, 0),
    'pivot_root': (155, 0, 0),
    'chroot': (161, 0),
    'fsopen': (430, 0, 0),
    'open_tree': (428, -100, 0, 1),
    'move_mount': (429, 0, 0, 0, 0, 0),
    'fsmount': (432, 0, 0, 0),
    'mount_setattr': (442, -100, 0, 0, 0, 0),
    'open_by_handle_at': (304, -100, 0, 0),
    'name_to_handle_at': (303, -100, 0, 0, 0, 0),
}
def f(x):
    for name, call in CALLS.items():
        if os.uname().machine == 'x86_64' and not refused(*call):
            return name
    return x + 1
