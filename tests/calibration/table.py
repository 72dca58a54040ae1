#!/usr/bin/env python3
"""table - the table of docs/CALIBRATION.md from what calibrate.sh left in OUT

    table.py OUT < `simulate list`

A row a truth: the largest rate of a wrong word over arms and directions, for
each hypothesis, and the coverage of each kind of interval, in percent.
"""
import os
import sys

TESTS = ("H1", "H2", "H2-noise", "H3")
COVER = ("delta_j", "noise_variance", "seed_variance", "mean_seed_variance",
         "H1", "H2", "H2-noise", "H3")
print("| truth | wrong: " + " | ".join(TESTS) + " | covered: dJ | noise | seed | "
      "seed, mean | " +
      "H1 (90) | H2 | H2-noise | H3 |")
print("|---|" + "---|" * (len(TESTS) + len(COVER)))
n = set()
for line in sys.stdin:
    name, about = line.strip().split(" ", 1)
    try:
        rows = [r.split() for r in open(os.path.join(sys.argv[1], name + ".txt"))]
    except OSError:
        continue
    wrong, cover = {}, {}
    for key, hits, of, rate, limit, verdict in rows:
        kind = key.split(":")
        if kind[0] == "cover":
            cover[kind[1]] = 100 * float(rate)
        elif kind[0] != "word":
            wrong[kind[0]] = max(wrong.get(kind[0], 0), 100 * float(rate))
            n.add(of)
    print(f"| {about} | " +
          " | ".join(f"{wrong[t]:.1f}" if t in wrong else "" for t in TESTS) +
          " | " + " | ".join(f"{cover[t]:.1f}" if t in cover else ""
                             for t in COVER) + " |")
print(f"\n{'/'.join(sorted(n))} experiments a truth.")
