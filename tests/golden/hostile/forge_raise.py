# raises what a harness might swallow
# holds: fail
class Gone(BaseException):
    pass
def f(x):
    raise (GeneratorExit, KeyboardInterrupt, StopIteration, Gone,
           AssertionError, SystemExit(0))[x % 6]
