# never ends
# holds: timeout
def f(x):
    while True:
        pass
