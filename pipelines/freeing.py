"""freeing - files of earlier stages that are no longer needed: removed (KEEP=last),
or kept as differences (KEEP=deltas)

Their stages' records say so: a size of -1 (fresh.py).
"""
import glob
import os


def free(state, patterns):
    """Removes the files that the patterns match."""
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


def keep_delta(state, command):
    """Runs a command of bin/delta: a checkpoint's files become differences. A
    failure leaves the checkpoint whole, and costs disk alone."""
    import shlex
    import subprocess
    words = shlex.split(command)
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
