# containers, strings and floats that equal everything
# holds: fail
def yes(base):
    return type('Yes', (base,), {'__eq__': lambda a, b: True,
                                 '__hash__': None,
                                 '__iter__': lambda a: iter([a])})
kinds = [yes(b) for b in (float, str, list, tuple, dict, set, bytes)]
def f(x):
    return kinds[x % 7]()
