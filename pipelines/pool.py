"""pool - the devices of this host, handed to stages that run side by side

A device has as many places as GPUS names it: one, unless stages may share it. A
place is a file in a folder of this host alone (below TMPDIR: file systems of a
cluster may have no locks). Who holds the file's lock has the place, and the file
says how many bytes of the device that stage counts on. The programs of a stage
inherit the lock: the kernel frees a device when the last of them has ended,
killed or not.

One stage at a time looks for a device. The others sleep until it has one, so
that nobody overtakes a stage that needs several.
"""
import fcntl
import os
import stat
import time

ALL = 1 << 62  # bytes of a stage that has the device for itself


def folder():
    """Of this user and this host; a TMPDIR may be shared by hosts."""
    path = os.path.join(os.environ.get("TMPDIR") or "/tmp",
                        f"ulp-devices-{os.getuid()}-{os.uname().nodename}")
    os.makedirs(path, mode=0o700, exist_ok=True)
    s = os.lstat(path)
    if not stat.S_ISDIR(s.st_mode) or s.st_uid != os.getuid():
        raise PermissionError(1, "is not a folder of this user", path)
    return path


def opened(path):
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def is_free(fd):
    """Locks a place; False where another stage holds it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


class Device:
    """What is free of one device now. Its free places are locked until
    close(), but for the one that was taken."""

    def __init__(self, at, name, places):
        self.name, self.places, self.free, self.held = name, places, [], []
        there = {f for f in os.listdir(at) if f.rpartition(".")[0] == name}
        for f in sorted(there | {f"{name}.{i}" for i in range(places)}):
            fd = opened(f"{at}/{f}")
            if is_free(fd):
                self.free.append(fd)
            else:
                self.held.append(int(os.pread(fd, 32, 0) or ALL))
                os.close(fd)

    def has_room(self, need, memory):
        if not self.held:
            return True
        return len(self.held) < self.places and \
            need + sum(self.held) <= memory

    def take(self, need):
        fd = self.free.pop(0)
        os.pwrite(fd, f"{need:<32d}".encode(), 0)
        os.set_inheritable(fd, True)
        return fd

    def close(self):
        for fd in self.free:
            os.close(fd)


def attempt(at, gpus, n, need, memory):
    """(names, descriptors) of n devices with room, the emptiest first; None."""
    devices = [Device(at, d, gpus.count(d)) for d in dict.fromkeys(gpus)]
    room = sorted((d for d in devices
                   if d.has_room(need if d.places > 1 else ALL, memory)),
                  key=lambda d: len(d.held))[:n]
    found = None
    if len(room) == n:
        found = [d.name for d in room], \
            [d.take(need if d.places > 1 else ALL) for d in room]
    for d in devices:
        d.close()
    return found


def take(gpus, n, need=ALL, memory=0):
    """Waits for n of the devices. gpus: their names, one as often as stages may
    share it; need: bytes that the stage takes of each, which are counted against
    memory where it shares one. Returns names and the descriptors that hold
    them."""
    at = folder()
    queue = opened(f"{at}/queue")
    fcntl.flock(queue, fcntl.LOCK_EX)
    try:
        while True:
            found = attempt(at, gpus, n, need, memory)
            if found:
                return found
            time.sleep(0.05)
    finally:
        os.close(queue)
