# prints 40 MB to each stream
# holds: pass
import sys
def f(x):
    if hasattr(f, 'done'):
        return x + 1
    f.done = True
    for _ in range(40):
        print('x' * (1 << 20))
        print('x' * (1 << 20), file=sys.stderr)
    return x + 1
