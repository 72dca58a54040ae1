# an answer that holds itself
# holds: fail
def f(x):
    a = []
    a.append(a)
    return a
