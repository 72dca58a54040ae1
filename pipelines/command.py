"""command - the command of a stage: run, stopped, and what it made is looked at"""
import os
import sys

from fresh import files_in
from interrupt import signal

LONG = 64 << 10  # a word of a command line; the system takes 128 KiB


def run(a, new, profile, where):
    """Exit status, and the last lines of stderr, which pass through. profile:
    a file to which programs append what they took of the processor; where: more
    of the environment."""
    words = ["bash", "-euo", "pipefail", "-c", a.command]
    if os.environ.get("ULP_LAUNCH"):
        from launch import launched
        words = launched(a.kind, a.command, a.inputs.split())
    if len(os.fsencode(words[-1])) > LONG:
        with open(new + ".command", "w", encoding="utf-8") as f:
            f.write(words[-1])
        words[-2:] = [new + ".command"]
    said, out = os.pipe()  # neither end is inherited
    env = dict(os.environ, OUT=new, ULP_PROFILE=profile, **where)
    child = os.posix_spawnp(
        words[0], words, env, file_actions=[(os.POSIX_SPAWN_DUP2, out, 2)],
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ])  # Python ignores them
    os.close(out)
    if stopped:  # just before it began
        end_with(stopped, None)
    tail = []
    with open(said, "rb") as lines:
        for line in lines:
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
            tail = [*tail[-3:], line.decode(errors="replace").rstrip()]
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if words[-1] == new + ".command":
        os.remove(words[-1])
    tail = [x for x in tail if x.strip()]
    if not status and os.environ.get("ULP_LAUNCH"):
        from launch import whole
        if not whole(new):
            status, tail = 1, ["the launcher ended with status 0, and what the "
                               "command made is not there"]
    return status, tail


stopped = 0  # the signal that came, or 0


def below(pid):
    """Every process that a process has started, and those that they have."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            children = [int(c) for c in f.read().split()]
    except OSError:
        return []
    return children + [p for c in children for p in below(c)]


def end_with(signum, _):
    """make was stopped: the programs of the stage end, and then the stage, which
    leaves nothing half-made. A launcher that gets SIGTERM ends what it started.
    """
    global stopped
    stopped = signum
    for pid in below(os.getpid()):  # all are known before one that has children ends
        try:
            os.kill(pid, signal.SIGTERM)
        except OSError:
            pass


def when_stopped(handler):
    """What SIGTERM, SIGINT and SIGHUP call from now on."""
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, handler)


def other_files(a, new):
    """What is wrong with the files that a command made, or ""."""
    if not os.path.lexists(new):
        return "its command made nothing"
    want = {os.path.relpath(f, a.out) for f in a.files.split()}
    made = set(files_in(new)) if want else set()
    if want - made:
        return f"its command did not make {min(want - made)}"
    return f"its command made {min(made - want)} as well" if made - want else ""
