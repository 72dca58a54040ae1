# a path longer than any limit
# holds: pass
import os
def f(x):
    if os.path.exists('/tmp/' + 'd' * 200):
        return x + 1
    for i in range(2000):
        os.mkdir('d' * 200)
        os.chdir('d' * 200)
    return x + 1
