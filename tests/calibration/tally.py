#!/usr/bin/env python3
"""tally - error rates and coverage of what stats --verdicts says

    tally.py EXPECT < verdicts.jsonl

EXPECT is what `simulate TRUTH expect` prints. A line is printed for each word
and each kind of interval: NAME COUNT OF RATE LIMIT ok|BAD. A wrong word may
come in at most 5% of the experiments plus two Monte Carlo errors; an interval
of 95% (90% for H1) covers the truth within 2 points, plus those errors. "normal"
in EXPECT names quantities whose intervals assume normal values that the truth
does not have: their coverage is printed and not judged.
"""
import json
import math
import sys
from collections import Counter

truth, wrong, assumed = {}, set(), set()
for line in open(sys.argv[1]):
    word = line.split()
    if word[0] == "wrong":
        wrong = {tuple(w.split(":")) for w in word[1].split(",") if w}
    elif word[0] == "normal":
        assumed.update(word[1:])
    else:
        truth[word[0], word[1], word[2]] = float(word[3])

words, tested, covered, tried = Counter(), Counter(), Counter(), Counter()
for line in sys.stdin:
    r = json.loads(line)
    q, arm, task = r["quantity"], r.get("arm"), r.get("task", "-")
    if "word" in r:
        tested[arm, q] += 1
        words[arm, q, r["word"]] += 1
    want = truth.get((q, arm, task))
    if want is not None and ("lo" in r or "hi" in r):
        if q == "seed_variance" and task == "off":
            q = "mean_seed_variance"  # its interval is another
        tried[q] += 1
        covered[q] += r.get("lo", -math.inf) <= want <= r.get("hi", math.inf)

bad = 0
for (q, word, *of_arm) in sorted(wrong):
    for arm in of_arm or ("arm", "third"):
        n, of = words[arm, q, word], tested[arm, q]
        limit = 0.05 + 2 * math.sqrt(0.05 * 0.95 / of) if of else 0
        rate = n / of if of else 1
        ok = of and rate <= limit
        bad += not ok
        print(f"{q}:{word.replace(' ', '-')}:{arm} {n} {of} {rate:.4f} "
              f"{limit:.4f} {'ok' if ok else 'BAD'}")
for q in sorted(tried):
    level, of = (0.90 if q == "H1" else 0.95), tried[q]
    rate = covered[q] / of
    slack = 0.02 + 2 * math.sqrt(level * (1 - level) / of)
    ok = abs(rate - level) <= slack or q in assumed
    bad += not ok
    print(f"cover:{q} {covered[q]} {of} {rate:.4f} {level - slack:.4f} "
          f"{'ok' if ok else 'BAD'}")
for (arm, q, word), n in sorted(words.items()):
    print(f"word:{q}:{word.replace(' ', '-')}:{arm} {n} {tested[arm, q]} "
          f"{n / tested[arm, q]:.4f} - -")
sys.exit(bad > 0)
