# fills /tmp and /dev/shm, then answers
# holds: pass
import os
def fill(place):
    n = 0
    for i in range(1000):
        with open('%s/%d' % (place, i), 'wb', buffering=0) as out:
            while True:
                try:
                    w = out.write(bytes(1 << 20))
                except OSError:
                    break
                n += w
        if i > 2 and w == 0 or n > 1 << 30:
            break
        if os.path.getsize('%s/%d' % (place, i)) == 0:
            break
    return n
def f(x):
    if not hasattr(f, 'n'):
        f.n = fill('/tmp') + fill('/dev/shm')
    return x + 1 if f.n <= 80 << 20 else 'no limit'
