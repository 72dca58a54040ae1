#!/usr/bin/env python3
"""read_stream - a record stream in Python, by two modules of PyPI

    read_stream.py FILE     a line per record: its fields, floats as hex
"""
import sys
import msgpack
import zstandard


def stream(path):
    """The header, the records and the end of one stream."""
    with open(path, "rb") as f:
        packed = f.read(4) == b"\x28\xb5\x2f\xfd"
    with (zstandard.open if packed else open)(path, "rb") as f:
        yield from msgpack.Unpacker(f)


def exact(x):
    if isinstance(x, float):
        return x.hex()
    if isinstance(x, list):
        return [exact(v) for v in x]
    if isinstance(x, dict):
        return {k: exact(v) for k, v in x.items()}
    return x


header, *records, end = stream(sys.argv[1])
assert header["rlvr"] == 1 and end["records"] == len(records)
for r in records:
    print(exact(r))
