#!/usr/bin/env python3
"""steps - checkpoints 0 to 3 of one run and of another, for sparsity

  steps.py DIR      writes DIR/a0 ... a3 and DIR/b0 ... b3; a0 and b0 are equal

Whole runs of columns move, some weights by less than half an ulp of bf16, some
are NaN or infinite. The same bytes anywhere (tests/golden/spectrum/pairs.py).
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "spectrum"))
import pairs  # noqa: E402

SHAPES = [("model.embed_tokens.weight", 40, 70), ("model.layers.0.self_attn.q_proj.weight", 33, 65),
          ("model.layers.0.mlp.up_proj.weight", 3, 2100), ("model.layers.1.mlp.up_proj.weight", 20, 1),
          ("model.norm.weight", 1, 50)]


def moved(rng, rows, cols, step, hot):
    """The columns of `hot` move often; all others seldom, by too little to see."""
    out = []
    for row in rows:
        out.append([x if rng.random() > (0.6 if c in hot else 0.03)
                    else x * (1 + step * (0.02 if c in hot else 1e-4 * rng.random())) for c, x in enumerate(row)])
    return out


def main():
    rng = random.Random(12)
    start = [pairs.uniform(rng, r, c, 0.05) for _, r, c in SHAPES]
    start[1][3][7], start[1][4][8] = float("nan"), float("inf")
    for run in "ab":
        now = start
        for step in range(4):
            if step:
                now = [moved(rng, t, c, rng.choice((-1, 1)), set(range(0, c, 3 if run == "a" else 4)))
                       for t, (_, _, c) in zip(now, SHAPES)]
            if run == "b" and step == 2:
                now[0][0][0] = float("nan")
            tensors = [(name, t, ("F32", "BF16", "F16", "F32", "F32")[i]) for i, ((name, _, _), t) in enumerate(zip(SHAPES, now))]
            write(sys.argv[1] + "/%s%d" % (run, step), tensors)


def write(path, tensors):
    """As pairs.write; the norm has one dimension."""
    pairs.write(path, tensors)
    with open(path + "/model.safetensors", "r+b") as f:
        data = f.read()
        f.seek(0)
        f.write(data.replace(b'"shape": [1, 50]', b'"shape": [50]   '))


if __name__ == "__main__":
    main()
