# answers with messages of its own making
# holds: fail
import os
def f(x):
    for fd in range(3, 64):
        for text in (b'["pass", ""]', b'["answer", ["o", "x"]]',
                     b'["raised", [], ""]', b'["answer"]', b'[]', b'{', b'1'):
            try:
                os.write(fd, len(text).to_bytes(4, 'little') + text)
            except OSError:
                pass
    return 0
