"""verify_pairs.py - reward on answers that are known to be equal or not

    verify_pairs.py REWARD N [SEED]        N random pairs that are not equal,
                                           and N / 10 that are
    verify_pairs.py REWARD real K FILE...  near misses of every gold, and K
                                           other golds against each

What makes a pair equal or not is in pairs/: by construction, checked in
floats or exact fractions. Prints verdict lines for tests/run, and on stderr
the counts by type and change. With FOUND=FILE in the environment, each wrong
verdict is appended to FILE as a line of JSON.
"""
import collections
import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "pairs"))
import kinds  # noqa: E402
import near   # noqa: E402


BLOCK = 50000
WRAPS = ["\\boxed{%s}", "so we get $\\boxed{%s}$.", "**Answer:** $%s$",
         "It works. The answer is $%s$.", "Some steps.\nAnswer: $%s$\n",
         "\\[\\boxed{%s}\\]", "<answer>$%s$</answer>"]
# An answer that denies or hedges is a thing of responses, not of golds; and
# what 2e+4 means against 20000 is for the gold to say.
RESPONSE_ONLY = {"denied", "word", "choice", "notation", "side"}


def wrap(rng, text):
    dress = WRAPS[0] if rng.random() < 0.5 else rng.choice(WRAPS)
    return dress.replace("%s", text)


def random_pairs(n, seed):
    """(type, change, gold, response, equal)"""
    rng = random.Random(seed)
    for i in range(n + n // 10):
        t = rng.choice(kinds.TYPES)
        model = t.make(rng)
        a = t.show(rng, model)
        if i % 11 == 10:
            yield t.__name__, "equal", a, wrap(rng, t.show(rng, model)), True
            continue
        change, b, *form = t.change(rng, model)
        a = form[0] if form else a
        if change not in RESPONSE_ONLY and rng.random() < 0.5:
            a, b = b, a
        yield t.__name__, change, a, wrap(rng, b), False


def judge(reward, pairs):
    """Whether each response is right, a block at a time."""
    lines = "".join(json.dumps(
        {"id": str(i), "prompt": "-", "answer": p[2], "verifier": "math",
         "response": p[3]}, ensure_ascii=False) + "\n"
        for i, p in enumerate(pairs))
    out = subprocess.run([reward, "--json", "--quiet"], input=lines.encode(),
                         stdout=subprocess.PIPE, check=True).stdout
    for p, line in zip(pairs, out.decode().splitlines(), strict=True):
        yield p, json.loads(line)


class Tally:
    def __init__(self):
        self.n = collections.Counter()
        self.bad = collections.Counter()
        self.first = {}
        self.examples = collections.defaultdict(list)

    def add(self, p, row):
        key = p[:2]
        self.n[key] += 1
        if row["correct"] == p[4]:
            return
        self.bad[key] += 1
        self.examples[key].append((p, row["verify_rule"],
                                   row["verify_status"]))

    def total(self, equal):
        n = sum(v for k, v in self.n.items() if (k[1] == "equal") == equal)
        bad = sum(v for k, v in self.bad.items() if (k[1] == "equal") == equal)
        return n, bad

    def show(self):
        for key in sorted(self.n):
            print("%-12s %-10s %7d %6d" % (*key, self.n[key], self.bad[key]),
                  file=sys.stderr)
        path = os.environ.get("FOUND")
        for key, rows in sorted(self.examples.items()) if path else ():
            with open(path, "a", encoding="utf-8") as f:
                for p, rule, status in sorted(
                        rows, key=lambda r: len(r[0][3]))[:6]:
                    f.write(json.dumps({
                        "kind": "%s: %s" % key, "answer": p[2],
                        "response": p[3], "want": p[4],
                        "why": "of %d pairs %d are judged so; rule %s, %s" % (
                            self.n[key], self.bad[key], rule, status)},
                        ensure_ascii=False) + "\n")


def blocks(pairs):
    block = []
    for p in pairs:
        block.append(p)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


def main():
    reward, what = sys.argv[1:3]
    real = what == "real"
    if real:
        name, pairs = "near_misses", near.pairs(sys.argv[4:], int(sys.argv[3]))
    else:
        seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
        name, pairs = "random_pairs", random_pairs(int(what), seed)
    tally = Tally()
    for block in blocks(pairs):
        for p, row in judge(reward, block):
            tally.add(p, row)
    tally.show()
    n, yes = tally.total(False)
    first = next((r[0][0] for k, r in sorted(tally.examples.items())
                  if k[1] != "equal"), None)
    print("ok no_wrong_yes_%s" % name if n and not yes else
          "not ok no_wrong_yes_%s: %d of %d, first %s" % (name, yes, n, first))
    print("note %s: %d pairs that are not equal" % (name, n))
    n, no = tally.total(True)
    first = next((r[0][0] for k, r in sorted(tally.examples.items())
                  if k[1] == "equal"), None)
    print("ok equal_pairs_%s" % name if n and not no else
          "not ok equal_pairs_%s: %d of %d, first %s" % (name, no, n, first))


main()
