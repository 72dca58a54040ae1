"""One DAPO step of each arm in torch: a Qwen2 in that precision, verl's loss.

    python make_torch_dapo.py MODEL ROLLOUTS [LR [ATTENTION [cpu]]]

MODEL: a model directory with weights in fp32 or bf16; ROLLOUTS: JSON lines of
rewarded rollouts, two groups or more (tests/parity/torch_dapo.sh makes both, and
leaves them in the folder KEEP). A line for each arm, with the same weights
and rollouts (torch_qwen2.py has versions and loss):

  noise      RMS of the log-probabilities' difference from fp64 torch, nats
  gradient   |g - g64| / |g64| over all tensors, of the whole batch
  norm       of the gradient, before the clip
  changed    fraction of stored master weights that one update changes

The model computes in the arm's type: weights, norms and residual stream, as a
model does under FSDP's MixedPrecision (verl), in DeepSpeed's bf16 and fp16
engines, and after model.to(). The batch is one micro-batch, padded on the right,
under ATTENTION (sdpa, torch's flash kernel, as trainers have it). `autocast` is
no arm: fp32 weights under torch.autocast, which leaves norms and residual stream
in fp32. `cpu` keeps torch's CPU kernel for the embedding's gradient.
Masters, gradients, moments and rounding are the arm's; the update is
torch.optim.AdamW's, for areal that of the AnyPrecisionAdamW it names: tensor
operations on bf16 moments, and the update added to a bf16 compensation.
"""
import sys
import torch
from torch_qwen2 import Batch, backward, load, sha256

BF16, FP16, FP32 = torch.bfloat16, torch.float16, torch.float32
# arm: compute, master, gradients, moments, rounding of the master
ARMS = {
    "fp32": (FP32, FP32, FP32, FP32, "nearest"),
    "bf16": (BF16, BF16, BF16, BF16, "nearest"),
    "bf16-weights": (BF16, BF16, FP32, FP32, "nearest"),
    "bf16-mixed": (BF16, FP32, FP32, FP32, "nearest"),
    "verl": (BF16, FP32, FP32, FP32, "nearest"),
    "bf16-sr": (BF16, BF16, FP32, FP32, "stochastic"),
    "llmc-sr": (BF16, BF16, BF16, FP32, "stochastic"),
    "bf16-kahan": (BF16, BF16, FP32, FP32, "kahan"),
    "areal": (BF16, BF16, FP32, BF16, "kahan"),
    "fp16-mixed": (FP16, FP32, FP32, FP32, "nearest"),
    "autocast": (FP32, FP32, FP32, FP32, "nearest"),
}
ULP_STEP = {"fp32", "bf16-weights", "bf16-mixed", "bf16-sr", "llmc-sr",
            "bf16-kahan", "fp16-mixed"}  # norms and biases do not decay

torch.manual_seed(1)
model_dir, rollouts = sys.argv[1:3]
lr = float(sys.argv[3]) if len(sys.argv) > 3 else 1e-4
attention = sys.argv[4] if len(sys.argv) > 4 else "sdpa"
cpu_embedding = len(sys.argv) > 5
batch = Batch(rollouts)


def stored(x, w, rounding):
    """x as a master of w's type."""
    if w.dtype == FP32 or rounding != "stochastic":
        return x.to(w.dtype)  # the first step has no compensation yet
    u = x.view(torch.int32) + torch.randint(0, 1 << 16, x.shape,
                                            dtype=torch.int32)
    return (u & -65536).view(FP32).to(w.dtype)


def adamw(params, flat_decay):
    flat = [p for n, p in params.items() if "norm" in n or "bias" in n]
    rest = [p for n, p in params.items() if not ("norm" in n or "bias" in n)]
    torch.optim.AdamW([{"params": rest, "weight_decay": 0.01},
                       {"params": flat, "weight_decay": flat_decay}],
                      lr=lr).step()


def any_precision(w, g):
    """The first step on w in place; moments and compensation in w's type."""
    m, v, lost = (torch.zeros_like(w) for _ in range(3))
    m.add_(g, alpha=1 - 0.9)
    v.addcmul_(g, g, value=1 - 0.999)
    lost.addcdiv_(m, v.sqrt().div_((1 - 0.999) ** 0.5).add_(1e-8),
                  value=-lr / (1 - 0.9))
    w.add_(lost)


def step(arm):
    compute, master, grads, moments, rounding = ARMS[arm]
    scale = 65536 if compute == FP16 else 1
    model = load(model_dir, compute, attention, cpu_embedding)
    first = {n: p.to(master)
             for n, p in load(model_dir, FP32, attention).state_dict().items()}
    first = {n: first[n] for n, _ in model.named_parameters()}
    old = backward(model, batch, scale, arm == "autocast")
    g = {n: p.grad.to(grads) / scale for n, p in model.named_parameters()}
    params = {n: w.clone().to(moments) for n, w in first.items()}
    for n, p in params.items():
        p.requires_grad_()
        p.grad = g[n].clone().to(moments)
    clipped = list(params.values())
    if grads != moments:  # llmc-sr: the clip is of bf16 gradients
        clipped = [torch.zeros_like(x, dtype=grads) for x in g.values()]
        for c, x in zip(clipped, g.values()):
            c.grad = x.clone()
    norm = float(torch.nn.utils.clip_grad_norm_(clipped, 1.0))
    for p, c in zip(params.values(), clipped):
        p.grad = c.grad.to(moments)
    if arm == "areal":
        for p, c in zip(params.values(), clipped):
            any_precision(p.detach(), c.grad)
    else:
        adamw(params, 0 if arm in ULP_STEP else 0.01)
    changed = sum(int((stored(p.detach(), first[n], rounding)
                       != first[n]).sum()) for n, p in params.items())
    return (old, {n: x.double() for n, x in g.items()}, norm,
            changed / sum(p.numel() for p in params.values()))


exact = load(model_dir, torch.float64, "eager")
old64 = backward(exact, batch)
g64 = {n: p.grad for n, p in exact.named_parameters()}
size = sum(float((x ** 2).sum()) for x in g64.values())
print(f"# torch {torch.__version__.split('+')[0]}; sha256 of the weights and of"
      f" the rollouts: {sha256(model_dir + '/model.safetensors')}"
      f" {sha256(rollouts)}")
print("arm\tnoise\tgradient\tnorm\tchanged")
for arm in ARMS:
    old, g, norm, changed = step(arm)
    far = sum(float(((g[n] - g64[n]) ** 2).sum()) for n in g64) / size
    noise = float(((old.double() - old64) ** 2).mean()) ** 0.5
    print(f"{arm}\t{noise:.3e}\t{far ** 0.5:.3e}\t{norm:.5g}\t{changed:.4f}")
