#!/bin/bash
# torch_embedding_bf16_gradient - on a CPU the gradient of a frequent token's bf16
# embedding stops growing
#
# torch 2.15.0 (PyPI), a bf16 embedding on a CPU, one backward pass over a token
# that stands n times, each time with a gradient of 1.
# Guess: as in a matrix product, sums are held in fp32 and rounded once, so the
# gradient is n to within bf16's 8 bits.
# Found: each row is added to a sum that is bf16 itself. At 256 the next 1 is half
# a unit in the last place and rounds to even, so the gradient is 256 for any
# larger n. Indexing the weight and sparse=True do the same. The product with one-hot
# rows, which is the same function, does not, nor does the sum of a broadcast:
#       n  embedding  sparse=True  weight[ids]  one-hot  broadcast
#     256        256          256          256      256        256
#     300        256          256          256      300        300
#    5000        256          256          256     4992       4992
# So the first layer of a bf16 model on a CPU is no reference for gradients of
# tokens that many sequences of a batch share: compare fp32 embeddings.
set -eu
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q torch==2.15.0 numpy
"$t/v/bin/python" - <<'P'
import sys
import torch
from torch.nn import functional as F

torch.set_num_threads(1)
BF16 = torch.bfloat16
ways = {
    "embedding": lambda w, ids: F.embedding(ids, w),
    "sparse=True": lambda w, ids: F.embedding(ids, w, sparse=True),
    "weight[ids]": lambda w, ids: w[ids],
    "one-hot": lambda w, ids: F.one_hot(ids, len(w)).to(BF16) @ w,
    "broadcast": lambda w, ids: torch.zeros(len(ids), 8, dtype=BF16) + w[0],
}
bad = 0
print("     n", *ways)
for n, want in ((256, [256] * 5), (300, [256] * 3 + [300] * 2),
                (5000, [256] * 3 + [4992] * 2)):
    found = []
    for way in ways.values():
        w = torch.zeros(4, 8, dtype=BF16, requires_grad=True)
        way(w, torch.zeros(n, dtype=torch.long)).sum().backward()
        g = w.grad.coalesce().to_dense() if w.grad.is_sparse else w.grad
        found.append(int(g[0, 0]))
    print(f"{n:6d}", *found)
    bad += found != want
sys.exit(1 if bad else 0)
P
