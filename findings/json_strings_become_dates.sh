#!/bin/bash
# json_strings_become_dates - string answers that come back as dates
#
# pyarrow 26.0.1 (pyarrow.json, under Hugging Face datasets' "json" loader) and
# duckdb 2.0.1 (read_json), JSON lines.
# Guess: a JSON string stays a string; only CSV readers guess types.
# Found: where every string of a column has the form of an ISO date, both give
# dates (timestamps), in the order year, month, day. With one row of another
# form the column is text again, so what type the answers have depends on which rows are in the
# file; written as text again the answer has another form ("2009-05-09
# 00:00:00"). polars 2.1.0 keeps the strings.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$t"
printf '%s\n' '{"answer": "2009-05-09"}' '{"answer": "2010-01-31"}' >dates.jsonl
printf '%s\n' '{"answer": "2009-05-09"}' '{"answer": "Monday"}' >words.jsonl
v/bin/python - <<'P'
import duckdb
import polars
import pyarrow.json

def texts(values):
    return [str(v) for v in values]

found = {}
for name in "dates", "words":
    path = name + ".jsonl"
    found[name] = {
        "pyarrow": texts(pyarrow.json.read_json(path)["answer"].to_pylist()),
        "pyarrow type": str(pyarrow.json.read_json(path).schema.field("answer").type),
        "duckdb type": duckdb.sql(f"select typeof(answer) from '{path}'").fetchall()[0][0],
        "polars": texts(polars.read_ndjson(path)["answer"].to_list()),
    }
    print(name, found[name])
assert found == {
    "dates": {"pyarrow": ["2009-05-09 00:00:00", "2010-01-31 00:00:00"], "pyarrow type": "timestamp[s]",
              "duckdb type": "DATE", "polars": ["2009-05-09", "2010-01-31"]},
    "words": {"pyarrow": ["2009-05-09", "Monday"], "pyarrow type": "string",
              "duckdb type": "VARCHAR", "polars": ["2009-05-09", "Monday"]},
}, "one of them behaves otherwise now"
P
