#!/usr/bin/env python3
"""make_streams - write small.msgpack and small.msgpack.zst with the msgpack and
zstandard modules of PyPI: a stream made without any code of this project

The checksum is XXH64, written out below after its specification.
"""
import os, struct
import msgpack, zstandard

M = 2**64 - 1
P1, P2, P3, P4, P5 = (11400714785074694791, 14029467366897019727,
                      1609587929392839161, 9650029242287828579,
                      2870177450012600261)


def rot(x, r):
    return ((x << r) | (x >> (64 - r))) & M


def rnd(acc, lane):
    return rot((acc + lane * P2) & M, 31) * P1 & M


def xxh64(data):
    n, i = len(data), 0
    if n >= 32:
        v = [(P1 + P2) & M, P2, 0, -P1 & M]
        while i + 32 <= n:
            for k in range(4):
                lane = struct.unpack_from("<Q", data, i + 8 * k)[0]
                v[k] = rnd(v[k], lane)
            i += 32
        h = (rot(v[0], 1) + rot(v[1], 7) + rot(v[2], 12) + rot(v[3], 18)) & M
        for x in v:
            h = ((h ^ rnd(0, x)) * P1 + P4) & M
    else:
        h = P5
    h = (h + n) & M
    while i + 8 <= n:
        h ^= rnd(0, struct.unpack_from("<Q", data, i)[0])
        h = (rot(h, 27) * P1 + P4) & M
        i += 8
    if i + 4 <= n:
        h ^= struct.unpack_from("<I", data, i)[0] * P1 & M
        h = (rot(h, 23) * P2 + P3) & M
        i += 4
    while i < n:
        h ^= data[i] * P5 & M
        h = rot(h, 11) * P1 & M
        i += 1
    h = (h ^ h >> 33) * P2 & M
    h = (h ^ h >> 29) * P3 & M
    return h ^ h >> 32


here = os.path.dirname(os.path.abspath(__file__))
pack = msgpack.Packer(use_single_float=True).pack
body = pack({"rlvr": 1, "kind": "rollouts", "made_by": [
    {"tool": "make_streams", "seed": "7"}, {"tool": "again"}]})
for i in range(3):
    body += pack({"id": "t/%d" % i, "prompt": "What is 1+%d?\nSay it." % i,
                  "seed": 2**64 - 1 - i, "correct": i != 1,
                  "response_tokens": list(range(20 * i)),
                  "logprobs": {"base": [-0.1 * k for k in range(20 * i)]},
                  "note": None if i else "caf\u00e9 \u8ba1"})
end = msgpack.packb({"end": 1, "records": 3, "checksum": xxh64(body)})
with open(os.path.join(here, "small.msgpack"), "wb") as f:
    f.write(body + end)
with open(os.path.join(here, "small.msgpack.zst"), "wb") as f:
    f.write(zstandard.ZstdCompressor(write_checksum=True).compress(body + end))
