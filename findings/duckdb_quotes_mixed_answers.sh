#!/bin/bash
# duckdb_quotes_mixed_answers - answers that come out of DuckDB with quotes
#
# duckdb 2.0.1 (PyPI), read_json of a JSON-lines file in which a field is a
# number in some rows and a string in others, as answers of maths sets are.
# Guess: the column becomes text, 7 and 1/2; or the file is refused.
# Found: the column gets the type JSON, whose text is JSON source: the number is
# 7, the string is "1/2" with its quotes, also after COPY to CSV or a cast to
# VARCHAR. A gold answer taken from it never equals 1/2. With strings alone the
# quotes are not there, so a test on a few rows shows nothing. In the Parquet
# file that DuckDB writes the column is marked as JSON; a reader that takes it
# for text (pyarrow does) has the quotes too.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q duckdb==2.0.1 pyarrow==26.0.1
cd "$t"
printf '%s\n' '{"answer": "1/2"}' '{"answer": "x+1"}' >strings.jsonl
printf '%s\n' '{"answer": "1/2"}' '{"answer": 7}' >mixed.jsonl
v/bin/python - <<'P'
import duckdb
import pyarrow.parquet

def answers(sql):
    return [row[0] for row in duckdb.sql(sql).fetchall()]

duckdb.sql("copy (from 'mixed.jsonl') to 'mixed.parquet'")
found = {
    "strings alone": answers("select answer from 'strings.jsonl'"),
    "mixed": answers("select answer from 'mixed.jsonl'"),
    "mixed, as varchar": answers("select answer::varchar from 'mixed.jsonl'"),
    "mixed, type": str(duckdb.sql("select typeof(answer) from 'mixed.jsonl'").fetchall()[0][0]),
    "mixed, Parquet, read by pyarrow":
        [str(v) for v in pyarrow.parquet.read_table("mixed.parquet")["answer"].to_pylist()],
}
for what, value in found.items():
    print(f"{what}: {value}")
assert found == {
    "strings alone": ["1/2", "x+1"],
    "mixed": ['"1/2"', "7"],
    "mixed, as varchar": ['"1/2"', "7"],
    "mixed, type": "JSON",
    "mixed, Parquet, read by pyarrow": ['"1/2"', "7"],
}, "DuckDB behaves otherwise now"
P
