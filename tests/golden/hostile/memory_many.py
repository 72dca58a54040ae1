# many processes that each grow
# holds: fail timeout
import os
def f(x):
    for _ in range(64):
        try:
            if os.fork() == 0:
                a = [bytearray(b'x' * (1 << 20)) for _ in range(900)]
                while True:
                    pass
        except OSError:
            break
    while True:
        pass
