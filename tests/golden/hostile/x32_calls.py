# system calls of the x32 table
# holds: pass fail
import ctypes, os
def f(x):
    if os.uname().machine != 'x86_64':
        return x + 1
    got = ctypes.CDLL(None).syscall(ctypes.c_long(0x40000027))
    return x + 1 if got < 0 else got
