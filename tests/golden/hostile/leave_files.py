# leaves files, hidden ones too
# holds: pass
import os
def f(x):
    for path in ('/tmp/left', '/tmp/.left', '/dev/shm/left', '/tmp/json.py',
                 '/tmp/sitecustomize.py', '/tmp/random.py'):
        open(path, 'w').write('raise SystemExit')
    if not os.path.exists('/tmp/closed'):
        os.makedirs('/tmp/closed/inside')
        os.chmod('/tmp/closed', 0)
    return x + 1
