# opens files until refused
# holds: pass
def f(x):
    held = []
    try:
        while len(held) < 100000:
            held.append(open('/dev/null'))
    except OSError:
        pass
    return x + 1 if len(held) < 64 else 'no limit'
