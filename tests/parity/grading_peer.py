"""grading_peer.py - reward and math-verify (PyPI) on the same grading cases

    grading_peer.py REWARD CASES

Each judges all undisputed cases; prints the seconds that each took, the
ratio, and how many it has right, false accepts and false rejects apart.
Loading (imports, start of the process) is left out for math-verify and
counted for reward.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

from math_verify import parse, verify


def figures(cases, got):
    right = sum(got[c["id"]] == c["equal"] for c in cases)
    accepts = sum(got[c["id"]] and not c["equal"] for c in cases)
    return f"{right} right of {len(cases)}, {accepts} false accepts, " \
           f"{len(cases) - right - accepts} false rejects"


def peer(cases):
    got = {}
    began = time.perf_counter()
    for c in cases:
        try:
            got[c["id"]] = bool(verify(parse(c["gold"]), parse(c["pred"])))
        except Exception:
            got[c["id"]] = False
    return time.perf_counter() - began, got


def ours(reward, cases_path, cases):
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as d:
        listed = subprocess.run(
            [sys.executable, f"{here}/grading.py", "map", cases_path, d],
            capture_output=True, text=True, check=True).stdout.split("\n")
        seconds, got = 0.0, {}
        for line in filter(None, listed):
            path, *flags = line.split(" ")
            began = time.perf_counter()
            out = subprocess.run([reward, "--json", *flags, path],
                                 capture_output=True, text=True, check=True)
            seconds += time.perf_counter() - began
            for row in map(json.loads, out.stdout.splitlines()):
                got[row["id"]] = row["correct"]
    return seconds, got


def main():
    reward, path = sys.argv[1:3]
    with open(path, encoding="utf-8") as f:
        cases = [json.loads(line) for line in f]
    cases = [c for c in cases if not c.get("disputed")]
    parse("$1$")
    t_peer, g_peer = peer(cases)
    t_ours, g_ours = ours(reward, path, cases)
    print(f"math-verify {t_peer:8.3f} s  {figures(cases, g_peer)}")
    print(f"reward      {t_ours:8.3f} s  {figures(cases, g_ours)}")
    print(f"ratio       {t_peer / t_ours:8.1f}")


main()
