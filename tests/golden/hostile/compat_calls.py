# 32-bit system calls by machine code
# holds: pass fail
import ctypes, mmap, os
def f(x):
    if os.uname().machine != 'x86_64':
        return x + 1
    # mov eax, 20 (getpid of i386); int 0x80; ret
    code = bytes.fromhex('b814000000cd80c3')
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(code)
    at = ctypes.addressof(ctypes.c_char.from_buffer(page))
    got = ctypes.CFUNCTYPE(ctypes.c_int)(at)()
    return x + 1 if got < 0 else got
