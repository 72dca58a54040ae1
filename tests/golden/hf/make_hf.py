"""make_hf - models as transformers saves them, and what it says of them

    python make_hf.py        (needs torch, transformers, numpy)

Writes NAME/ by save_pretrained: config.json, and model.safetensors or shards
with their index; and NAME/expected.jsonl, records with prompt_tokens,
response_tokens and logprobs.hf, the log-probabilities that transformers
computes in float64 from the weights as saved. tests/parity/hf_load.sh scores
the same records with `logprob`.
"""
import json
import os
import shutil
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
VOCAB = 40
# name: tied, type, size of a shard, kv heads
MODELS = {
    "tied-fp32-sharded": (True, torch.float32, "6KB", 1),
    "untied-bf16-sharded": (False, torch.bfloat16, "4KB", 2),
    "untied-fp32-single": (False, torch.float32, None, 2),
    "tied-fp16-single": (True, torch.float16, None, 1),
}
LENGTHS = [(1, 3), (5, 1), (7, 30), (40, 60), (2, 0)]

for seed, (name, (tied, dtype, shard, kv)) in enumerate(MODELS.items()):
    out = os.path.join(HERE, name)
    shutil.rmtree(out, ignore_errors=True)
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(Qwen2Config(
        vocab_size=VOCAB, hidden_size=16, intermediate_size=24,
        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=kv,
        max_position_embeddings=128, tie_word_embeddings=tied,
        eos_token_id=VOCAB - 1,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}))
    with torch.no_grad():
        for n, p in model.named_parameters():
            p.normal_(0, 0.3)
            if "norm" in n:
                p.add_(1)
    model = model.to(dtype)
    model.save_pretrained(out, **({"max_shard_size": shard} if shard else {}))
    # read again: .to(half) has rounded the rotary frequencies too
    model = Qwen2ForCausalLM.from_pretrained(out, dtype=torch.float64,
                                             attn_implementation="eager")
    gen = torch.Generator().manual_seed(seed)
    with open(os.path.join(out, "expected.jsonl"), "w") as f:
        for i, (n_p, n_r) in enumerate(LENGTHS):
            ids = torch.randint(0, VOCAB, (n_p + n_r,), generator=gen)
            with torch.no_grad():
                lp = torch.log_softmax(model(ids[None]).logits[0], -1)
            scores = [round(lp[t - 1, ids[t]].item(), 9)
                      for t in range(n_p, n_p + n_r)]
            f.write(json.dumps({"id": f"{name}/{i}",
                                "prompt_tokens": ids[:n_p].tolist(),
                                "response_tokens": ids[n_p:].tolist(),
                                "logprobs": {"hf": scores}}) + "\n")
    print(name, sorted(os.listdir(out)), sum(
        os.path.getsize(os.path.join(out, n)) for n in os.listdir(out)))
