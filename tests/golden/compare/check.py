#!/usr/bin/env python3
"""check - records of sparsity (JSON lines) beside the oracle's, in any order

  check.py EXPECTED GOT      prints the fields that differ, and a count

Counts are equal; shares to 1e-12, some roundings.
"""
import json
import sys

KEY = ("scope", "kind", "measure", "update", "a", "b")


def records(path):
    return {tuple(r.get(k) for k in KEY): r for r in map(json.loads, open(path)) if r["scope"] in ("total", "kind")}


def near(a, b):
    if isinstance(a, dict):
        return isinstance(b, dict) and a == b
    return b is not None and (a == b if isinstance(a, (int, str)) else abs(a - b) <= 1e-12 * abs(a))


def main():
    want, got = records(sys.argv[1]), records(sys.argv[2])
    n = bad = 0
    for key, w in want.items():
        g = got.pop(key, {})
        for f in sorted(set(w) | set(g)):
            n += 1
            if f not in w or not near(w[f], g.get(f)):
                bad += 1
                print("differs:", key, f, "found", g.get(f), "expected", w.get(f))
    print("%d fields, %d differ, %d records without expectation" % (n, bad, len(got)))


if __name__ == "__main__":
    main()
