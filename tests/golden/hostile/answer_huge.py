# an answer of 100 MB
# holds: fail
def f(x):
    return 'x' * 10**8
