#!/bin/bash
# torch_adamw_bf16_decay - AdamW(foreach=True) decays bf16 weights at another rate
# than the loop over tensors does, and neither at the rate that was asked for
#
# torch 2.15.0 (PyPI), torch.optim.AdamW on a CPU, parameters in bf16.
# Guess: foreach=True is the same update as the loop, only faster; weight decay
# multiplies weights by about (1 - lr * weight_decay)^steps; where that is too fine
# for bf16, nothing decays.
# Found, gradients 0 and 200 steps, norm of the weights by that of the first ones:
#   lr * weight_decay   exact   loop    foreach=True
#   0.0010              0.819   1.000   1.000     no weight ever moves
#   0.0025              0.606   0.961   0.339
#   0.0030              0.548   0.889   0.339
# The loop multiplies by 1 - lr * weight_decay in fp32 and rounds the product to
# bf16; foreach=True first rounds that factor to bf16, so that 0.9975 and 0.997
# become 0.99609375, and decays faster than asked where the loop decays slower.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q torch==2.15.0 numpy
"$t/v/bin/python" - <<'P'
import sys
import torch

torch.set_num_threads(1)
gen = torch.Generator().manual_seed(0)
start = (torch.randn(4096, generator=gen) * 0.02).bfloat16()


def left(lr, decay, foreach):
    p = start.clone().requires_grad_()
    o = torch.optim.AdamW([p], lr=lr, weight_decay=decay, foreach=foreach)
    for _ in range(200):
        p.grad = torch.zeros_like(p)
        o.step()
    return float(p.detach().float().norm() / start.float().norm())


bad = 0
print("lr*decay  exact  loop   foreach")
for lr, decay, loop, foreach in ((0.01, 0.1, 1.0, 1.0),
                                 (0.005, 0.5, 0.961, 0.339),
                                 (0.01, 0.3, 0.889, 0.339)):
    a, b = left(lr, decay, False), left(lr, decay, True)
    print(f"{lr * decay:8.4f}  {(1 - lr * decay) ** 200:.3f}  {a:.3f}  {b:.3f}")
    bad += abs(a - loop) > 0.003 or abs(b - foreach) > 0.003
sys.exit(1 if bad else 0)
P
