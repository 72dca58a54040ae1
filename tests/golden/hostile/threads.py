# starts threads until refused, then answers
# holds: pass
import threading, time
def f(x):
    n = 0
    try:
        while n < 100000:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            n += 1
    except (RuntimeError, MemoryError):
        pass
    return x + 1 if n < 1000 else 'no limit'
