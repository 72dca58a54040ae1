#!/usr/bin/python3 -S
"""noise_power - the power of H2-noise by seeds, draws and samples, a row for
the spread of each arm: the table of docs/EXPERIMENT.md, "The size of study"

usage: noise_power.py SCORES --tasks TASKS.json [--tests N] [--experiments N]
       for r in R/eval_metrics/ARM_seed*; do
           bin/show --json $r/scores.msgpack; done |
           tests/calibration/noise_power.py - --tasks data/eval_tasks.tiny.json

SCORES are the records of `stats --score` of an experiment without noise draws, as
JSON lines. Of each arm and off-task: the seeds' variance is that of J less the
mean sampling variance, 0 at least; rho is the mean correlation of J between
tasks, 0 at least. The model is that of power_noise in
lib/report/verdict_power.c, which `make design` takes: normal noise with half of
the seeds' variance, correlated between tasks by rho, and sampling of two halves,
in an arm whose reference has none. The test is that of the verdict, at the
level of Holm's first step (0.05 over N tests), with the normal law of the sum over
exchanged labels.
"""
import json
import math
import random
import sys

SHARE = 0.5
DESIGNS = [(10, 3), (20, 4)]
SAMPLES = [0.5, 1, 2, 4]


def mean(v):
    return sum(v) / len(v)


def cov(a, b):
    x, y = mean(a), mean(b)
    return sum((p - x) * (q - y) for p, q in zip(a, b)) / (len(a) - 1)


class Spread:
    """Of one arm, over its off-tasks."""

    def __init__(self, tasks):
        j = [[x["j"] for x in t] for t in tasks]
        self.sampling = [mean([x["var_eval"] for x in t]) for t in tasks]
        self.seed = [max(0, cov(v, v) - s) for v, s in zip(j, self.sampling)]
        pairs = [cov(a, b) / math.sqrt(cov(a, a) * cov(b, b))
                 if cov(a, a) * cov(b, b) > 0 else 0
                 for i, a in enumerate(j) for b in j[:i]]
        self.rho = max(0, mean(pairs)) if pairs else 0


def noise_of_seed(g, s, share, samples, draws):
    """What the two halves of a seed's draws have in common, over the tasks."""
    n = len(s.seed)
    even, odd = [[[0] * draws for _ in range(n)] for _ in range(2)]
    for r in range(draws):
        common = math.sqrt(s.rho) * g.gauss(0, 1)
        for k in range(n):
            z = common + math.sqrt(1 - s.rho) * g.gauss(0, 1)
            noise = math.sqrt(share * s.seed[k]) * z
            sd = math.sqrt(2 * s.sampling[k] / samples)
            even[k][r] = noise + sd * g.gauss(0, 1)
            odd[k][r] = noise + sd * g.gauss(0, 1)
    return sum(cov(even[k], odd[k]) for k in range(n))


def power(s, seeds, draws, samples, level, experiments):
    g, hits = random.Random(1), 0
    for _ in range(experiments):
        d = [noise_of_seed(g, s, SHARE, samples, draws) -
             noise_of_seed(g, s, 0, samples, draws) for _ in range(seeds)]
        z = sum(d) / math.sqrt(sum(x * x for x in d))
        hits += math.erfc(z / math.sqrt(2)) < level  # both sides
    return hits / experiments


def main(words):
    opts = dict(zip(words[1::2], words[2::2]))
    level = 0.05 / int(opts.get("--tests", 8))
    experiments = int(opts.get("--experiments", 1500))
    with open(opts["--tasks"]) as f:
        off = {t["name"] for t in json.load(f)["tasks"] if t["role"] == "off"}
    with sys.stdin if words[0] == "-" else open(words[0]) as f:
        rows = [x for x in map(json.loads, f) if x.get("task") in off
                and not x.get("draw") and not x.get("replicate")]
    for arm in dict.fromkeys(x["arm"] for x in rows):
        own = [x for x in rows if x["arm"] == arm]
        s = Spread([[x for x in own if x["task"] == t]
                    for t in dict.fromkeys(x["task"] for x in own)])
        print(f"{arm}: seeds {1e4 * mean(s.seed):.1f}, sampling "
              f"{1e4 * mean(s.sampling):.1f} squared points, rho {s.rho:.2f}")
        for seeds, draws in DESIGNS:
            cells = [power(s, seeds, draws, m, level, experiments)
                     for m in SAMPLES]
            print(f"  {seeds} seeds, {draws} draws:",
                  "  ".join(f"x{m} {p:.2f}" for m, p in zip(SAMPLES, cells)),
                  flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
