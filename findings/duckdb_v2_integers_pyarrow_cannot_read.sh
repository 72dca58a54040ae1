#!/bin/bash
# duckdb_v2_integers_pyarrow_cannot_read - Parquet of DuckDB that pyarrow refuses
#
# duckdb 2.0.1 writing (COPY ... PARQUET_VERSION v2), pyarrow 26.0.1 reading; PyPI.
# Guess: a file of one is read by the other; at most a codec is missing.
# Found: v2 stores integers as DELTA_BINARY_PACKED. Where two neighbours in a
# 32-bit column lie 2^31 or more apart, pyarrow refuses the file: "delta bit
# width larger than integer bit width", or "InitBlock EOF". So it depends on the values: seeds and
# hashes of 32 bits cannot be read, indices can, and 64-bit columns always.
# DuckDB itself and polars 2.1.0 read them all. A reader that takes the
# differences modulo 2^64 and cuts the sum to 32 bits reads them too.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$t"
v/bin/python - <<'P'
import duckdb
import polars
import pyarrow.parquet

CASES = {"index": ([0, 1, 2, 919], "int"), "just below": ([-2**30, 2**30 - 1], "int"),
         "2^31 apart": ([-2**30, 2**30], "int"), "seeds": ([-2**31, 2**31 - 1, 0, 5], "int"),
         "unsigned": ([0, 2**32 - 1], "uinteger"), "64 bits": ([-2**63, 2**63 - 1], "bigint")}
READ = {"index": True, "just below": True, "2^31 apart": False, "seeds": False, "unsigned": False, "64 bits": True}

def pyarrow_reads(values):
    try:
        return pyarrow.parquet.read_table("f.parquet")["i"].to_pylist() == values
    except OSError as e:
        print("   ", e)
        return False

found = {}
for name, (values, kind) in CASES.items():
    duckdb.sql(f"copy (select unnest({values})::{kind} i) to 'f.parquet' (format parquet, parquet_version v2)")
    assert polars.read_parquet("f.parquet")["i"].to_list() == values
    assert [r[0] for r in duckdb.sql("from 'f.parquet'").fetchall()] == values
    found[name] = pyarrow_reads(values)
    print(f"{name}: pyarrow {'reads it' if found[name] else 'does not'}")
assert found == READ, "one of them behaves otherwise now"
P
