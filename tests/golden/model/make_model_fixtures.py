"""make_model_fixtures - small random Qwen2 models and what transformers and
torch autograd say of them.

    python make_model_fixtures.py        (needs torch, transformers, numpy)

Writes NAME/ (config.json, model.safetensors in bf16) and NAME/expected.safetensors:
  tokens, start, first, weight   the packed batch, as float32
  logp                           log-probabilities from `first` on
  logits_SEQ                     of the last 2 positions of each sequence
  grad.TENSOR                    of sum(weight * logp), untied and tied alike
"""
import os
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTHS = [1, 2, 17, 33, 300]
MODELS = {
    "untied": dict(num_attention_heads=4, num_key_value_heads=2,
                   rope_theta=1e4, tie_word_embeddings=False, hidden_size=24,
                   eos_token_id=47),
    "tied": dict(num_attention_heads=3, num_key_value_heads=1,
                 rope_theta=1e6, tie_word_embeddings=True, hidden_size=24,
                 eos_token_id=[1, 47]),
}


def make(name, seed, kw):
    out = os.path.join(HERE, name)
    theta = kw.pop("rope_theta")
    config = Qwen2Config(vocab_size=48, intermediate_size=40,
                         num_hidden_layers=2, max_position_embeddings=512,
                         rms_norm_eps=1e-6, attn_implementation="eager",
                         rope_parameters={"rope_type": "default",
                                          "rope_theta": theta}, **kw)
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        for n, p in model.named_parameters():
            p.normal_(0, 0.25)
            if "norm" in n:
                p.add_(1)
    model = model.to(torch.bfloat16)
    model.generation_config.eos_token_id = config.eos_token_id
    model.save_pretrained(out)
    # read again: .to(bfloat16) has rounded the rotary frequencies too
    model = Qwen2ForCausalLM.from_pretrained(out, dtype=torch.float64,
                                             attn_implementation="eager")
    gen = torch.Generator().manual_seed(seed)
    start, tokens, first = [0], [], []
    for n in LENGTHS:
        tokens += torch.randint(0, 48, (n,), generator=gen).tolist()
        start.append(len(tokens))
        first.append(min(n // 3 + 1, n))
    weight = torch.randn(len(tokens), generator=gen, dtype=torch.float32)
    logp = torch.zeros(len(tokens), dtype=torch.float64)
    expected = {}
    total = 0.0
    for i, n in enumerate(LENGTHS):
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


for i, (name, kw) in enumerate(MODELS.items()):
    make(name, i + 1, dict(kw))
