#!/bin/bash
# torch_layer_norm_gradient_stalls - on a CPU, layer_norm adds the gradients of its
# parameters in bf16 where its input is bf16, even if the parameters are fp32
#
# torch 2.15.0 (PyPI), F.layer_norm on a CPU, n rows of 64 values. Each row's
# gradient is 1, so that the bias's is n.
# Guess: sums over rows are held in fp32 and rounded once, as those of linear,
# group_norm and rms_norm are; and mixed precision with fp32 parameters (autocast)
# is there to have fp32 gradients.
# Found: every thread adds its rows in bf16, where 256 + 1 is 256. The gradient of
# the bias stops at 256 times the number of threads, in fp32 parameters too, and
# under autocast:
#                       layer_norm                      linear  group_norm  rms_norm
#       n  threads  bf16  fp32 parameters  autocast
#     256        1   256              256       256     256         256       256
#    5000        1   256              256       256    4992        4992      4992
#    5000        2   512              512       512    4992        4992      4992
# So LayerNorm of a bf16 model on a CPU is no reference for its gradient, that of an
# autocast model neither, and both depend on the number of threads.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q torch==2.15.0 numpy
"$t/v/bin/python" - <<'P'
import sys
import torch
from torch.nn import functional as F

BF16, FP32, WIDTH = torch.bfloat16, torch.float32, 64


def parameter(dtype):
    return torch.ones(WIDTH, dtype=dtype, requires_grad=True)


def gradient(n, how):
    x = torch.ones(n, WIDTH, dtype=BF16)
    p = parameter(FP32 if how in ("fp32", "autocast") else BF16)
    if how == "linear":
        y = F.linear(x, torch.zeros(WIDTH, WIDTH, dtype=BF16), p)
    elif how == "group_norm":
        y = F.group_norm(x[:, :, None], 4, parameter(BF16), p)
    elif how == "rms_norm":
        y = F.rms_norm(x, (WIDTH,), p)
    elif how == "autocast":
        with torch.autocast("cpu", BF16):
            x = F.linear(x.float(), torch.eye(WIDTH))  # gives bf16
            y = F.layer_norm(x, (WIDTH,), parameter(FP32), p)
    else:
        y = F.layer_norm(x, (WIDTH,), parameter(p.dtype), p)
    y.backward(torch.ones_like(y))
    return int(p.grad[0])


bad = 0
ways = "bf16", "fp32", "autocast", "linear", "group_norm", "rms_norm"
print("     n threads", *ways)
for n, threads, want in ((256, 1, [256] * 6), (5000, 1, [256] * 3 + [4992] * 3),
                         (5000, 2, [512] * 3 + [4992] * 3)):
    torch.set_num_threads(threads)
    found = [gradient(n, how) for how in ways]
    print(f"{n:6d} {threads:7d}", *found)
    bad += found != want
sys.exit(1 if bad else 0)
P
