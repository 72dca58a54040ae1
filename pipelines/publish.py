"""publish - what a stage made takes the place of what was there, whole

A command writes beside its output. Files whose bytes are the same keep their
time, so that nothing after them runs again.
"""
import os

from fresh import files_in


def same(a, b):
    if not (os.path.isfile(a) and os.path.isfile(b)) or \
            os.path.getsize(a) != os.path.getsize(b):
        return False
    with open(a, "rb") as x, open(b, "rb") as y:
        while block := x.read(1 << 20):
            if block != y.read(1 << 20):
                return False
    return True


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)


def left_over(new):
    """Files of a stage that was killed: new, new.fifo, ..., and none of
    another stage whose name begins alike (fp32_seed1, fp32_seed10)."""
    folder, name = os.path.split(new)
    return [os.path.join(folder, n) for n in os.listdir(folder or ".")
            if n == name or n.startswith(name + ".")]


def publish(new, out, merge, before):
    """Moves what was made to its place. A directory cannot be renamed over
    another: the old one steps aside. before: files of the last time."""
    names = files_in(new)
    if names == [""]:
        if same(new, out):
            os.remove(new)
            return names
        if os.path.isdir(out):
            remove(out)
        os.replace(new, out)
    elif merge:
        for name in names:
            to = os.path.join(out, name)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if not same(os.path.join(new, name), to):
                os.replace(os.path.join(new, name), to)
        for name in set(before) - set(names):
            remove(os.path.join(out, name))
        remove(new)
    else:
        for name in names:
            if same(os.path.join(new, name), os.path.join(out, name)):
                s = os.stat(os.path.join(out, name))
                os.utime(os.path.join(new, name),
                         ns=(s.st_atime_ns, s.st_mtime_ns))
        remove(out + ".old")
        if os.path.lexists(out):
            os.rename(out, out + ".old")
        os.rename(new, out)
        remove(out + ".old")
    return names
