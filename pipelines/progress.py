"""progress - how far a make is, and about how long it will take

Stages that run side by side share the files run.json and run.done. None of them
is a result.
"""
import sys
import time

import quick_json
from fresh import say


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
