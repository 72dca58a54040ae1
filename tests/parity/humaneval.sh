# humaneval - all 164 canonical solutions pass, as completions and as fenced
# functions, and in other dresses (each dress for some of them; make check-long
# tries all); with the body replaced by `pass` each fails
set -u
name=humaneval
set_file=${SHARED:-}/datasets/real/humaneval.jsonl
if [ -z "${SHARED:-}" ] || [ ! -f "$set_file" ]; then
    echo "skip $name: no ../shared/datasets/real/humaneval.jsonl"
    exit 0
fi
if ! command -v bwrap >/dev/null || [ -n "${ULP_NO_SANDBOX:-}" ]; then
    echo "skip $name: no bubblewrap, or no user namespaces here"
    exit 0
fi

# The solution is the last field of each row and becomes the response.
sed 's/"canonical_solution": /"response": /' "$set_file" >"$T/completion"
sed 's/"canonical_solution": .*/"response": "    pass\\n"}/' "$set_file" \
    >"$T/pass"
# prompt + solution in a fence, and what a model adds after its function
sed -E 's/("prompt": ")(([^"\\]|\\.)*)(".*)"canonical_solution": "/\1\2\4"response": "Here it is:\\n```python\\n\2/
        s/"\}$/\\nprint(1)\\n```\\nIt is right.\\n"}/' "$set_file" >"$T/fenced"

# count FORM FIELD VALUE: records of the judged FORM in which FIELD is VALUE
count() { grep -c "\"$2\": \?$3[,}]" "$T/$1.out"; }

for form in completion fenced pass; do
    want=true
    [ $form = pass ] && want=false
    if ! "$BIN/reward" --quiet --json <"$T/$form" >"$T/$form.out" \
        2>"$T/$form.err"; then
        echo "not ok ${name}_$form: $(head -n 1 "$T/$form.err")"
        continue
    fi
    n=$(count $form correct $want)
    s=$(count $form verify_status '"ok"')
    if [ "$n" = 164 ] && [ "$s" = 164 ]; then
        echo "ok ${name}_$form"
    else
        echo "not ok ${name}_$form: $n of 164 correct=$want, $s of status ok"
    fi
done

python3 tests/parity/humaneval_dress.py "$set_file" "${DRESSES:-24}" >"$T/dressed"
"$BIN/reward" --quiet --json <"$T/dressed" >"$T/dressed.out"
python3 - "$T/dressed.out" <<'P'
import json
import sys

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
bad = [r["id"] + ": " + r["verify_rule"] for r in rows
       if r["correct"] != r["want"] or r["verify_status"] != "ok"]
print("ok humaneval_dressed" if rows and not bad else
      "not ok humaneval_dressed: %d of %d, %s" % (len(bad), len(rows), bad[:3]))
print("note humaneval_dressed: %d records" % len(rows))
P
