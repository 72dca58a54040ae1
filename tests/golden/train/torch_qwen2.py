"""A DAPO batch through a torch Qwen2: what the make_torch_dapo scripts share.

torch 2.15, transformers 5.24, CPU, one thread. Loss: verl's
compute_policy_loss_vanilla (0.9.1: clip 0.2 / 0.28, dual clip 10, token mean) at
the first update, where every ratio is 1.
"""
import hashlib
import json
import numpy as np
import torch
import transformers
from transformers import Qwen2ForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)


class Batch:
    """JSON lines of rewarded rollouts as one micro-batch, padded on the right.

    ids [sequences][tokens]; mask: which tokens behind the first are scored;
    advantage [sequences][1]; group: the number of each sequence's group.
    """

    def __init__(self, path):
        groups = {}
        for line in open(path):
            r = json.loads(line)
            groups.setdefault(r["id"], []).append(r)
        rows, self.group = [], []
        for i, g in enumerate(groups.values()):
            a = np.array([r["reward"] for r in g])
            for r, x in zip(g, (a - a.mean()) / (a.std(ddof=1) + 1e-6)):
                rows.append((r["prompt_tokens"], r["response_tokens"],
                             float(x)))
                self.group.append(i)
        self.ids = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(p + a) for p, a, _ in rows], batch_first=True)
        mask = torch.zeros(self.ids.shape, dtype=torch.bool)
        for i, (p, a, _) in enumerate(rows):
            mask[i, len(p):len(p) + len(a)] = True
        self.mask = mask[:, 1:]
        self.advantage = torch.tensor([x for _, _, x in rows])[:, None]


def load(model_dir, dtype, how, cpu_embedding=False):
    """The rows of an embedding's gradient are added in fp32, as a GPU does;
    torch's CPU kernel, cpu_embedding, adds them in the gradient's type."""
    m = Qwen2ForCausalLM.from_pretrained(model_dir, dtype=dtype,
                                         attn_implementation=how)
    w = m.model.embed_tokens.weight
    if dtype != torch.float64 and not cpu_embedding:
        m.model.embed_tokens.forward = lambda x: torch.nn.functional.embedding(
            x, w.float()).to(dtype)
    return m


def logp(model, batch, autocast=False):
    """Of every token behind the first; right padding sees, and is not seen."""
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        z = model(batch.ids[:, :-1]).logits
    p = torch.log_softmax(z if z.dtype == torch.float64 else z.float(), -1)
    return p.gather(-1, batch.ids[:, 1:, None])[..., 0]


def backward(model, batch, scale=1, autocast=False):
    """The old log-probabilities; the loss's gradients are in .grad. The old ones
    are those of the same weights, so one forward pass gives both."""
    new = logp(model, batch, autocast)
    old = new.detach().clone()
    ratio = torch.exp(torch.clamp(new - old, -20, 20))
    adv = batch.advantage.to(ratio.dtype)
    top = torch.maximum(-adv * ratio, -adv * torch.clamp(ratio, 0.8, 1.28))
    top = torch.where(adv < 0, torch.minimum(top, -10 * adv), top)
    (scale * (top * batch.mask).sum() / batch.mask.sum()).backward()
    return old[batch.mask]


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()
