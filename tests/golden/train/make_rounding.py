"""rounding_steps.h: hashes of the state of a bf16 master that is compensated or
rounded stochastically.

    python make_rounding.py >rounding_steps.h

numpy, and torch 2.15.0 for its rounding to bf16. The formulas of NUMERICS
("Optimizer") in numpy's IEEE fp32 and, for the fused multiply-adds, in float64
rounded to odd first; Philox4x32-10 as its paper has it. Then the factor in
float64: AdamW of the same gradients without any rounding, and how far the
masters end from it (RMS, in units of the RMS move), with the compensation
added where there is one.
"""
import math
import numpy as np
import torch
from values import FNV, fnv, values

F = np.float32
LR, DECAY, EPS, SEED = 1e-5, 0.01, 1e-8, 3
torch.set_num_threads(1)


def fma(a, b, c):
    """a b + c of fp32, rounded once: a sum in float64, the exact product's,
    rounded to odd, then to fp32."""
    p = a.astype(np.float64) * b.astype(np.float64)
    c = c.astype(np.float64)
    s = p + c
    t = s - p
    err = (p - (s - t)) + (c - t)
    even = (s.view(np.int64) & 1) == 0
    away = np.where((err > 0) == (s > 0), 1, -1)
    odd = (s.view(np.int64) + np.where((err != 0) & even, away, 0))
    return odd.view(np.float64).astype(F)


def bf16(x):
    return torch.from_numpy(x).bfloat16()


def philox(ctr, key):
    c0, c1, c2, c3 = ctr
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, \
            (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


assert philox((0,) * 4, (0,) * 2)[0] == 0x6627E8D5  # the paper's known answer


def stochastic(x, step):
    """Up in magnitude where the upper 16 random bits and the fraction of the
    gap make a carry."""
    q = [philox((i, 1 << 31, step, 0), (SEED, 0))
         for i in range((len(x) + 3) // 4)]
    r = np.array(q, dtype=np.uint64).reshape(-1)[:len(x)] >> np.uint64(16)
    u = (x.view(np.uint32).astype(np.uint64) + r) >> np.uint64(16)
    return torch.from_numpy(u.astype(np.uint16).view(np.int16)).view(
        torch.bfloat16)


def run(kind, n, steps=300):
    w = bf16((values(1, n, 0) * 2.0 ** -6).numpy())
    w0 = w.double().numpy()
    m, v, c = np.zeros(n, F), np.zeros(n, F), bf16(np.zeros(n, F))
    m64, v64, w64 = np.zeros(n), np.zeros(n), w0.copy()
    b1, b2 = F(0.9), F(0.999)
    f = np.full
    hashes = []
    for t in range(1, steps + 1):
        # with a drift, or every weight would only tremble
        g = (values(1000003 * t, n, 0).numpy()
             + np.where(np.arange(n) % 2 == 0, F(1), F(-1)))
        bias1 = F(1 - math.prod([float(b1)] * t))
        bias2 = F(1 - math.prod([float(b2)] * t))
        m = fma(f(n, b1), m, (F(1) - b1) * g)
        v = fma(f(n, b2), v, ((F(1) - b2) * g) * g)
        d = np.sqrt(v) / np.sqrt(bias2) + F(EPS)
        wide = w.float().numpy()
        d = fma(f(n, F(LR) * F(DECAY)), wide, (F(LR) / bias1) * (m / d))
        if kind == "kahan":
            k = c.float().numpy() - d
            w = bf16(wide + k)
            c = bf16(k - (w.float().numpy() - wide))
        else:
            w = stochastic(wide - d, t)
        m64 = 0.9 * m64 + 0.1 * g
        v64 = 0.999 * v64 + 0.001 * g.astype(np.float64) ** 2
        w64 -= LR * (DECAY * w64 + m64 / (1 - 0.9 ** t) /
                     (np.sqrt(v64 / (1 - 0.999 ** t)) + EPS))
        if t in (1, 10, 100, 300):
            h = FNV
            for x in (w, torch.from_numpy(m), torch.from_numpy(v), c):
                h = fnv(h, x)
            hashes.append(h)
    move = math.sqrt(((w64 - w0) ** 2).mean())
    off = w.double().numpy() - w64
    both = off + c.double().numpy()
    return hashes, *(math.sqrt((x ** 2).mean()) / move for x in (off, both)), \
        float((off * np.sign(w64 - w0)).mean()) / move


print("/* make_rounding.py. A row: the arm, values, hashes of w, m, v and the\n"
      " * compensation after 1, 10, 100 and 300 steps; then, against float64 and"
      " in\n * units of the RMS move: RMS distance of w, of w and compensation,"
      " mean signed\n * distance of w. */")
for kind, arm in (("kahan", "bf16-kahan"), ("sr", "bf16-sr")):
    for n in (1024, 1035, 7):
        h, off, both, mean = run(kind, n)
        print(f'{{"{arm}", {n},\n {{' + ", ".join(f"0x{x:016x}u" for x in h[:2])
              + ",\n  " + ", ".join(f"0x{x:016x}u" for x in h[2:])
              + f"}},\n {off:.6f}, {both:.6f}, {mean:.6f}}},")
