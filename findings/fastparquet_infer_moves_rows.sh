#!/bin/bash
# fastparquet_infer_moves_rows - a Parquet file whose answers move down a row
#
# fastparquet 2026.9.0 writing with has_nulls="infer" (a documented value),
# pyarrow 26.0.1 and duckdb 2.0.1 reading; PyPI.
# Guess: "infer" makes text columns optional, as has_nulls=True does, or at
# worst a reader refuses the file.
# Found: the schema calls a text column required (no definition levels), its
# pages have levels all the same. pyarrow and DuckDB take the levels for the
# first text and give every row the text of the row before, without an error;
# the last text is lost. fastparquet reads it back right, so a round trip shows nothing.
# Where the problems' column has another type, or was written otherwise, each
# problem has the answer of the one before it. A reader sees it by the bytes left over in the page.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q fastparquet==2026.9.0 pyarrow==26.0.1 duckdb==2.0.1
cd "$t"
v/bin/python - <<'P'
import duckdb
import fastparquet
import pandas
import pyarrow.parquet

rows = pandas.DataFrame({"problem": [1, 2, 3], "answer": ["1/2", "7", "x"]})
for nulls in True, "infer":
    fastparquet.write("f.parquet", rows, write_index=False, has_nulls=nulls)
    found = {
        "fastparquet": list(fastparquet.ParquetFile("f.parquet").to_pandas()["answer"]),
        "pyarrow": pyarrow.parquet.read_table("f.parquet")["answer"].to_pylist(),
        "duckdb": [r[0] for r in duckdb.sql("select answer from 'f.parquet'").fetchall()],
    }
    print(f"has_nulls={nulls}: {found}")
    moved = ["\x06\x01", "1/2", "7"]
    right = list(rows["answer"])
    assert found == {"fastparquet": right, "pyarrow": moved if nulls == "infer" else right,
                     "duckdb": moved if nulls == "infer" else right}, "one of them behaves otherwise now"
P
