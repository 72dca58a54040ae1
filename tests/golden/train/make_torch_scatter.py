"""Errors of one DAPO gradient in torch, over many trained models: how much they
scatter, and which of torch's roundings makes them.

    python make_torch_scatter.py FOLDER >torch_scatter.tsv

FOLDER has model NUMBER as pNUMBER, and pNUMBER.jsonl, its rewarded rollouts, from
1 on (tests/parity/torch_scatter.sh makes them, and leaves them in the folder
KEEP). A line for each model and way of computing; noise and gradient as
make_torch_dapo.py has them. Ways in bf16: sdpa, as trainers have it; eager
attention; sdpa with one kind of operation as one kernel that rounds once
(torch_fused.py), with two of them and with all four; in fp16: sdpa.
"""
import itertools
import os
import sys
import torch
from torch_fused import fuse, unfuse
from torch_qwen2 import Batch, backward, load, sha256

FUSED = {"norm": ["norm"], "swiglu": ["swiglu"], "rope": ["rope"],
         "attention": ["attention"],
         "swiglu+attention": ["swiglu", "attention"],
         "fused": ["norm", "swiglu", "rope", "attention"]}


def gradient(model, batch, scale=1):
    """Log-probabilities, and the gradient as one vector."""
    model.zero_grad()
    old = backward(model, batch, scale)
    return old.double(), torch.cat([p.grad.double().flatten() / scale
                                    for _, p in model.named_parameters()])


folder = sys.argv[1]
print(f"# torch {torch.__version__.split('+')[0]}")
print("model\tway\tnoise\tgradient\tweights\trollouts")
for i in itertools.count(1):
    path = os.path.join(folder, f"p{i}")
    if not os.path.exists(path):
        break
    batch = Batch(path + ".jsonl")
    exact = load(path, torch.float64, "eager")
    old64, g64 = gradient(exact, batch)

    def show(way, model, more="\t", scale=1):
        old, g = gradient(model, batch, scale)
        noise = float(((old - old64) ** 2).mean()) ** 0.5
        print(f"{i}\t{way}\t{noise:.3e}\t"
              f"{float((g - g64).norm() / g64.norm()):.3e}\t{more}",
              flush=True)

    m = load(path, torch.bfloat16, "sdpa")
    show("sdpa", m, f"{sha256(path + '/model.safetensors')}\t"
         f"{sha256(path + '.jsonl')}")
    for way, ops in FUSED.items():
        fuse(m, ops)
        show(way, m)
        unfuse(m)
    show("eager", load(path, torch.bfloat16, "eager"))
    show("fp16", load(path, torch.float16, "sdpa"), scale=65536)
