#!/usr/bin/env python3
"""check - spectrum's records (JSON lines) beside the oracle's

  check.py EXPECTED GOT      prints the fields that differ, and a count

Relative 1e-6; angles within 1e-6 radians. A drift and an angle must be within
their stated errors, too, beside the 12 digits of EXPECTED (and numpy's own
rounding of an angle, 1e-12). Where the oracle says that an angle is not
defined, the angle_error must say so.
"""
import json
import math
import sys


def near(key, want, got, rec):
    off = abs(want - got)
    if key.startswith("angle"):
        return off <= math.degrees(1e-6) and off <= rec["angle_error"] + 1e-11 * want + math.degrees(1e-12)
    if key == "nss" and off > rec["nss_error"] + 1e-11 * want:
        return False
    return off <= 1e-6 * abs(want)


def main():
    got = {}
    for line in open(sys.argv[2]):
        rec = json.loads(line)
        if rec.get("scope") == "matrix":
            got[rec["tensor"]] = rec
    n = bad = 0
    worst = {}
    for line in open(sys.argv[1]):
        want = json.loads(line)
        rec = got.pop(want.pop("tensor"), {})
        for key, v in want.items():
            n += 1
            if v is None:
                ok = not key.startswith("angle") or rec.get("angle_error", 0) > 1e-6
            else:
                ok = key in rec and near(key, v, rec[key], rec)
                if ok and v:
                    worst[key] = max(worst.get(key, 0), abs(rec[key] - v) / (1 if key.startswith("angle") else abs(v)))
            if not ok:
                bad += 1
                if bad < 20:
                    print("differs:", rec.get("tensor"), key, "found", rec.get(key), "expected", v,
                          rec.get("angle_error"), rec.get("nss_error"))
    print("largest differences:", {k: float("%.1e" % v) for k, v in worst.items()}, file=sys.stderr)
    print("%d figures, %d differ, %d matrices without expectation" % (n, bad, len(got)))


if __name__ == "__main__":
    main()
