"""check_families - what ulp writes of each family, loaded by transformers

    KEEP_WRITTEN=DIR build/gcc/tests/model_families
    python check_families.py DIR bin/logprob      (needs torch, transformers)

Loads DIR/NAME as transformers does by default and in float64, without a warning
of missing, unexpected or mismatched tensors, scores the sequences of
NAME/expected.safetensors beside this file, and compares with what logprob says
of the same folder. Prints the largest difference; exit status 1 above 1e-5
nats.
"""
import json
import os
import subprocess
import sys
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

HERE = os.path.dirname(os.path.abspath(__file__))
top, logprob = sys.argv[1:3]
failed = False
for name in sorted(os.listdir(top)):
    path = os.path.join(top, name)
    e = load_file(os.path.join(HERE, name, "expected.safetensors"))
    start, tokens = e["start"].int().tolist(), e["tokens"].int().tolist()
    rows = [tokens[a:b] for a, b in zip(start, start[1:]) if b - a > 1]
    records = "".join(json.dumps({
        "id": str(i), "task": "t", "prompt": "", "answer": "",
        "prompt_tokens": r[:1], "response_tokens": r[1:], "sample": 0,
        "response_logprobs": [0.0] * (len(r) - 1)}) + "\n"
        for i, r in enumerate(rows))
    out = subprocess.run([logprob, "--quiet", "--device", "cpu", "--model",
                          path, "--as", "m", "--json"], input=records,
                         capture_output=True, text=True, check=True).stdout
    ours = [r["logprobs"]["m"] for r in map(json.loads, out.splitlines())
            if "logprobs" in r]
    worst = 0
    plain = AutoModelForCausalLM.from_pretrained(path)
    model, info = AutoModelForCausalLM.from_pretrained(
        path, dtype=torch.float64, attn_implementation="eager",
        output_loading_info=True)
    for r, lp in zip(rows, ours, strict=True):
        want = torch.log_softmax(model(torch.tensor([r])).logits[0], -1)
        for i, t in enumerate(r[1:]):
            worst = max(worst, abs(want[i, t].item() - lp[i]))
    bad = {k: v for k, v in info.items() if v}
    print(f"{name}: {type(model).__name__} {plain.dtype}, largest difference "
          f"{worst:.2g} nats, loading {bad or 'clean'}")
    failed |= worst > 1e-5 or bool(bad) or not ours
sys.exit(failed)
