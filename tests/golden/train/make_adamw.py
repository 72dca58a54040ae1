"""make_adamw - ten steps of torch.optim.AdamW as a fixture

Two tensors, one with weight decay and one without; the gradient norm is
clipped to 1 as in torch.nn.utils.clip_grad_norm_. Writes adamw_torch.h: the
start, the gradients, and the parameters after each step.

    python tests/golden/train/make_adamw.py > tests/golden/train/adamw_torch.h
"""
import torch

torch.manual_seed(20)
STEPS, N = 10, (24, 8)  # a 6 x 4 matrix, a vector of 8
w = [torch.nn.Parameter(torch.randn(n) * 0.02) for n in N]
w[1].data += 1
lr = 1e-3
opt = torch.optim.AdamW(
    [{"params": [w[0]], "weight_decay": 0.01},
     {"params": [w[1]], "weight_decay": 0.0}],
    lr=lr, betas=(0.9, 0.999), eps=1e-8)


def row(v):
    return ", ".join(float(x).hex() + "f" for x in v)


def table(name, rows):
    print(f"static const float {name}[{len(rows)}][{sum(N)}] = {{")
    for r in rows:
        print("    { " + row(r) + " },")
    print("};")


start = torch.cat([p.data.clone() for p in w])
grads, after, norms = [], [], []
for step in range(STEPS):
    g = [torch.randn(n) * 10 ** (step % 4 - 2) for n in N]
    g[0][step] = 0
    for p, x in zip(w, g):
        p.grad = x.clone()
    grads.append(torch.cat(g))
    norms.append(float(torch.nn.utils.clip_grad_norm_(w, 1.0)))
    opt.step()
    after.append(torch.cat([p.data.clone() for p in w]))

print("/* adamw_torch - made by make_adamw.py with torch", torch.__version__.split("+")[0], "*/")
table("torch_start", [start])
table("torch_grad", grads)
table("torch_after", after)
print(f"static const double torch_norm[{STEPS}] = {{ "
      + ", ".join(repr(n) for n in norms) + " };")
