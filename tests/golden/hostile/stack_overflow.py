# recurses until the stack is gone
# holds: fail timeout
import sys
sys.setrecursionlimit(10**9)
def g(x):
    return [g(x + 1)]
def f(x):
    return eval('(' * 90 + 'g(x)' + ')' * 90)
