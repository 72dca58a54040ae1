# makes a file and takes it away again
# holds: pass
import os
def f(x):
    open('/tmp/x', 'w').close()
    os.remove('/tmp/x')
    return x + 1
