# asks for 10 GB at once
# holds: fail
def f(x):
    return len('x' * 10**10) * 0 + x + 1
