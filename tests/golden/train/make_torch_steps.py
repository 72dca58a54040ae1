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
import torch
from values import FNV, fnv, ieee_roots, values

torch.set_num_threads(1)
ieee_roots()


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
            h = FNV
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
