"""One DAPO step of an arm in torch: a Qwen2 in that precision, verl's loss.

    python make_torch_dapo.py ULP_BIN MODEL ROLLOUTS OUT [LR [MICRO]]

MODEL: a model directory with weights in fp32 or bf16; ROLLOUTS: JSON lines of
rewarded rollouts, two groups or more; OUT: a folder for ulp's checkpoints. For
each arm, with the same weights and rollouts (torch 2.15.0, transformers 5.24,
CPU, one thread):

  noise      RMS of the log-probabilities' difference from fp64 torch, nats
  gradient   |g - g64| / |g64| over all tensors, of the whole batch
  norm       of the gradient, before the clip
  changed    fraction of stored master weights that one update changes

torch's figures come from Qwen2ForCausalLM and torch.optim.AdamW; ulp's from
logprob and dapo-step. ulp's gradient is what its update says of it: moments
after one step, m = (1 - beta1) g, with the clip off. Loss: verl's
compute_policy_loss_vanilla (0.9.1: clip 0.2 / 0.28, dual clip 10, token mean)
at the first update, where every ratio is 1.
"""
import json
import os
import subprocess
import sys
import numpy as np
import torch
from safetensors.torch import load_file
import transformers
from transformers import Qwen2ForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

torch.set_num_threads(1)
ulp, model_dir, rollouts, out = sys.argv[1:5]
lr = float(sys.argv[5]) if len(sys.argv) > 5 else 1e-6
micro = int(sys.argv[6]) if len(sys.argv) > 6 else 4
rows = [json.loads(x) for x in open(rollouts)]
groups = {}
for r in rows:
    groups.setdefault(r["id"], []).append(r)
rows = []
for g in groups.values():
    a = np.array([r["reward"] for r in g])
    for r, x in zip(g, (a - a.mean()) / (a.std(ddof=1) + 1e-6)):
        r["adv"] = float(x)
        rows.append(r)
n_tokens = sum(len(r["response_tokens"]) for r in rows)


def logp(model, r, grad, autocast):
    ids = r["prompt_tokens"] + r["response_tokens"]
    with torch.set_grad_enabled(grad), torch.autocast(
            "cpu", torch.bfloat16, enabled=autocast):
        z = model(torch.tensor([ids[:-1]])).logits[0]
    p = torch.log_softmax(z.double() if z.dtype == torch.float64
                          else z.float(), -1)
    n = len(r["prompt_tokens"])
    return p[range(n - 1, len(ids) - 1), ids[n:]]


def load(dtype):
    return Qwen2ForCausalLM.from_pretrained(
        model_dir, dtype=dtype, attn_implementation="eager")


def step(dtype, autocast):
    """log-probabilities, gradients, the model after one update"""
    m = load(dtype)
    old = [logp(m, r, False, autocast) for r in rows]
    o = torch.optim.AdamW(m.parameters(), lr=lr, weight_decay=0.01)
    for i in range(0, len(rows), micro):
        loss = 0
        for r, was in zip(rows[i:i + micro], old[i:i + micro]):
            d = torch.clamp(logp(m, r, True, autocast) - was, -20, 20)
            ratio = torch.exp(d)
            l1 = -r["adv"] * ratio
            l2 = -r["adv"] * torch.clamp(ratio, 0.8, 1.28)
            top = torch.maximum(l1, l2)
            if r["adv"] < 0:
                top = torch.minimum(top, torch.full_like(top, -10 * r["adv"]))
            loss = loss + top.sum() / n_tokens
        loss.backward()
    g = {n: p.grad.double().clone() for n, p in m.named_parameters()}
    before = {n: p.detach().clone() for n, p in m.named_parameters()}
    norm = float(torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0))
    o.step()
    changed = sum(int((p.detach() != before[n]).sum())
                  for n, p in m.named_parameters())
    total = sum(p.numel() for p in m.parameters())
    return old, g, norm, changed / total


def far(g, ref):
    return (sum(float(((g[n] - ref[n]) ** 2).sum()) for n in ref) /
            sum(float((ref[n] ** 2).sum()) for n in ref)) ** 0.5


def rms(a, b):
    d = np.concatenate([x.double().numpy() - y.double().numpy()
                        for x, y in zip(a, b)])
    return float(np.sqrt((d ** 2).mean()))


def run(*args):
    return subprocess.run([os.path.join(ulp, args[0]), *args[1:]], check=True,
                          capture_output=True, text=True).stdout


def ours(arm):
    ck = os.path.join(out, arm)
    common = ["--quiet", "--device", "cpu", "--model", model_dir, "--arm", arm,
              "--threads", "1"]
    lp = [json.loads(x) for x in run("logprob", *common, "--as", "me",
                                     "--json", rollouts).splitlines()]
    lp = {(x["id"], x["sample"]): x["logprobs"]["me"] for x in lp
          if "logprobs" in x}
    old = [torch.tensor(lp[r["id"], r["sample"]]) for r in rows]
    step = ["dapo-step", *common, "--off-policy", "--no-dynamic", "--steps",
            "1", "--prompts", str(len(groups)), "--mini-batch",
            str(len(groups)), "--samples", str(len(rows) // len(groups)),
            "--lr", str(lr), "--json"]
    says = run(*step, "--out", ck, rollouts).splitlines()
    says = [json.loads(x) for x in says if "changed_fraction" in x][0]
    run(*step, "--grad-clip", "0", "--out", ck + ".g", "-o", os.devnull,
        rollouts)
    s = load_file(os.path.join(ck + ".g", "optimizer.safetensors"))
    g = {n[2:]: t.double() / (1 - 0.9) for n, t in s.items()
         if n.startswith("m.")}
    return old, g, says["grad_norm"], says["changed_fraction"]


os.makedirs(out, exist_ok=True)
old64, g64 = step(torch.float64, False)[:2]
print("arm\tnoise torch\tulp\tgradient torch\tulp\tnorm torch\tulp\t"
      "changed torch\tulp")
for arm, dtype, autocast in (
        ("fp32", torch.float32, False), ("bf16", torch.bfloat16, False),
        ("bf16-mixed", torch.float32, True), ("verl", torch.float32, True)):
    t, u = step(dtype, autocast), ours(arm)
    print(f"{arm}\t{rms(t[0], old64):.2e}\t{rms(u[0], old64):.2e}\t"
          f"{far(t[1], g64):.2e}\t{far(u[1], g64):.2e}\t"
          f"{t[2]:.5g}\t{u[2]:.5g}\t{t[3]:.4f}\t{u[3]:.4f}")
