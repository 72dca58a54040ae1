# an iterator without end
# holds: fail
import itertools
def f(x):
    return itertools.count()
