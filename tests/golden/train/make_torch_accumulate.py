"""torch_accumulate.h: what autograd leaves in .grad of bf16 parameters after
some micro-batches.

    build/gcc/tests/model_half_grads --dump DIR
    python make_torch_accumulate.py DIR >torch_accumulate.h   (torch 2.15.0, CPU)

DIR/0, DIR/1: of an untied and a tied model, the fp32 gradients of each
micro-batch alone, as raw floats; a tied one's embedding and head apart (the
head last). torch sees them as the gradients of a bf16 parameter's uses, one
backward a micro-batch. A row: uses of the embedding, a hash of torch's input,
and one of .grad.
"""
import os
import sys
import numpy as np
import torch
from values import FNV, fnv

torch.set_num_threads(1)


def gradient(n, parts, embedding):
    """parts: of each micro-batch, a gradient of n values and, tied, the head's
    of the first `embedding` values behind it."""
    w = torch.zeros(n, dtype=torch.bfloat16, requires_grad=True)
    for g in parts:
        # a product's backward leaves bf16; so does that of this cast
        loss = (w.float() * g[:n]).sum()
        if embedding:
            loss = loss + (w[:embedding].float() * g[n:]).sum()
        loss.backward()
    assert w.grad.dtype == torch.bfloat16
    return w.grad


print(f"/* torch {torch.__version__.split('+')[0]}: make_torch_accumulate.py */")
print("static const struct {\n    int tied;\n    uint64_t input, grad;\n} "
      "torch_accumulate[2] = {")
for tied in 0, 1:
    parts, n, embedding = [], None, 0
    with open(os.path.join(sys.argv[1], str(tied)), "rb") as f:
        n, embedding, count = np.frombuffer(f.read(12), "<i4").tolist()
        raw = torch.from_numpy(np.frombuffer(f.read(), "<f4").copy())
    embedding = embedding if tied else 0
    parts = raw.view(count, n + embedding)
    print(f"    {{{tied}, 0x{fnv(FNV, raw):016x}u, "
          f"0x{fnv(FNV, gradient(n, parts, embedding)):016x}u}},")
print("};")
