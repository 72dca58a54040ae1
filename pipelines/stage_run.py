"""stage_run - run one stage of the experiment: its output appears whole or not at all

The body of pipelines/stage. An experiment has thousands of stages, and so what
a stage needs to start is kept small: modules that few of them need are imported
where they are needed, and no file of Python is compiled twice.

usage: stage OUT --kind K --label L --programs P --inputs I [--merge]
             [--files F] [--again] [--note TEXT] [--free FILES] [--delta WORDS] COMMAND
       stage OUT --words FILE     FILE: all of these from --kind on, a list in JSON

COMMAND runs under bash -euo pipefail with OUT set to a temporary name; it writes
a file or a directory there (the name keeps its suffix). When the record of an
earlier run still holds (fresh.py), nothing runs. What is made replaces the old
output; files whose bytes are the same keep their time. --merge: OUT is a
directory that other stages write to as well. --files: what is made there, no
more and no less. --free: files of earlier stages
that are no longer needed once this one begins. --delta: a command of bin/delta
for an earlier checkpoint, run then; files that it removes count as freed. --again: run it, for files of its
own that were freed.

Where it runs place.py and launch.py say: ULP_LAUNCH stands before the command,
ULP_GPUS are devices that stages take in turn, ULP_STAGE_RANKS are processes of a
program. Lines on stderr say what ran, how far the whole run is and about how long
it will take.
"""
import os
import sys
import time

import interrupt
import quick_json
from fresh import State, files_in, identity, say, sha256, shape
from interrupt import signal


class Arguments:
    def __init__(self, words):
        self.__dict__.update(kind="", label="", programs="", inputs="",
                             note="", free="", delta="", files="", merge=False, again=False)
        self.out, *words = words
        if words[0] == "--words":
            with open(words[1], encoding="utf-8") as f:
                words = quick_json.load(f)
        while len(words) > 1:
            name = words.pop(0)[2:]
            setattr(self, name,
                    name in ("merge", "again") or words.pop(0))
        self.command = words[0]


# ---- how far the run is ----

def hms(s):
    s = int(s + 0.5)
    if s < 60:
        return f"{s} s"
    if s < 5400:
        return f"{s // 60} min {s % 60} s"
    return f"{s // 3600} h {s % 3600 // 60} min"


class Run:
    """One make: run.json says what it has to do; a line of run.done is a stage
    that ended, "KIND SECONDS", or "KIND -" when it was unchanged after all."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, name):
        try:
            with open(f"{self.folder}/{name}") as f:
                return f.read()
        except OSError:
            return ""

    def append(self, name, line):
        with open(f"{self.folder}/{name}", "a") as f:
            f.write(line + "\n")

    def left(self, plan, done):
        """Seconds still to go, and whether that is known of every kind."""
        spent, n, ended = {}, {}, {}
        for kind, s in done:
            ended[kind] = ended.get(kind, 0) + 1
            if s != "-":
                spent[kind] = spent.get(kind, 0) + float(s)
                n[kind] = n.get(kind, 0) + 1
        left, known = 0, True
        for kind, total in plan["kinds"].items():
            rest = total - ended.get(kind, 0)
            if rest > 0 and kind in n:
                left += rest * spent[kind] / n[kind]
            elif rest > 0 and kind in plan["expect"]:
                left += rest * plan["expect"][kind]
            elif rest > 0:
                known = False
        wall = max(time.time() - plan["t0"], 1e-3)
        at_once = min(max(sum(spent.values()) / wall, 1), plan["jobs"])
        return left / at_once, known, wall

    def end(self, kind, label, seconds):
        """Counts a stage; a line for one that ran."""
        self.append("run.done", f"{kind} {'-' if seconds is None else seconds}")
        try:
            plan = quick_json.loads(self.read("run.json"))
        except ValueError:
            return
        done = [x.split() for x in self.read("run.done").splitlines()]
        if seconds is not None:
            left, known, wall = self.left(plan, done)
            total = max(plan["total"], len(done))
            more = "" if len(done) >= total else \
                f", {'about' if known else 'more than'} {hms(left)} left"
            say(f"[{len(done):{len(str(total))}d}/{total}] {label:<46} "
                f"{seconds:6.1f} s   ({hms(wall)}{more})")
        # a failure stays what is seen last
        sys.stderr.write(self.read("run.failed"))

    def fail(self, text):
        say(text)
        self.append("run.failed", text)


# ---- publishing ----

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


def left_over(new):
    """Files of a stage that was killed: new, new.fifo, ..., and none of
    another stage whose name begins alike (fp32_seed1, fp32_seed10)."""
    folder, name = os.path.split(new)
    return [os.path.join(folder, n) for n in os.listdir(folder or ".")
            if n == name or n.startswith(name + ".")]


def free(state, patterns):
    import glob
    for path in [f for x in patterns for f in glob.glob(x)]:
        mark_freed(state, path)
        os.remove(path)


def mark_freed(state, path):
    """Comes before what removes the file: a stage that is killed in between has
    not lost its result, and the mark goes when the file is found (fresh.py)."""
    out = state.maker(path)
    if out:
        record = state.record(out)
        name = os.path.relpath(path, out)
        if name in record["outputs"]:
            record["outputs"][name][1] = -1
            state.write(out, record)


def keep_delta(state, words):
    """A failure leaves the checkpoint whole, and costs disk alone."""
    import glob
    import subprocess
    model, optimizer = (f"{words[-2]}/{n}.safetensors" for n in ("model", "optimizer"))
    before = glob.glob(glob.escape(words[-2]) + "/*.safetensors")
    for path in before:
        mark_freed(state, path)
    if os.path.exists(model):
        subprocess.run(words, check=False)
    elif os.path.exists(words[-2] + "/model.delta") and os.path.exists(optimizer):
        os.remove(optimizer)  # what was killed had come so far
    if any(map(os.path.exists, before)):
        state.damage(state.maker(model))  # takes their marks back


LONG = 64 << 10  # a word of a command line; the system takes 128 KiB


def run_command(a, new, profile, where):
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
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, handler)


stopped = 0


def split(text):
    """The words of a shell's line."""
    import shlex
    return shlex.split(text)


def other_files(a, new):
    """What is wrong with the files that a command made, or ""."""
    if not os.path.lexists(new):
        return "its command made nothing"
    want = {os.path.relpath(f, a.out) for f in a.files.split()}
    made = set(files_in(new)) if want else set()
    if want - made:
        return f"its command did not make {min(want - made)}"
    return f"its command made {min(made - want)} as well" if made - want else ""


def make(a, state, run, made_of):
    """Runs the command and publishes; writes the record last."""
    os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
    new = os.path.join(os.path.dirname(a.out), ".new." +
                       os.path.basename(a.out))
    for path in left_over(new):
        remove(path)
    if a.free:
        free(state, a.free.split())
    if a.delta:
        keep_delta(state, split(a.delta))
    saves = False
    if a.kind == "train":
        import save
        saves = save.wanted(a)
    if saves:
        save.begin(a, made_of)
    where, held = {}, []
    if os.environ.get("ULP_GPUS") or os.environ.get("ULP_STAGE_RANKS", "1") != "1":
        import place
        a.command, ranks = place.on_ranks(a.command)
        where, held = place.take_devices(state.dir, a.kind, a.command, ranks)
    if a.kind == "base":  # the one that is long and runs alone
        say(f"       {a.label} ...")
    when_stopped(end_with)
    began = time.time()
    status, tail = run_command(a, new, state.dir + "/profile.programs", where)
    for fd in held:
        os.close(fd)
    if stopped:
        for path in left_over(new):
            remove(path)
        os._exit(128 + stopped)
    wrong = status or other_files(a, new)
    if saves:
        save.end(a, status)
    if wrong:
        with open(state.path(a.out) + ".failed", "w") as f:
            f.write(a.command + "\n")
        for path in left_over(new):
            remove(path)
        said = tail[-1] if tail else "it said nothing"
        said = f"exit status {status}: {said}" if status else wrong
        again = " ".join(["make", *os.environ.get("ULP_ARGS", "").split(),
                          a.out])
        run.fail(f"failed: {a.label}: {said}\n  it alone, again: {again}\n"
                 f"  by hand: OUT=/tmp/x bash -euo pipefail {state.path(a.out)}.failed")
        sys.exit(1)
    old = state.record(a.out)
    before = old["outputs"] if old else {}
    remove(state.path(a.out))
    outputs = {}
    for name in publish(new, a.out, a.merge, before):
        path = os.path.join(a.out, name) if name else a.out
        now, known = shape(path), before.get(name)
        outputs[name] = [known[0] if known and known[1:] == now
                         else sha256(path), *now]
        if a.merge:  # a stage that made it by itself, once (EVAL_TASKS)
            remove(state.path(path))
    remove(state.path(a.out) + ".failed")
    t = os.times()
    state.write(a.out, dict(made_of, outputs=outputs,
                            seconds=round(sum(t[:4]), 3)))
    run.end(a.kind, a.label, round(time.time() - began, 3))
    run.append("profile.stages", "\t".join((
        f"{began:.3f}", f"{time.time():.3f}", f"{sum(t[:4]):.3f}", a.kind,
        a.label)))
    if a.note:
        say(a.note)


def one(a, state, run):
    # A stage left running by a killed make must end before it is run again.
    # So do its programs, which have the lock as well.
    lock = state.lock(os.path.relpath(state.path(a.out), state.dir) + ".lock")
    os.set_inheritable(lock.fileno(), True)
    made_of = dict(command=identity(a.command),
                   programs={p: state.source(p) for p in a.programs.split()},
                   inputs={i: state.digest(i) for i in a.inputs.split()})
    for path, sha in {**made_of["programs"], **made_of["inputs"]}.items():
        if sha is None:
            run.fail(f"failed: {a.label}: {path} is missing")
            sys.exit(1)
    old = state.record(a.out)
    if old and not a.again and \
            all(old[k] == made_of[k] for k in made_of) and \
            not state.damage(a.out):
        run.end(a.kind, a.label, None)
    else:
        make(a, state, run, made_of)
    lock.close()


def main(words):
    a = Arguments(words)
    state = State(os.environ["ULP_R"])
    run = Run(state.dir)
    # nothing is half-made before the command begins
    when_stopped(interrupt.end)
    try:
        one(a, state, run)
    except OSError as e:
        run.fail(f"failed: {a.label}: {e.filename or ''}: {e.strerror}")
        sys.exit(1)
