"""reference - random weights of a small model, and what transformers and torch
autograd say of it in float64

Of use to make_model_fixtures.py here and ../families/make_families.py.
"""
import os
import torch
from safetensors.torch import save_file


def random_weights(model):
    with torch.no_grad():
        for n, p in model.named_parameters():
            p.normal_(0, 0.25)
            if "norm" in n:
                p.add_(1)


def write_expected(out, kind, lengths, vocab, seed):
    """OUT/expected.safetensors of the model that was saved in OUT:
      tokens, start, first, weight   the packed batch, as float32
      logp                           log-probabilities from `first` on
      logits_SEQ                     of the last 2 positions of each sequence
      grad.TENSOR                    of sum(weight * logp)
    """
    # read again: .to(bfloat16) has rounded the rotary frequencies too
    model = kind.from_pretrained(out, dtype=torch.float64,
                                 attn_implementation="eager")
    gen = torch.Generator().manual_seed(seed)
    start, tokens, first = [0], [], []
    for n in lengths:
        tokens += torch.randint(0, vocab, (n,), generator=gen).tolist()
        start.append(len(tokens))
        first.append(min(n // 3 + 1, n))
    weight = torch.randn(len(tokens), generator=gen, dtype=torch.float32)
    logp = torch.zeros(len(tokens), dtype=torch.float64)
    expected = {}
    total = 0.0
    for i, n in enumerate(lengths):
        a, b = start[i], start[i + 1]
        ids = torch.tensor(tokens[a:b])
        logits = model(ids[None]).logits[0].double()
        expected[f"logits_{i}"] = logits[-2:].detach().float()
        lp = torch.log_softmax(logits, -1)
        for t in range(first[i], n):
            logp[a + t] = lp[t - 1, ids[t]].detach()
            total = total + weight[a + t].double() * lp[t - 1, ids[t]]
    total.backward()
    for n, p in model.named_parameters():
        expected["grad." + n] = p.grad.float()
    as_floats = lambda v: torch.tensor(v, dtype=torch.float32)
    expected.update(tokens=as_floats(tokens), start=as_floats(start),
                    first=as_floats(first), weight=weight, logp=logp.float())
    save_file(expected, os.path.join(out, "expected.safetensors"))
