# claims success on the way out
# holds: fail
import atexit, os
atexit.register(os._exit, 0)
def f(x):
    raise SystemExit(0)
