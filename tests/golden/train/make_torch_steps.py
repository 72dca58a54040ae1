"""torch_steps.h: hashes of the state of torch.optim.AdamW after 1 .. 300 steps.

    ATEN_CPU_CAPABILITY=default python make_torch_steps.py >torch_steps.h
    ATEN_CPU_CAPABILITY=avx2    python make_torch_steps.py >>torch_steps.h

torch 2.15.0 (CPU), numpy; one thread. tests/unit/train_torch.c makes the same
weights and gradients (gradients as AdamW sees them, after the clip) and hashes
its own state. Two things of torch's CPU code are not what its formulas say:

- torch.sqrt of fp32 tensors goes to MKL, whose root is not IEEE's on every
  processor (an AMD EPYC: one value in five an ulp off, but in tensors below
  eight values none). Here the root is made in double and rounded: IEEE's.
  Roots of bf16 tensors, and all roots of fused=True, are IEEE's as they are.
- foreach=True of bf16 parameters rounds 1 - lr * weight_decay to bf16; the loop
  (the default on a CPU) and foreach on a GPU do not. Rows have the loop's bits;
  at the rows' small decay both are checked to be the same.
"""
import sys
import numpy as np
import torch

torch.set_num_threads(1)
M64 = (1 << 64) - 1
root = torch.Tensor.sqrt


def ieee(x):
    return root(x.double()).float() if x.dtype == torch.float32 else root(x)


torch.Tensor.sqrt = ieee
torch._foreach_sqrt = lambda v: [ieee(x) for x in v]


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


def run(kind, dt, n, hard, lr, wd, how):
    w = values(1, n, hard) * 2.0 ** -6
    p = w.to(dt).requires_grad_()
    o = torch.optim.AdamW([p], lr=lr, weight_decay=wd, **how)
    out = []
    for t in range(1, 301):
        p.grad = values(1000003 * t, n, hard).to(dt)
        o.step()
        if t in (1, 10, 100, 300):
            s = o.state[p]
            h = 0xCBF29CE484222325
            for x in (p.detach(), s["exp_avg"], s["exp_avg_sq"]):
                assert not torch.isnan(x).any()
                h = fnv(h, x)
            out.append(h)
    return out


cap = torch.backends.cpu.get_cpu_capability()
lanes = {"DEFAULT": 0, "AVX2": 8, "AVX512": 16}[cap]
print(f"/* torch {torch.__version__.split('+')[0]}, {cap}: make_torch_steps.py"
      " */")
for kind, how in (("STEP_FOREACH", {}), ("STEP_FUSED", {"fused": True})):
    for dt in (torch.float32, torch.bfloat16):
        for n, hard, lr, wd in ((1024, 0, 1e-3, 0.01), (1035, 0, 1e-3, 0.01),
                                (5, 0, 1e-3, 0.01), (1024, 1, 1e-3, 0.01),
                                (1035, 1, 1e-6, 0.01), (39, 0, 0.05, 3)):
            h = run(kind, dt, n, hard, lr, wd, how)
            if not how and wd < 1:
                assert h == run(kind, dt, n, hard, lr, wd, {"foreach": True})
            half = dt == torch.bfloat16
            wide = lanes * (2 if half else 1) if lanes else "ADAMW_UNFUSED"
            print(f"{{{kind}, {'DT_BF16' if half else 'DT_F32'}, {wide}, {n}, "
                  f"{hard}, {lr}, {wd},\n {{"
                  + ", ".join(f"0x{x:016x}u" for x in h[:2]) + ",\n  "
                  + ", ".join(f"0x{x:016x}u" for x in h[2:]) + "}},")
            sys.stdout.flush()
