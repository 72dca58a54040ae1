# prints 200 MB to both streams
# holds: pass
import sys
def f(x):
    for _ in range(50):
        print('x' * (1 << 20))
        print('x' * (1 << 20), file=sys.stderr)
    return x + 1
