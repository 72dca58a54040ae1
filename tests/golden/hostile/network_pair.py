# turns a socket pair into a connection
# holds: pass
import socket
def f(x):
    a, b = socket.socketpair()
    for act in (lambda: a.connect('\0@ABSTRACT@'),
                lambda: a.bind('\0ulp'), lambda: a.listen(),
                lambda: a.sendto(b'x', '\0@ABSTRACT@')):
        try:
            act()
            return 'connected'
        except (OSError, TypeError):
            pass
    return x + 1
