# dapo - `--extract dapo` and verl's rule give the same verdict and the same
# answer on 2,000 random responses (tests/golden/verify/dapo_make.py)
set -u
if ! "$BIN/reward" --json --quiet --extract dapo \
    tests/golden/verify/dapo.jsonl.gz >"$T/out"; then
    echo "not ok dapo_parity: reward failed"
    exit 0
fi
python3 - "$T/out" <<'P'
import json
import sys

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
bad = [r for r in rows if r["correct"] != r["want"] or
       r.get("extracted_answer", "[INVALID]") != r["want_pred"]]
if len(rows) == 2000 and not bad:
    print("ok dapo_parity")
else:
    print("not ok dapo_parity: %d of %d differ, first %s" % (
        len(bad), len(rows), json.dumps(bad[:1])))
P
