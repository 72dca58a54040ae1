# has no capability and can gain none
# holds: pass
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def f(x):
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    if libc.syscall(125, header, data) == 0 and any(data):
        return list(data)
    data = (ctypes.c_uint32 * 6)(*[0xffffffff] * 6)
    if libc.syscall(126, header, data) == 0:
        return 'capset'
    return x + 1
