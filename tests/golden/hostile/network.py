# opens sockets of every family
# holds: pass
import socket
def f(x):
    for family in range(46):
        for kind in (1, 2, 3, 5):
            try:
                socket.socket(family, kind)
                return family, kind
            except OSError:
                pass
    try:
        socket.create_connection(('127.0.0.1', @PORT@), 1)
        return 'connected'
    except OSError:
        pass
    try:
        socket.getaddrinfo('example.org', 80)
        return 'resolved'
    except OSError:
        pass
    return x + 1
