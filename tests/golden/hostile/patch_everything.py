# breaks the interpreter it lives in
# holds: pass
import builtins, gc, json, os, random, sys
def f(x):
    random.seed(5)
    os.environ['LEFT'] = '1'
    sys.path.insert(0, '/tmp')
    sys.modules['left'] = sys
    for name in ('print', 'sum', 'sorted', 'open', 'abs'):
        setattr(builtins, name, None)
    random.random = lambda: 0.5
    gc.disable()
    sys.setrecursionlimit(300)
    return x + 1
