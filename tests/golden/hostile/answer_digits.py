# a number of a million digits
# holds: fail timeout
def f(x):
    return 10 ** 1000000
