"""Parquet files of four writers, and of none, with their rows as JSON lines.

    python make_parquet.py [DIR]

Needs pyarrow 26, duckdb 2, polars 2, fastparquet 2026.9 and pandas. What a row is comes
from pyarrow's reader, whoever wrote the file. list.tsv says which file of rows
belongs to which NAME.parquet; refused/NAME.parquet has none.
"""
import datetime
import decimal
import json
import math
import os
import struct
import sys

import duckdb
import fastparquet
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

os.chdir(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
os.makedirs("refused", exist_ok=True)


def quote(s):
    return json.dumps(s, ensure_ascii=False)


# ---- what a row is -----------------------------------------------------------

def text(value, kind):
    """A value of pyarrow's as JSON text, by its type."""
    if value is None or pyarrow.types.is_null(kind):
        return "null"
    if pyarrow.types.is_struct(kind):
        return "{" + ",".join(quote(f.name) + ":" + text(value[f.name], f.type) for f in kind) + "}"
    if pyarrow.types.is_map(kind):
        return "{" + ",".join(quote(k) + ":" + text(v, kind.item_type) for k, v in value) + "}"
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        return "[" + ",".join(text(v, kind.value_type) for v in value) + "]"
    if pyarrow.types.is_dictionary(kind):
        return text(value, kind.value_type)
    if pyarrow.types.is_decimal(kind):
        return format(value, "f")
    if pyarrow.types.is_floating(kind):
        if not math.isfinite(value):
            return "null"
        short = str(numpy.float32(value)) if kind == pyarrow.float32() else repr(value)
        return f"{value:.1f}" if value == math.floor(value) and abs(value) < 1e16 else short
    if isinstance(value, bytes):
        value = value.decode()
    return quote(value)


seen = {}  # rows to the name of their file
listed = []


def keep(name, rows):
    if rows not in seen:
        seen[rows] = name
        with open(name + ".jsonl", "w", encoding="utf-8") as f:
            f.write(rows)
    listed.append((name, seen[rows], rows.count("\n")))


def expect(name):
    table = pq.read_table(name + ".parquet")
    keep(name, "".join(
        "{" + ",".join(quote(c.name) + ":" + text(row[c.name], c.type) for c in table.schema) + "}\n"
        for row in table.to_pylist(maps_as_pydicts=None)))


def expect_json(name, columns):
    """Columns that are marked as JSON stand in a row as they are stored."""
    keep(name, "".join(
        "{" + ",".join(quote(k) + ":" + (v.decode() if isinstance(v, bytes) else v if k in columns else quote(v))
                       for k, v in row.items()) + "}\n" for row in pq.read_table(name + ".parquet").to_pylist()))


# ---- tables -------------------------------------------------------------------

HEAD = ("Solve the following math problem step by step. The last line of your response should be of the form Answer: "
        "$Answer (without quotes) where $Answer is the answer to the problem.\n\n")
TAIL = '\n\nRemember to put your answer on its own line after "Answer:".'
PROBLEMS = [("Find $x$ with $2x=%d$." % (2 * i), str(i)) for i in range(12)] + [
    ("在三角形 $ABC$ 中，求 $\\angle A$。", "60"), ("Ünïcode “quotes” \\frac{1}{2}\ttab", "-1"), ("Émile has 😀 apples.", "3")]


def dapo(n=30):
    """The schema and the row form of DAPO-Math-17k."""
    schema = pyarrow.schema([
        ("data_source", pyarrow.string()),
        ("prompt", pyarrow.list_(pyarrow.struct([("content", pyarrow.string()), ("role", pyarrow.string())]))),
        ("ability", pyarrow.string()),
        ("reward_model", pyarrow.struct([("ground_truth", pyarrow.string()), ("style", pyarrow.string())])),
        ("extra_info", pyarrow.struct([("index", pyarrow.string())]))])
    rows = []
    for i in range(n):
        problem, answer = PROBLEMS[i % len(PROBLEMS)]
        rows.append({"data_source": "math_dapo",
                     "prompt": [{"content": HEAD + problem + TAIL, "role": "user"}], "ability": "MATH",
                     "reward_model": {"ground_truth": answer, "style": "rule-lighteval/MATH_v2"},
                     "extra_info": {"index": "9a9b6eb4-a1cb-49d1-8c1e-62eaf2f7%04d" % i}})
    return pyarrow.Table.from_pylist(rows, schema=schema)


def nested():
    """Lists and structs, absent at every level."""
    inner = pyarrow.struct([("a", pyarrow.int64()), ("b", pyarrow.list_(pyarrow.string()))])
    schema = pyarrow.schema([
        pyarrow.field("id", pyarrow.int32(), nullable=False),
        ("lists", pyarrow.list_(pyarrow.list_(pyarrow.int16()))),
        ("structs", pyarrow.list_(inner)),
        ("deep", pyarrow.struct([("x", pyarrow.struct([("y", pyarrow.list_(inner)), ("z", pyarrow.float64())]))])),
        ("map", pyarrow.map_(pyarrow.string(), pyarrow.list_(pyarrow.int8()))),
        pyarrow.field("solid", pyarrow.list_(pyarrow.field("element", pyarrow.int8(), nullable=False)), nullable=False),
        ("nothing", pyarrow.null())])
    structs = [None, [], [None], [{"a": None, "b": None}], [{"a": 1, "b": []}, {"a": 2, "b": ["x", None, ""]}, None],
               [{"a": 3, "b": [None]}], [{"a": None, "b": ["p", "q"]}, {"a": 5, "b": None}]]
    lists = [None, [], [None], [[]], [[None], [1, 2, None], [], None], [[3]], [[], [], [4, 5]]]
    deep = [None, {"x": None}] + [{"x": {"y": s, "z": None if s is None else 0.5}} for s in structs[:5]]
    maps = [None, [], [("k", None)], [("k", []), ("l", [1, None, 2])], [("", [3])], [("ü", [4, 5]), ("v", None)], []]
    return pyarrow.Table.from_pylist(
        [{"id": i, "lists": lists[i % 7], "structs": structs[i % 7], "deep": deep[(i * 3) % 7], "map": maps[(i * 2) % 7],
          "solid": list(range(i % 4)), "nothing": None} for i in range(35)], schema=schema)


def numbers(n=100):
    d = decimal.Decimal
    cols = {
        "i8": ([-128, 127, 0, None], pyarrow.int8()), "i16": ([-32768, 32767, None], pyarrow.int16()),
        "i32": ([-2**31, 2**31 - 1, 0, 5, None], pyarrow.int32()),
        "i64": ([-2**63, 2**63 - 1, 9007199254740993, 0, None], pyarrow.int64()),
        "u8": ([0, 255], pyarrow.uint8()), "u16": ([65535, None], pyarrow.uint16()),
        "u32": ([2**32 - 1, 0], pyarrow.uint32()), "u64": ([2**64 - 1, 2**63, 0, None], pyarrow.uint64()),
        "f32": ([0.1, 27.0, -1e-7, 3.4e38, 1e6, None, math.nan, math.inf], pyarrow.float32()),
        "f64": ([0.1, 27.0, 1e15, 1e16, 2.2250738585072014e-308, -2.5, 1 / 3, None, -math.inf, 0.30000000000000004], pyarrow.float64()),
        "bool": ([True, False, False, None], pyarrow.bool_()),
        "d9": ([d("27.00"), d("-0.05"), d("9999999.99"), None], pyarrow.decimal128(9, 2)),
        "d18": ([d("0.000000001"), d("-999999999.999999999")], pyarrow.decimal128(18, 9)),
        "d38": ([d("12345678901234567890123456789012345678"), d(-1), None], pyarrow.decimal128(38, 0)),
        "d76": ([d("1." + "2" * 50), d("-3." + "0" * 49 + "1")], pyarrow.decimal256(76, 50)),
        "word": (["", "a", "b" * 300, None, "a"], pyarrow.string()),
        "big": (["x\"y\\z\n", "\u0001\u2028"], pyarrow.large_string()),
        "kind": (["red", "green", None], pyarrow.dictionary(pyarrow.int8(), pyarrow.string())),
        "run": ([7] * 40 + [None] * 30 + [8] * 30, pyarrow.int64()), "step": (list(range(1000, 1100)), pyarrow.int64())}
    return pyarrow.table({k: pyarrow.array([(v * n)[:n]][0], t) for k, (v, t) in cols.items()})


def strings(n=60):
    """Long common beginnings, for the DELTA encodings."""
    return pyarrow.table({"question": ["What is the value of %d + %d?" % (i, i * i) for i in range(n)],
                          "answer": ["%d+%d=<<%d>>\n#### %s" % (i, i * i, i + i * i, i + i * i) if i % 9 else None for i in range(n)],
                          "n": pyarrow.array([i * 7919 % 1000 - 500 for i in range(n)], pyarrow.int32())})


# ---- pyarrow -------------------------------------------------------------------

def arrow(name, table, **options):
    pq.write_table(table, name + ".parquet", **options)
    expect(name)


arrow("arrow_dapo", dapo(), compression="snappy")
arrow("arrow_dapo_v2", dapo(), compression="zstd", data_page_version="2.0", use_dictionary=False, row_group_size=7)
arrow("arrow_dapo_pages", dapo(), compression="gzip", data_page_size=200, write_batch_size=3, dictionary_pagesize_limit=400)
arrow("arrow_nested", nested(), compression="none", write_page_checksum=True)
arrow("arrow_nested_v2", nested(), data_page_version="2.0", data_page_size=64, write_batch_size=4, row_group_size=20,
      use_compliant_nested_type=False)
arrow("arrow_numbers", numbers())
arrow("arrow_numbers_plain", numbers(), use_dictionary=False, compression="gzip", data_page_version="2.0",
      store_decimal_as_integer=True, data_page_size=256, write_batch_size=16)
arrow("arrow_encodings", numbers().select(["i8", "i32", "i64", "u64", "f32", "f64", "bool", "word", "big", "step", "run", "d18"]),
      use_dictionary=False, data_page_version="2.0", compression="zstd", write_page_checksum=True,
      column_encoding={"i8": "DELTA_BINARY_PACKED", "i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED",
                       "u64": "BYTE_STREAM_SPLIT", "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "bool": "RLE",
                       "word": "DELTA_BYTE_ARRAY", "big": "DELTA_LENGTH_BYTE_ARRAY", "step": "DELTA_BINARY_PACKED",
                       "run": "DELTA_BINARY_PACKED", "d18": "DELTA_BYTE_ARRAY"})
arrow("arrow_delta", strings(), use_dictionary=False, compression="none",
      column_encoding={"question": "DELTA_BYTE_ARRAY", "answer": "DELTA_LENGTH_BYTE_ARRAY", "n": "DELTA_BINARY_PACKED"})
arrow("arrow_empty", dapo(0))
arrow("arrow_nulls", pyarrow.table({"a": pyarrow.array([None] * 50, pyarrow.string()), "b": pyarrow.array([None] * 50, pyarrow.int64())}),
      data_page_version="2.0")
arrow("arrow_math500", pyarrow.table({
    "problem": [p for p, _ in PROBLEMS], "solution": ["So $\\boxed{%s}$." % a for _, a in PROBLEMS],
    "answer": [a for _, a in PROBLEMS], "subject": ["Algebra"] * 15, "level": pyarrow.array(range(15), pyarrow.int64()),
    "unique_id": ["test/algebra/%d.json" % i for i in range(15)]}))
arrow("arrow_aime", pyarrow.table({
    "id": pyarrow.array(range(60, 75), pyarrow.int64()), "problem": [p for p, _ in PROBLEMS], "solution": ["s"] * 15,
    "answer": [a for _, a in PROBLEMS], "url": ["https://example.org"] * 15, "year": ["2024"] * 15}))
arrow("arrow_aime_names", pyarrow.table({
    "ID": ["2024-I-%d" % i for i in range(15)], "Problem": [p for p, _ in PROBLEMS], "Solution": ["s"] * 15,
    "Answer": pyarrow.array([int(a) for _, a in PROBLEMS], pyarrow.int64())}))
arrow("arrow_amc", pyarrow.table({
    "id": pyarrow.array(range(15), pyarrow.int64()), "question": [p for p, _ in PROBLEMS],
    "answer": pyarrow.array([float(a) for _, a in PROBLEMS], pyarrow.float64())}))
arrow("arrow_mmlu", pyarrow.table({
    "question": ["Which of these is %d?" % (i // 2) for i in range(16)], "subject": ["college_physics"] * 16,
    "choices": [[str(i + k) for k in range(4)] for i in range(16)],
    "answer": pyarrow.array([i % 4 for i in range(16)], pyarrow.int64())}))
arrow("arrow_humaneval", pyarrow.table({
    "task_id": ["HumanEval/0"], "prompt": ["def f():\n"], "canonical_solution": ["    return 1\n"],
    "test": ["def check(c):\n    assert c() == 1\n"], "entry_point": ["f"]}))

# ---- duckdb ----------------------------------------------------------------------

con = duckdb.connect()
con.sql("set threads=1")
for name, options in [("duck_dapo", ""), ("duck_dapo_v2", ", parquet_version v2, codec zstd, row_group_size 2048"),
                      ("duck_dapo_gzip", ", codec gzip"), ("duck_dapo_plain", ", codec uncompressed")]:
    con.sql(f"copy (select * from 'arrow_dapo.parquet') to '{name}.parquet' (format parquet{options})")
    expect(name)
con.sql("""copy (select i, case when i % 3 = 0 then null else i * 1.5 end dec, i::double f, (i * 7919) % 1000 h, i % 2 = 0 b,
        case when i % 4 = 0 then null when i % 4 = 1 then [] else [i, null, i + 1] end l, 'word ' || (i % 5) w,
        {'a': i, 'b': [{'c': 'x' || i}, null]} s, case when i % 5 > 0 then map(['k' || i], [i]) end m, i::utinyint u
        from range(200) t(i)) to 'duck_types.parquet' (format parquet)""")
expect("duck_types")
con.sql("""copy (select i, (i * 7919) % 1000 h, (i % 7) / 3.0 f, ('long common beginning ' || i) w, (i % 3 = 0) b
        from range(400) t(i)) to 'duck_types_v2.parquet' (format parquet, parquet_version v2, codec snappy)""")
expect("duck_types_v2")
con.sql("""copy (select '{"a": [1, 2.50]}'::json j, i from range(3) t(i)) to 'duck_json.parquet' (format parquet)""")
expect_json("duck_json", ["j"])
# what DuckDB makes of answers that are numbers in some rows and strings in others
con.sql("""copy (select * from (values ('p', '"1/2"'::json), ('q', '7'::json), ('r', '2.50'::json)) t(problem, answer))
        to 'duck_mixed.parquet' (format parquet)""")
expect_json("duck_mixed", ["answer"])

# differences of more than 32 bits, which pyarrow 26 cannot read: the rows are DuckDB's
wide = [-2**31, 2**31 - 1, 0, 5, -2**30 - 1, 2**30]
con.sql(f"""copy (select unnest({wide})::int i, unnest({[v + 2**31 for v in wide]})::uinteger u)
        to 'duck_wide.parquet' (format parquet, parquet_version v2)""")
keep("duck_wide", "".join('{"i":%d,"u":%d}\n' % row for row in con.sql("from 'duck_wide.parquet'").fetchall()))

# ---- polars --------------------------------------------------------------------------

frame = polars.from_arrow(dapo())
for name, options in [("polars_dapo", {}), ("polars_dapo_snappy", {"compression": "snappy", "row_group_size": 7}),
                      ("polars_dapo_gzip", {"compression": "gzip", "data_page_size": 300}),
                      ("polars_dapo_plain", {"compression": "uncompressed"})]:
    frame.write_parquet(name + ".parquet", **options)
    expect(name)
polars.from_arrow(nested().drop(["map", "nothing"])).write_parquet("polars_nested.parquet", data_page_size=64)
expect("polars_nested")
polars.from_arrow(numbers().drop(["d38", "d76", "kind", "d9", "d18"])).write_parquet("polars_numbers.parquet")
expect("polars_numbers")

# ---- fastparquet ------------------------------------------------------------------------

flat = pandas.DataFrame({"question": [p for p, _ in PROBLEMS] * 4, "answer": ["#### " + a for _, a in PROBLEMS] * 4,
                         "level": list(range(60)), "score": [i / 8 for i in range(60)], "odd": [i % 2 == 1 for i in range(60)]})
for name, options in [("fast_flat", {}), ("fast_snappy", {"compression": "SNAPPY", "row_group_offsets": 25}),
                      ("fast_gzip", {"compression": "GZIP"}), ("fast_zstd", {"compression": "ZSTD"})]:
    fastparquet.write(name + ".parquet", flat, write_index=False, **options)
    expect(name)
some = flat.copy()
some.loc[3::5, "answer"] = None
some["kind"] = pandas.Categorical(["red", "green", "blue"] * 20)
fastparquet.write("fast_nulls.parquet", some, write_index=False)
expect("fast_nulls")
chat = pandas.DataFrame({"prompt": [[{"role": "user", "content": p}] for p, _ in PROBLEMS],
                         "reward_model": [{"ground_truth": a, "style": "rule"} for _, a in PROBLEMS]})
fastparquet.write("fast_json.parquet", chat, write_index=False, object_encoding="json")
expect_json("fast_json", ["prompt", "reward_model"])


# ---- forms that none of them writes ----------------------------------------------------------

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint((n << 1) ^ (n >> 63))


def thrift(fields):
    """A struct: {id: value} by Python types (int: i32, ("i64", n), bytes, list, dict)."""
    out, last = b"", 0
    for i, v in sorted(fields.items()):
        kind = {bool: 2 - bool(v), int: 5, tuple: 6, bytes: 8, list: 9, dict: 12}[type(v)]
        out += bytes([(i - last) << 4 | kind])
        last = i
        out += element(v) if not isinstance(v, bool) else b""
    return out + b"\0"


def element(v):
    if isinstance(v, int):
        return zigzag(v)
    if isinstance(v, tuple):
        return zigzag(v[1])
    if isinstance(v, bytes):
        return varint(len(v)) + v
    if isinstance(v, dict):
        return thrift(v)
    kind = {int: 5, bytes: 8, dict: 12}[type(v[0])]
    return bytes([min(len(v), 15) << 4 | kind]) + (varint(len(v)) if len(v) > 14 else b"") + b"".join(map(element, v))


def levels(values, top):
    """One bit-packed run, with its length in front; or runs (value, times)."""
    width = top.bit_length()
    if values and isinstance(values[0], tuple):
        body = b"".join(varint(times << 1) + bytes([v]) for v, times in values)
        return struct.pack("<I", len(body)) + body
    if not width:
        return b""
    bits, n = 0, (len(values) + 7) // 8
    for i, v in enumerate(values):
        bits |= v << (i * width)
    body = varint(n << 1 | 1) + bits.to_bytes(n * width, "little")
    return struct.pack("<I", len(body)) + body


def by_hand(name, schema, columns, n_rows):
    """columns: (path, physical type, reps, top rep, defs, top def, PLAIN values[, number of entries])."""
    out, chunks = b"PAR1", []
    for path, kind, reps, top_rep, defs, top_def, plain, *n in columns:
        n = n[0] if n else len(defs)
        body = levels(reps, top_rep) + levels(defs, top_def) + plain
        page = thrift({1: 0, 2: len(body), 3: len(body), 5: {1: n, 2: 0, 3: 3, 4: 3}}) + body
        chunks.append({2: ("i64", len(out)), 3: {1: kind, 2: [0], 3: path, 4: 0, 5: ("i64", n), 6: ("i64", len(page)),
                                                 7: ("i64", len(page)), 9: ("i64", len(out))}})
        out += page
    footer = thrift({1: 1, 2: schema, 3: ("i64", n_rows),
                     4: [{1: chunks, 2: ("i64", len(out)), 3: ("i64", n_rows)}], 6: b"by hand"})
    with open(name + ".parquet", "wb") as f:
        f.write(out + footer + struct.pack("<I", len(footer)) + b"PAR1")


def words(*ws):
    return b"".join(struct.pack("<I", len(w)) + w for w in ws)


UTF8, LIST = 0, 3
# rows: l [a, b], [], null, [c]; the elements are the repeated fields themselves
two = ([0, 1, 0, 0, 0], 1, [2, 2, 1, 0, 2], 2)
by_hand("hand_list_of_two_levels", [
    {4: b"schema", 5: 1}, {3: 1, 4: b"l", 5: 1, 6: LIST}, {1: 6, 3: 2, 4: b"array", 6: UTF8}],
    [([b"l", b"array"], 6, *two, words(b"a", b"b", b"c"))], 4)
expect("hand_list_of_two_levels")
by_hand("hand_list_of_structs", [
    {4: b"schema", 5: 1}, {3: 1, 4: b"l", 5: 1, 6: LIST}, {3: 2, 4: b"array", 5: 1}, {1: 6, 3: 0, 4: b"content", 6: UTF8}],
    [([b"l", b"array", b"content"], 6, *two, words(b"a", b"b", b"c"))], 4)
expect("hand_list_of_structs")
by_hand("hand_list_tuple", [
    {4: b"schema", 5: 1}, {3: 1, 4: b"l", 5: 1, 6: LIST}, {3: 2, 4: b"l_tuple", 5: 1}, {1: 6, 3: 0, 4: b"s", 6: UTF8}],
    [([b"l", b"l_tuple", b"s"], 6, *two, words(b"a", b"b", b"c"))], 4)
expect("hand_list_tuple")
pair = ([0, 1, 0, 0, 0], 1, [2, 2, 1, 0, 2], 2)
by_hand("hand_list_of_pairs", [
    {4: b"schema", 5: 1}, {3: 1, 4: b"l", 5: 1, 6: LIST}, {3: 2, 4: b"bag", 5: 2}, {1: 6, 3: 0, 4: b"role", 6: UTF8},
    {1: 1, 3: 0, 4: b"n"}],
    [([b"l", b"bag", b"role"], 6, *pair, words(b"a", b"b", b"c")), ([b"l", b"bag", b"n"], 1, *pair, struct.pack("<3i", 1, 2, 3))], 4)
expect("hand_list_of_pairs")
by_hand("hand_repeated", [
    {4: b"schema", 5: 2}, {1: 1, 3: 2, 4: b"n"}, {3: 2, 4: b"g", 5: 1}, {1: 1, 3: 1, 4: b"m"}],
    [([b"n"], 1, [0, 1, 0, 0], 1, [1, 1, 0, 1], 1, struct.pack("<3i", 1, 2, 3)),
     ([b"g", b"m"], 1, [0, 0, 1, 0], 1, [0, 2, 1, 2], 2, struct.pack("<2i", 4, 5))], 3)
expect("hand_repeated")

with open("list.tsv", "w", encoding="utf-8") as f:
    for entry in listed:
        f.write("%s\t%s\t%d\n" % entry)

# ---- what is refused ---------------------------------------------------------------------------

os.chdir("refused")
small = strings(3)
pq.write_table(small, "lz4.parquet", compression="lz4")
pq.write_table(small, "brotli.parquet", compression="brotli")
pq.write_table(pyarrow.table({"when": [datetime.datetime(2024, 1, 1)]}), "timestamp.parquet")
pq.write_table(pyarrow.table({"when": [datetime.date(2024, 1, 1)]}), "date.parquet")
pq.write_table(pyarrow.table({"when": [datetime.datetime(2024, 1, 1)]}), "int96.parquet", use_deprecated_int96_timestamps=True)
pq.write_table(pyarrow.table({"half": pyarrow.array([numpy.float16(1)], pyarrow.float16())}), "float16.parquet")
pq.write_table(pyarrow.table({"raw": pyarrow.array([b"ab"], pyarrow.binary(2))}), "fixed.parquet")
pq.write_table(pyarrow.table({"m": pyarrow.array([[(1, 2)]], pyarrow.map_(pyarrow.int32(), pyarrow.int32()))}), "map_keys.parquet")
pq.write_table(pyarrow.table({"raw": pyarrow.array([b"\xff\xfe"], pyarrow.binary())}), "not_utf8.parquet")
# fastparquet then writes levels into a column that the schema says has none: read as text they come first, and all
# rows move by one, as pyarrow and DuckDB read it
fastparquet.write("moved_rows.parquet", pandas.DataFrame({"answer": ["1/2", "7", "x"]}), write_index=False, has_nulls="infer")
# a billion rows, and a billion elements of a row, in 200 bytes
n = 1 << 30
by_hand("many_rows", [{4: b"schema", 5: 1}, {1: 1, 3: 1, 4: b"i"}], [([b"i"], 1, [], 0, [(0, n)], 1, b"", n)], n)
by_hand("long_row", [{4: b"schema", 5: 1}, {3: 1, 4: b"l", 5: 1, 6: LIST}, {3: 2, 4: b"list", 5: 1}, {1: 6, 3: 1, 4: b"element", 6: UTF8}],
        [([b"l", b"list", b"element"], 6, [(0, 1), (1, n - 1)], 1, [(2, n)], 3, b"", n)], 1)
# columns that disagree about where rows and elements begin
by_hand("levels_disagree", [
    {4: b"schema", 5: 1}, {3: 1, 4: b"l", 5: 1, 6: LIST}, {3: 2, 4: b"bag", 5: 2}, {1: 6, 3: 0, 4: b"role", 6: UTF8},
    {1: 1, 3: 0, 4: b"n"}],
    [([b"l", b"bag", b"role"], 6, *pair, words(b"a", b"b", b"c")),
     ([b"l", b"bag", b"n"], 1, [0, 0, 0, 1, 0], 1, [2, 2, 1, 2, 2], 2, struct.pack("<4i", 1, 2, 3, 4))], 4)
by_hand("too_few_rows", [{4: b"schema", 5: 1}, {1: 1, 3: 0, 4: b"i"}], [([b"i"], 1, [], 0, [0, 0], 0, struct.pack("<2i", 1, 2))], 3)
by_hand("too_many_rows", [{4: b"schema", 5: 1}, {1: 1, 3: 0, 4: b"i"}], [([b"i"], 1, [], 0, [0, 0], 0, struct.pack("<2i", 1, 2))], 1)
# a text of a megabyte, 5,000 times
pq.write_table(pyarrow.table({"t": ["x" * 1000000] * 5000}), "long_file.parquet", compression="zstd")


class Kms(pe.KmsClient):
    def __init__(self, _):
        super().__init__()

    def wrap_key(self, key, name):
        return key.hex()

    def unwrap_key(self, key, name):
        return bytes.fromhex(key)


for plain_footer, name in [(True, "encrypted_column"), (False, "encrypted")]:
    config = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["question"]}, plaintext_footer=plain_footer)
    keys = pe.CryptoFactory(Kms).file_encryption_properties(pe.KmsConnectionConfig(), config)
    with pq.ParquetWriter(name + ".parquet", small.schema, encryption_properties=keys) as w:
        w.write_table(small)
