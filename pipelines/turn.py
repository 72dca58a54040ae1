"""turn - one make at a time in one folder of results, whichever host it is on

R/.make/owner says who is at work there: process and its birth, user, host, boot id,
time. It is made where there is none (O_EXCL, which holds on file systems that hosts
share), and removed when that make has ended: a process of its own waits for that,
and touches the file twice a minute meanwhile.

Of a make on the same host its process says whether it is at work: a second one
waits for it, and takes over from one that was killed. Another host cannot see
that: it is refused, and told who holds the folder and how to take over.
"""
import json
import os
import sys
import time

from wrong import Wrong

TOUCH_S = 30
HALF_S = 30  # a file that is there and says nothing yet


def born(pid):
    """When a process of this host began; None: there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            return f.read().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def this_host():
    """Its name, and what tells two hosts of one name apart until it starts anew."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as f:
            boot = f.read().strip()
    except OSError:
        boot = ""
    return dict(host=os.uname().nodename, boot=boot)


def me(pid):
    import pwd
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return dict(this_host(), pid=pid, born=born(pid), user=user,
                since=time.strftime("%Y-%m-%d %H:%M"))


def make_file(path, mine):
    """False where another has made it."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with open(fd, "w", encoding="utf-8") as f:
        f.write(json.dumps(mine) + "\n")
    return True


def read_file(path):
    """Who holds it; None: nobody any more; {}: the file does not say."""
    until = time.monotonic() + HALF_S
    while True:
        try:
            with open(path, encoding="utf-8") as f:
                text = f.read()
        except FileNotFoundError:
            return None
        if text.endswith("\n") or time.monotonic() > until:
            break
        time.sleep(0.1)
    try:
        who = json.loads(text)
        return who if is_whole(who) else {}
    except ValueError:
        return {}


def is_whole(who):
    return isinstance(who, dict) and {"pid", "born", "host", "boot", "user",
                                      "since"} <= who.keys()


def state_of(who, mine):
    """mine, here (a make of this host), gone, or elsewhere."""
    if not who:
        return "gone"  # a make that was killed as it wrote, or of long ago
    if who["host"] == mine["host"] and who["boot"] != mine["boot"] and \
            not who["host"].startswith("localhost"):
        return "gone"  # this host has started anew since
    if any(who[k] != mine[k] for k in ("host", "boot")):
        return "elsewhere"
    if who["pid"] == mine["pid"] and who["born"] == mine["born"]:
        return "mine"
    # a make that was killed as this was written had no birth any more
    return "here" if who["born"] and born(who["pid"]) == who["born"] else "gone"


def silent_s(path, lock):
    """Seconds since the file was touched, by the clock of its file system."""
    try:
        os.utime(lock)
        return max(0, int(os.stat(lock).st_mtime - os.stat(path).st_mtime))
    except OSError:
        return 0


def wait_for_turn(state, pid):
    """Until the folder is this make's; Wrong where one of another host has it."""
    path, mine, told = os.path.abspath(f"{state.dir}/owner"), me(pid), False
    if not mine["born"] and born(os.getpid()):
        raise Wrong(f"R={state.r}: make {pid} has ended")
    while True:
        with state.lock("owner.lock") as lock:  # of makes on this host
            if make_file(path, mine):
                keep(path, mine)
                return
            who = read_file(path)
            if who is None:
                continue
            now = state_of(who, mine)
            if now == "mine":
                return
            if now == "gone":
                os.remove(path)
                continue
            silent = silent_s(path, lock.name)
        if now == "elsewhere":
            raise Wrong(f"R={state.r}: make {who['pid']} of {who['user']} on "
                        f"{who['host']} is at work there since {who['since']} "
                        f"(its last sign of life: {silent} s ago); if it is "
                        f"gone: rm {state.dir}/owner")
        if not told:
            print(f"make {who['pid']} is at work in {state.r}: waiting for it",
                  file=sys.stderr)
            told = True
        time.sleep(0.5)


# ---- while make runs, and when it ends ----

def keep(path, mine):
    """A process that touches the file, and removes it when make has ended."""
    if os.fork():
        return
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, 1 << 16)  # locks, and the pipes of make
        os.chdir("/")
        wait_for_end(path, mine)
        if state_of(read_file(path), mine) == "mine":
            os.remove(path)
    finally:
        os._exit(0)


def wait_for_end(path, mine):
    import select
    fd = os.pidfd_open(int(mine["pid"]))
    end = select.poll()
    end.register(fd, select.POLLIN)
    while born(mine["pid"]) == mine["born"] and not end.poll(TOUCH_S * 1000):
        if read_file(path) != mine:
            return  # somebody has taken over
        os.utime(path)
