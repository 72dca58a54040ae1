# source that is hard to parse
# holds: fail
def f(x):
    return eval('-' * 300000 + '1', {}) + eval('(' * 5000)
