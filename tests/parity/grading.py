"""grading.py - grading cases as reward's input, and its verdicts as figures

    grading.py map CASES OUT_DIR    one JSON-lines file per set of options;
                                    prints "FILE OPTIONS" lines
    grading.py sum CASES RESULTS... figures by kind, misses one by one

A case is {id, gold, pred, equal, kind, form, opts, disputed}. form "answer":
the prediction is the answer as it stands; "output": the answer is extracted
from it first, with the last formula for a fallback.
"""
import collections
import json
import sys


def options(case):
    opts = case.get("opts") or {}
    flags = ["--lenient"]
    if case["form"] == "answer":
        flags += ["--extract", "whole"]
    if "precision" in opts:
        flags += ["--precision", str(opts["precision"])]
    if opts.get("strict") is False:
        flags += ["--lax-names"]
    if opts.get("allow_set_relation_comp") is False:
        flags += ["--no-relations"]
    return " ".join(flags)


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def do_map(cases, out):
    sets = collections.defaultdict(list)
    for c in cases:
        sets[options(c)].append(c)
    for i, (flags, group) in enumerate(sets.items()):
        path = f"{out}/set{i}.jsonl"
        with open(path, "w", encoding="utf-8") as f:
            for c in group:
                row = {"id": c["id"], "prompt": "-", "answer": c["gold"],
                       "verifier": "choice" if c["kind"] == "mcq" else "math",
                       "response": c["pred"]}
                f.write(json.dumps(row, ensure_ascii=False) + "\n")
        print(path, flags)


def do_sum(cases, paths):
    got = {}
    for p in paths:
        for r in load(p):
            got[r["id"]] = r
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    for c in cases:
        r = got.get(c["id"])
        right = r is not None and r["correct"] == c["equal"]
        row = table["disputed" if c.get("disputed") else c["kind"]]
        row[0] += 1
        row[1] += right
        row[2] += not right and not c["equal"]
        row[3] += not right and c["equal"]
        if not right:
            what = "accepts" if not c["equal"] else "rejects"
            print("miss", c["id"], c["kind"],
                  "disputed" if c.get("disputed") else "", what,
                  json.dumps(c["gold"][-80:], ensure_ascii=False),
                  json.dumps(c["pred"][-80:], ensure_ascii=False),
                  json.dumps(r and r.get("extracted_answer", "")[-60:]),
                  r and r["verify_rule"], r and r["verify_status"])
    total = [0, 0, 0, 0]
    print(f"{'kind':18} cases right false-accepts false-rejects")
    for kind in sorted(table):
        row = table[kind]
        if kind != "disputed":
            total = [a + b for a, b in zip(total, row)]
        print(f"{kind:18} {row[0]:5} {row[1]:5} {row[2]:13} {row[3]:13}")
    print(f"{'undisputed':18} {total[0]:5} {total[1]:5} {total[2]:13} "
          f"{total[3]:13}")


def main():
    cases = load(sys.argv[2])
    if sys.argv[1] == "map":
        do_map(cases, sys.argv[3])
    else:
        do_sum(cases, sys.argv[3:])


main()
