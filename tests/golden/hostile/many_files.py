# makes ten thousand files, folders and links
# holds: pass
import os
def f(x):
    for i in range(3000):
        for make in (lambda n: os.close(os.open(n, os.O_CREAT)), os.mkdir,
                     lambda n: os.symlink('/', n)):
            try:
                make('%d.%d' % (i, id(make)))
            except OSError:
                pass
    return x + 1
