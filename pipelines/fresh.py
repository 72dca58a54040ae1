"""fresh - what a stage's result was made from, and whether that still holds

A stage's record is a JSON file, STATE/OUT.made:

  command   its text, without what results do not depend on (--threads N)
  programs  SHA-256 of each program
  inputs    digest of each input
  outputs   of each file made: SHA-256, and the size, time and inode at which it
            was read; a size of -1: freed (KEEP=last)
  seconds   of a processor that it took

Bytes decide: a result is made again when one of these differs, whatever the
times of files say. Size, time and inode only tell when to read a file again.
"""
import fcntl
import hashlib
import os
import stat
import sys

import quick_json


def shape(path):
    """Size, time and inode; None where there is no regular file."""
    try:
        s = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(s.st_mode):
        return None
    return [s.st_size, s.st_mtime_ns, s.st_ino]


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb", buffering=0) as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def files_in(path):
    """Names of the files below a directory, sorted; [""] of a file."""
    if not os.path.isdir(path):
        return [""]
    found = []
    for folder, _, names in os.walk(path):
        found += [os.path.relpath(os.path.join(folder, n), path)
                  for n in names]
    return sorted(found)


def digest_of(parts):
    """One digest of several files: pairs of name and SHA-256."""
    if len(parts) == 1 and parts[0][0] == "":
        return parts[0][1]
    text = "".join(f"{name}\0{sha}\n" for name, sha in sorted(parts))
    return hashlib.sha256(text.encode()).hexdigest()


def without_numbers(text, word):
    """text, and word nowhere before a number, nor the number."""
    at = text.find(word)
    while at >= 0:
        number = text[at + len(word):]
        after = number.lstrip("0123456789")
        if after != number:
            text = text[:at] + after
        at = text.find(word, at + (after == number))
    return text


def identity(command):
    """The part of a command's text that may decide bytes."""
    if "\\\n" in command:
        first, *rest, last = command.split("\\\n")
        command = " ".join([first.rstrip(), *(x.strip() for x in rest),
                            last.lstrip()])
    return without_numbers(command, " --threads ").strip()


def say(text):
    """A line on stderr in one write: stages side by side share it, and print
    writes the end of a line by itself where PYTHONUNBUFFERED is set."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def write_whole(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    new = f"{path}.{os.getpid()}.new"
    try:
        with open(new, "w") as f:
            f.write(text)
        os.replace(new, path)
    except BaseException:  # a signal is one (interrupt.py)
        if os.path.exists(new):
            os.remove(new)
        raise


class State:
    """The records of all stages below R, and the hashes of other files."""

    def __init__(self, r, outs=None):
        """outs: all outputs that there are, where that is known."""
        self.r = r = os.path.normpath(r)
        self.outs = outs
        self.makers, self.digests = {}, {}
        self.dir = os.path.join(r, ".make")
        self.records = {}
        self.setting_path = os.path.join(self.dir, "setting.json")
        self.cache_path = os.path.join(self.dir, "hashes.json")
        try:
            with open(self.cache_path) as f:
                self.cache = quick_json.load(f)
        except (OSError, ValueError):
            self.cache = {}
        self.cache_new = False

    def path(self, out):
        return os.path.join(self.dir, os.path.relpath(out, self.r) + ".made")

    def setting(self):
        """The parameters of the results, None where nothing says them."""
        try:
            with open(self.setting_path) as f:
                return quick_json.load(f)
        except (OSError, ValueError):
            return None

    def record(self, out):
        """The record of an output, None without one."""
        if out not in self.records:
            try:
                with open(self.path(out)) as f:
                    self.records[out] = quick_json.load(f)
            except (OSError, ValueError):
                self.records[out] = None
        return self.records[out]

    def write(self, out, record):
        self.records[out] = record
        write_whole(self.path(out), quick_json.lines(record) + "\n")

    def source(self, path):
        """SHA-256 of a file that no stage makes, None where it is missing."""
        now = shape(path)
        if now is None:
            return None
        known = self.cache.get(path)
        if known is None or known[1:] != now:
            if now[0] >= 1 << 30:
                say(f"reading {path}, {now[0] >> 30} GiB, to know its bytes")
            known = self.cache[path] = [sha256(path), *now]
            self.cache_new = True
        return known[0]

    def save_cache(self):
        if self.cache_new:
            write_whole(self.cache_path, quick_json.lines(self.cache))
            self.cache_new = False

    def maker(self, path):
        """The output, with a record, that is path or holds it; or None."""
        if path not in self.makers:
            self.makers[path], at = None, path
            while at.startswith(self.r + "/"):
                if (self.outs is None or at in self.outs) and self.record(at):
                    self.makers[path] = at
                    break
                at = os.path.dirname(at)
        return self.makers[path]

    def digest(self, path):
        """Digest of an input, None where it is missing."""
        if path not in self.digests:
            self.digests[path] = self.digest_now(path)
        return self.digests[path]

    def digest_now(self, path):
        out = self.maker(path)
        if out is None:
            if os.path.isdir(path):
                return digest_of([(n, self.source(os.path.join(path, n)))
                                  for n in files_in(path)])
            return self.source(path)
        made = self.record(out)["outputs"]
        if path == out:
            return digest_of([(n, e[0]) for n, e in made.items()])
        sub = os.path.relpath(path, out)
        if sub in made:
            return made[sub][0]
        parts = [(n[len(sub) + 1:], e[0]) for n, e in made.items()
                 if n.startswith(sub + "/")]
        return digest_of(parts) if parts else None

    def damage(self, out):
        """What is wrong with an output that was made, None when it is as its
        record says. Files are read only where size, time or inode changed."""
        record, moved = self.record(out), False
        for name, known in record["outputs"].items():
            path = os.path.join(out, name) if name else out
            now = shape(path)
            if now is None:
                if known[1] == -1:
                    continue
                return f"{path} is gone"
            if now != known[1:]:
                if sha256(path) != known[0]:
                    return f"{path} is not what was made"
                known[1:] = now
                moved = True
        if moved and os.access(self.dir, os.W_OK):
            self.write(out, record)
        return None

    def freed(self, path):
        """Whether an input, or a file in it, was freed."""
        out = self.maker(path)
        if out is None:
            return False
        sub = "" if path == out else os.path.relpath(path, out)
        return any(e[1] == -1 for n, e in self.record(out)["outputs"].items()
                   if not sub or n == sub or n.startswith(sub + "/"))

    def reason(self, stage):
        """Why a stage is stale by itself, None when it is not."""
        record = self.record(stage.out)
        if record is None:
            return "not made yet"
        if record["command"] != identity(stage.command):
            return "its command changed"
        for p in stage.programs:
            if record["programs"].get(p) != self.source(p):
                return f"{p} changed"
        for i in stage.inputs:
            if i not in record["inputs"]:
                return f"{i} is a new input"
            if record["inputs"][i] != self.digest(i):
                return f"{i} changed"
        if len(record["inputs"]) != len(stage.inputs):
            return "an input is gone"
        return self.damage(stage.out)

    def lock(self, name):
        """An open file with an exclusive lock, held until it is closed."""
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        f = open(path, "w")
        fcntl.flock(f, fcntl.LOCK_EX)
        return f
