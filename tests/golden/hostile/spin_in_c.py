# one bytecode that takes for ever
# holds: timeout
def f(x):
    return 7 ** (7 ** 12) % 10
