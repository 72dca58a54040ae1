"""check_written - a model directory that ulp wrote, loaded by transformers

    logprob --model DIR --as m --json responses | python check_written.py DIR m

Loads DIR with transformers, without warnings of missing or unexpected
tensors, scores the same tokens and prints the largest difference; exit 1 above
1e-4 nats.
"""
import json
import sys
import torch
from transformers import AutoConfig, AutoModelForCausalLM

path, name = sys.argv[1:3]
config = AutoConfig.from_pretrained(path)
model, info = AutoModelForCausalLM.from_pretrained(
    path, dtype=torch.float64, attn_implementation="eager",
    output_loading_info=True)
worst = tokens = 0
for line in sys.stdin:
    r = json.loads(line)
    p, q = r["prompt_tokens"], r["response_tokens"]
    lp = torch.log_softmax(model(torch.tensor([p + q])).logits[0], -1)
    for i, t in enumerate(q):
        worst = max(worst, abs(lp[len(p) + i - 1, t].item()
                               - r["logprobs"][name][i]))
        tokens += 1
bad = {k: v for k, v in info.items() if v}
print(f"{type(model).__name__} {config.dtype}: {tokens} tokens, "
      f"largest difference {worst:.3g} nats, loading {bad or 'clean'}")
sys.exit(worst > 1e-4 or bool(bad) or not tokens)
