#!/bin/bash
# polars_drops_late_fields - a field that first appears in row 101 is lost
#
# polars 2.1.0 (PyPI), read_ndjson and scan_ndjson with their defaults.
# Guess: a file whose later rows do not fit what was inferred is refused, as
# it is when a number becomes a string; or the field is null before.
# Found: columns are inferred from the first 100 rows. A field that is first
# seen later is dropped from every row without a word, while a field whose type
# changes later is an error. Sets put together from several sources (DAPO rows
# first, then MATH rows with a `solution`) lose the second one's fields.
# infer_schema_length=None keeps them.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q polars==2.1.0
cd "$t"
for i in $(seq 100); do echo "{\"problem\": \"p$i\", \"answer\": \"$i\"}"; done >rows.jsonl
for i in $(seq 100); do echo "{\"answer\": $i}"; done >changed.jsonl
echo '{"answer": "1/2"}' >>changed.jsonl
echo '{"problem": "p101", "solution": "\\boxed{101}"}' >>rows.jsonl
v/bin/python - <<'P'
import polars

def last(frame):
    return frame.row(-1, named=True)

def refused(path):
    try:
        polars.read_ndjson(path)
    except polars.exceptions.PolarsError as e:
        return str(e)
    return None

found = {
    "read_ndjson": last(polars.read_ndjson("rows.jsonl")),
    "scan_ndjson": last(polars.scan_ndjson("rows.jsonl").collect()),
    "infer_schema_length=None": last(polars.read_ndjson("rows.jsonl", infer_schema_length=None)),
    "a type that changes": refused("changed.jsonl"),
}
for what, value in found.items():
    print(f"{what}: {value}")
assert found == {
    "read_ndjson": {"problem": "p101", "answer": None},
    "scan_ndjson": {"problem": "p101", "answer": None},
    "infer_schema_length=None": {"problem": "p101", "answer": None, "solution": "\\boxed{101}"},
    "a type that changes": "cannot parse '1/2' (string) as Int64",
}, "polars behaves otherwise now"
P
