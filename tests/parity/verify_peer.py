"""verify_peer.py - reward beside math-verify (PyPI) on 5,000 known answers

    verify_peer.py REWARD FILE... [-o DISAGREEMENTS]

Half of the answers are golds of the task files, as a model writes them
(right) or near misses (wrong); half are random pairs of every type (pairs/).
What is right is known by construction, not from either side. Prints how each
does, then every class of disagreement: who is right, and an example. Needs
math-verify; not part of make check.
"""
import collections
import json
import os
import random
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "pairs"))
import kinds  # noqa: E402
import near   # noqa: E402
from math_verify import parse, verify  # noqa: E402

N = int(os.environ.get("N", 5000))
SENTENCES = ["Let me think step by step. %s", "%s", "So we are done.\n\n%s\n",
             "<think>\nMaybe 12? No.\n</think>\n\n%s"]
SAID = ["The answer is $\\boxed{%s}$.", "\\[\n\\boxed{%s}\n\\]",
        "**Final Answer:** $\\boxed{%s}$", "Therefore, the answer is $%s$.",
        "Answer: $%s$", "$x$ is it, so $$\\boxed{%s}$$"]


def said(rng, text):
    return rng.choice(SENTENCES).replace(
        "%s", rng.choice(SAID).replace("%s", text))


def rewritten(rng, gold):
    """(what was done, the gold in another form)"""
    v = near.value(gold)
    forms = [("as it is", gold)]
    if "\\frac" in gold:
        forms.append(("dfrac", gold.replace("\\frac", "\\dfrac")))
    m = re.fullmatch(r"(-?)\\d?frac\{(\d+)\}\{(\d+)\}", gold)
    if m:
        forms.append(("slash", "%s%s/%s" % m.groups()))
        forms.append(("twice as large", "%s\\frac{%d}{%d}" % (
            m.group(1), 2 * int(m.group(2)), 2 * int(m.group(3)))))
    if v is not None:
        forms.append(("named", "x = " + gold))
        if re.fullmatch(r"\d{4,}", gold):
            forms.append(("thousands", format(int(gold), ",")))
        if re.fullmatch(r"-?\d+", gold):
            forms.append(("point zero", gold + ".0"))
            forms.append(("unit", gold + "\\text{ units}"))
            forms.append(("zero added", "%s + 0" % gold))
    if gold.startswith("(") and "left" not in gold:
        forms.append(("left right", "\\left" + gold[:-1] + "\\right" +
                      gold[-1]))
    if re.fullmatch(r"\\text\{\(?[A-Za-z ]+\)?\}", gold):
        forms.append(("bare word", gold[6:-1]))
    return rng.choice(forms)


def missed(rng, gold):
    every = [(k, f(gold)) for k, f in near.CHANGES.items() if f]
    every.append(("digit", near.digit_changed(rng, gold)))
    every = [(k, t) for k, t in every if t is not None and t != gold]
    return rng.choice(every) if every else None


def cases(paths):
    """(class, gold, response, right)"""
    rng = random.Random(11)
    golds = near.golds(paths)
    # plain integers are most of the golds and the least of the matter
    plain = [g for g in golds if re.fullmatch(r"-?\d+", g)]
    other = [g for g in golds if not re.fullmatch(r"-?\d+", g)]
    out = []
    while len(out) < N // 2:
        gold = rng.choice(plain if rng.random() < 0.25 else other)
        if rng.random() < 0.5:
            kind, text = rewritten(rng, gold)
            out.append(("gold, " + kind, gold, said(rng, text), True))
        else:
            miss = missed(rng, gold)
            if miss:
                out.append(("gold, not " + miss[0], gold, said(rng, miss[1]),
                            False))
    while len(out) < N:
        t = rng.choice(kinds.TYPES)
        model = t.make(rng)
        a = t.show(rng, model)
        if rng.random() < 0.5:
            out.append((t.__name__ + ", equal", a,
                        said(rng, t.show(rng, model)), True))
        else:
            change, b, *form = t.change(rng, model)
            out.append(("%s, %s" % (t.__name__, change),
                        form[0] if form else a, said(rng, b), False))
    return out


class Late(BaseException):
    pass


def late(*_):
    raise Late


def peer(rows):
    """math-verify with its defaults, but that its 5 s are of CPU time, for a
    parse and for a comparison together: a busy machine is no answer. What it
    raises, or what takes longer, is no."""
    signal.signal(signal.SIGPROF, late)
    for i, (_, gold, response, _) in enumerate(rows):
        if i % 500 == 0:
            print("%d of %d" % (i, len(rows)), file=sys.stderr, flush=True)
        signal.setitimer(signal.ITIMER_PROF, 5)
        try:
            yield bool(verify(parse("$%s$" % gold, parsing_timeout=None),
                              parse(response, parsing_timeout=None),
                              timeout_seconds=None))
        except (Exception, Late):
            yield False
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def ours(reward, rows):
    text = "".join(json.dumps(
        {"id": str(i), "prompt": "-", "answer": gold, "verifier": "math",
         "response": r}, ensure_ascii=False) + "\n"
        for i, (_, gold, r, _) in enumerate(rows))
    out = subprocess.run([reward, "--json", "--quiet"], input=text.encode(),
                         stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)["correct"] for line in out.splitlines()]


def figures(name, rows, got):
    yes = sum(g and not r[3] for r, g in zip(rows, got))
    no = sum(r[3] and not g for r, g in zip(rows, got))
    print("%-12s %5d right of %d, %4d wrong yes, %4d wrong no" % (
        name, len(rows) - yes - no, len(rows), yes, no))


def main():
    args = sys.argv[1:]
    path = args[args.index("-o") + 1] if "-o" in args else None
    files = args[1:args.index("-o")] if path else args[1:]
    rows = cases(files)
    b = list(peer(rows))
    a = ours(args[0], rows)
    figures("reward", rows, a)
    figures("math-verify", rows, b)
    classes = collections.defaultdict(list)
    for row, x, y in zip(rows, a, b):
        if x != y:
            classes[row[0], "reward" if x == row[3] else "math-verify"].append(
                row)
    print("%d disagreements" % sum(map(len, classes.values())))
    for (kind, who), some in sorted(classes.items(), key=lambda c: -len(c[1])):
        row = min(some, key=lambda r: len(r[1]) + len(r[2]))
        print("%4d  %-30s %-12s %s | %s" % (len(some), kind, who, row[1],
                                            json.dumps(row[2])))
    if path:
        with open(path, "w", encoding="utf-8") as f:
            for row, x, y in zip(rows, a, b):
                if x != y:
                    f.write(json.dumps([*row, x, y], ensure_ascii=False) +
                            "\n")


main()
