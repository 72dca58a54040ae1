# grows a list until it is stopped
# holds: fail
def f(x):
    a = []
    while True:
        a.append(bytearray(1 << 20))
