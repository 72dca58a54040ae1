# makes three thousand files, folders and links
# holds: pass
import os
def f(x):
    if os.path.exists('made'):
        return x + 1
    os.mkdir('made')
    for i in range(1000):
        for make in (lambda n: os.close(os.open(n, os.O_CREAT)), os.mkdir,
                     lambda n: os.symlink('/', n)):
            try:
                make('%d.%d' % (i, id(make)))
            except OSError:
                pass
    return x + 1
