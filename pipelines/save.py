"""save - the state of a training stage that has not ended: SAVE_EVERY

dapo-step --save writes a checkpoint and its outputs so far, now and then, into
.saved.step-N beside the stage's place. A stage that was stopped goes on from there,
and makes the bytes of one that was not. So when it saves is no part of the
experiment: the command of its record has none of this.
"""
import json
import os
import re
import shutil

from fresh import say, write_whole

NEVER = 10 ** 9
PART = r"(?:metrics|rollouts)-\d+\.msgpack(?:\.zst)?"
UNITS = {"s": 1, "min": 60, "h": 3600}


def seconds_of(text):
    """SAVE_EVERY: 90s, 10min, 2h; "" is never."""
    from wrong import Wrong, number
    if not text:
        return NEVER
    m = re.fullmatch(r"([0-9.]+)(s|min|h)", text)
    if not m:
        raise Wrong(f"SAVE_EVERY: found '{text}', expected a time such as 90s, "
                    "10min or 2h")
    return int(number("SAVE_EVERY", m[1], False) * UNITS[m[2]])


def folder_of(out):
    return os.path.join(os.path.dirname(out), ".saved." + os.path.basename(out))


def wanted(a):
    """True where a stage saves, or may have saved."""
    return a.kind == "train" and bool(os.environ.get("ULP_SAVE_EVERY") or
                                      os.path.isdir(folder_of(a.out)))


def read(path, key):
    """A value of a JSON file; None."""
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f).get(key)
    except (OSError, ValueError):
        return None


def checkpoint(folder):
    """The newest: its path and step; None."""
    found = [int(m[1]) for m in map(re.compile(r"step-(\d+)$").match,
                                    os.listdir(folder)) if m]
    return found and (f"{folder}/step-{max(found):09d}", max(found)) or None


def clear(folder):
    """Removes what a kill in the midst of a save left."""
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        if not re.fullmatch(r"made_of\.json|step-\d+|" + PART, name):
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def whole(a, folder):
    """Whether the newest checkpoint and the parts are as they were written; a
    damaged one would end every make that begins there."""
    import subprocess
    there = checkpoint(folder)
    if not there:
        return True
    program = f"{os.path.dirname(a.programs.split()[0])}/checksum"
    parts = [f"{folder}/{n}" for n in os.listdir(folder)
             if re.fullmatch(PART, n)]
    return not subprocess.run([program, there[0], *parts], check=False,
                              stdout=subprocess.DEVNULL).returncode


def with_save(command, folder, every):
    """The command of a training stage that saves, and begins where the last save
    is. And that step, or None."""
    trainer = command[command.index("/dapo-step "):]
    model = re.search(r" --model (\S+)", trainer)[1]
    steps = int(re.search(r" --steps (\d+)", trainer)[1])
    until = steps + (read(f"{model}/trainer_state.json", "step") or 0)
    command = command.replace(
        f" --steps {steps} ", f" --until {until} --save {folder} --save-every "
        f"{every} ")
    there = checkpoint(folder)
    if not there:
        return command, None
    command = re.sub(rf" --(model|resume) {re.escape(model)}(?=\s)",
                     rf" --\1 {there[0]}", command)
    return command, there[1]


def begin(a, made_of):
    """The command to run; a.saved: the step that it goes on from, or None. What
    another command, program or input left is of no use."""
    folder = folder_of(a.out)
    if os.path.isdir(folder) and \
            read(f"{folder}/made_of.json", "of") != made_of:
        shutil.rmtree(folder)
    if os.path.isdir(folder):
        clear(folder)
    if os.path.isdir(folder) and not whole(a, folder):
        say(f"       {a.label}: what it had saved is damaged")
        shutil.rmtree(folder)
    if not os.path.isdir(folder):
        os.makedirs(folder)
        write_whole(f"{folder}/made_of.json", json.dumps({"of": made_of}))
    a.command, a.saved = with_save(
        a.command, folder, seconds_of(os.environ.get("ULP_SAVE_EVERY")))
    if a.saved is not None:
        say(f"       {a.label}: goes on after {a.saved} steps, which it had "
            "saved")


def end(a, status):
    """After the stage."""
    if not status:
        shutil.rmtree(folder_of(a.out), ignore_errors=True)
