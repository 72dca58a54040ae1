#!/usr/bin/env python3
"""pairs - two checkpoints of 200 matrices of every kind, for spectrum

  pairs.py DIR      writes DIR/base and DIR/run (model.safetensors)

Only uniform random numbers, products and roundings: the same bytes anywhere.
The kinds, in turn: square, wide, tall, low rank, equal singular values, one
column, one row, zero, values of many sizes, and no update.
"""
import json
import os
import random
import struct
import sys

KINDS = ("square wide tall low equal column row zero graded same").split()
PARTS = "self_attn.q self_attn.k self_attn.v self_attn.o mlp.gate mlp.up mlp.down".split()


def shape(rng, kind):
    a, b = rng.randrange(2, 13), rng.randrange(13, 30)
    return {"square": (a + 5, a + 5), "wide": (a, b), "tall": (b, a), "low": (a + 4, b), "equal": (8, 8 + a % 3),
            "column": (b, 1), "row": (1, b), "zero": (a, a + 1), "graded": (a, a + 3), "same": (a, a)}[kind]


def uniform(rng, rows, cols, size):
    return [[size * (2 * rng.random() - 1) for _ in range(cols)] for _ in range(rows)]


def low(rng, rows, cols, rank):
    """Whole numbers, so that every type holds the product and its rank."""
    u = [[rng.randrange(-3, 4) for _ in range(rank)] for _ in range(rows)]
    v = [[rng.randrange(-2, 3) for _ in range(cols)] for _ in range(rank)]
    return [[sum(x * v[k][j] for k, x in enumerate(row)) for j in range(cols)] for row in u]


def pair(rng, kind, i):
    rows, cols = shape(rng, kind)
    if kind == "low":
        rank = 1 + i // 10 % 3
        return low(rng, rows, cols, rank), low(rng, rows, cols, 1 + i // 30 % 4)
    if kind == "equal":  # signed permutation: all values 1, and then one other
        order = list(range(rows))
        rng.shuffle(order)
        base = [[rng.choice((-1, 1)) if order[r] == c else 0 for c in range(cols)] for r in range(rows)]
        run = [[2 * x if r == i % rows else x for x in row] for r, row in enumerate(base)]
        return base, run
    if kind == "zero":
        base = uniform(rng, rows, cols, 0)
        return base, base if i // 10 % 2 else uniform(rng, rows, cols, 1)
    base = uniform(rng, rows, cols, 1)
    if kind == "graded":
        base = [[x * 0.25 ** r for x in row] for r, row in enumerate(base)]
    if kind == "same":
        return base, base
    step = (1e-1, 1e-2, 1e-3, 1e-5)[i // 10 % 4]
    return base, [[x + step * (2 * rng.random() - 1) * (abs(x) if kind == "graded" else 1) for x in row]
                  for row in base]


def encode(rows, dtype):
    values = [float(x) for row in rows for x in row]
    if dtype == "F16":
        return struct.pack("<%de" % len(values), *values)
    data = struct.pack("<%df" % len(values), *values)
    if dtype == "F32":
        return data
    words = struct.unpack("<%dI" % len(values), data)
    return struct.pack("<%dH" % len(words), *((w + 0x7FFF + (w >> 16 & 1)) >> 16 for w in words))


def name(i):
    if i == 198:
        return "model.embed_tokens.weight"
    return "lm_head.weight" if i == 199 else "model.layers.%d.%s_proj.weight" % (i // 7, PARTS[i % 7])


def write(path, tensors):
    header, at = {}, 0
    for key, rows, dtype in tensors:
        n = len(rows) * len(rows[0]) * (4 if dtype == "F32" else 2)
        header[key] = {"dtype": dtype, "shape": [len(rows), len(rows[0])], "data_offsets": [at, at + n]}
        at += n
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    os.makedirs(path, exist_ok=True)
    with open(path + "/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head)
        for _, rows, dtype in tensors:
            f.write(encode(rows, dtype))


def main():
    rng = random.Random(21)
    base, run = [], []
    for i in range(200):
        a, b = pair(rng, KINDS[i % 10], i)
        dtype = ("F32", "BF16", "F32", "F16")[i // 10 % 4]
        base.append((name(i), a, dtype))
        run.append((name(i), b, dtype))
    write(sys.argv[1] + "/base", base)
    write(sys.argv[1] + "/run", run)


if __name__ == "__main__":
    main()
