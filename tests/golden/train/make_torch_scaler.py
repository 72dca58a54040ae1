"""torch_scaler.h: torch.amp.GradScaler around torch.optim.AdamW.

    ATEN_CPU_CAPABILITY=avx2 python make_torch_scaler.py >torch_scaler.h

torch 2.15.0 (CPU), numpy; one thread. fp32 weights, the gradient of an fp16
product: what autograd returns is fp16(scale * g), and infinite where that does
not fit. g is near normal, an eighth or so in size; steps 700 and 701 have a value of
2000, which no scale from 2^6 on can hold. The scaler is torch's default (2^16,
doubled after 2000 good steps, halved after a bad one, which is skipped); it
climbs until the gradients themselves overflow. A row: the step, and the scale
and the count of skipped steps behind it, wherever one of them changes. Then
hashes of weights and moments after some steps.
"""
import sys
import numpy as np
import torch
from values import FNV, fnv, ieee_roots, values

N, STEPS, LR = 40, 9500, 1e-3
torch.set_num_threads(1)
ieee_roots()
assert torch.backends.cpu.get_cpu_capability() == "AVX2"
p = (values(1, N, 0) * 2.0 ** -6).requires_grad_()
o = torch.optim.AdamW([p], lr=LR, weight_decay=0.01)
scaler = torch.amp.GradScaler("cpu")
scale, skipped, rows, hashes = scaler.get_scale(), 0, [], []
for t in range(1, STEPS + 1):
    g = values(1000003 * t, N, 0) * 2.0 ** -2
    if t in (700, 701):
        g[t % N] = 2000.0
    loss = (p.half().float() * g).sum()
    o.zero_grad()
    scaler.scale(loss).backward()
    expected = (g * scale).half().float()
    assert torch.equal(p.grad, expected)
    before = p.detach().clone()
    scaler.unscale_(o)
    scaler.step(o)
    scaler.update()
    skip = bool(torch.isinf(expected).any())
    assert not skip or torch.equal(before, p.detach())
    skipped += skip
    if scaler.get_scale() != scale or skip:
        scale = scaler.get_scale()
        rows.append((t, scale, skipped))
    if t in (1, 100, 699, 701, 702, STEPS):
        s = o.state[p]
        h = FNV
        for x in (p.detach(), s["exp_avg"], s["exp_avg_sq"]):
            h = fnv(h, x)
        hashes.append((t, h))
print(f"/* torch {torch.__version__.split('+')[0]}, AVX2: make_torch_scaler.py"
      " */")
print(f"enum {{ SCALER_VALUES = {N}, SCALER_STEPS = {STEPS}, "
      f"SCALER_ROWS = {len(rows)}, SCALER_HASHES = {len(hashes)} }};")
print("static const struct {\n    int step, skipped;\n    double scale;\n} "
      "scaler_rows[SCALER_ROWS] = {")
for t, s, k in rows:
    print(f"    {{{t}, {k}, {s!r}}},")
print("};\nstatic const struct {\n    int step;\n    uint64_t hash;\n} "
      "scaler_hashes[SCALER_HASHES] = {")
for t, h in hashes:
    print(f"    {{{t}, 0x{h:016x}u}},")
print("};")
