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
more and no less. --free: files of earlier stages that are no longer needed once
this one begins. --delta: a command of bin/delta for an earlier checkpoint, run
then; files that it removes count as freed. --again: run it, for files of its own
that were freed.

command.py runs the command, publish.py moves what it made to its place,
freeing.py does --free and --delta, progress.py counts stages.

Where it runs place.py and launch.py say: ULP_LAUNCH stands before the command,
ULP_GPUS are devices that stages take in turn, ULP_STAGE_RANKS are processes of a
program. Lines on stderr say what ran, how far the whole run is and about how long
it will take.
"""
import os
import sys
import time

import command
import interrupt
import quick_json
from fresh import State, identity, say, sha256, shape
from progress import Run
from publish import left_over, publish, remove


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


def make(a, state, run, made_of):
    """Runs the command and publishes; writes the record last."""
    os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
    new = os.path.join(os.path.dirname(a.out), ".new." +
                       os.path.basename(a.out))
    for path in left_over(new):
        remove(path)
    if a.free or a.delta:
        import freeing
        if a.free:
            freeing.free(state, a.free.split())
        if a.delta:
            freeing.keep_delta(state, a.delta)
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
    command.when_stopped(command.end_with)
    began = time.time()
    status, tail = command.run(a, new, state.dir + "/profile.programs", where)
    for fd in held:
        os.close(fd)
    if command.stopped:
        for path in left_over(new):
            remove(path)
        os._exit(128 + command.stopped)
    wrong = status or command.other_files(a, new)
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
    command.when_stopped(interrupt.end)
    try:
        one(a, state, run)
    except OSError as e:
        run.fail(f"failed: {a.label}: {e.filename or ''}: {e.strerror}")
        sys.exit(1)
