"""Weights and gradients that scripts and unit tests make alike, and their hash.

tests/unit/torch_values.h has the same in C.
"""
import numpy as np
import torch

M64 = (1 << 64) - 1
FNV = 0xCBF29CE484222325


def words(seed, n):
    """splitmix64 of seed, seed + 1, ..."""
    x = (np.arange(n, dtype=np.uint64) + np.uint64(seed & M64))
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def values(seed, n, hard):
    """Random: near normal, about 1. Hard: exponents from 2^-140 to 2^100,
    zeros of both signs."""
    w = words(seed, n)
    s = np.zeros(n, np.int64)
    for k in range(4):
        s += ((w >> np.uint64(16 * k)) & np.uint64(0xFFFF)).astype(np.int64)
    x = (s - 131070).astype(np.float64)
    e = np.full(n, -16)
    if hard:
        h = words(seed ^ 0x5555, n)
        e = (h & np.uint64(63)).astype(np.int64) - 60
        kind = (h >> np.uint64(8)) & np.uint64(31)
        e = np.where(kind == 0, 84, np.where(kind == 1, -156, e))
        x = np.where(kind >= 28, np.where(x < 0, -0.0, 0.0), x)
    with np.errstate(under="ignore"):
        return torch.from_numpy(np.ldexp(x, e).astype(np.float32))


def fnv(h, t):
    b = t.contiguous().view(torch.int32 if t.dtype == torch.float32
                            else torch.int16).numpy().astype("<u4")
    for v in b.tolist():
        h = ((h ^ v) * 0x100000001B3) & M64
    return h


def ieee_roots():
    """torch.sqrt of fp32 tensors goes to MKL, whose root is not IEEE's on every
    processor. From here on it is made in double and rounded: IEEE's."""
    root = torch.Tensor.sqrt

    def ieee(x):
        return root(x.double()).float() if x.dtype == torch.float32 else root(x)

    torch.Tensor.sqrt = ieee
    torch._foreach_sqrt = lambda v: [ieee(x) for x in v]
