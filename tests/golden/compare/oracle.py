"""oracle - numpy's figures for sparsity --consecutive and --overlap

  python3 oracle.py consecutive|overlap CKPT... > expected.jsonl

A record for each record of sparsity with scope total or kind, with the same
fields. The checkpoints are those of steps.py. Made with numpy 2.
"""
import itertools
import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "spectrum"))
from oracle import bf16, load  # noqa: E402

ENDS = {"q_proj.weight": "q", "up_proj.weight": "up", "norm.weight": "norm", "embed_tokens.weight": "embed"}


def kind(name):
    return next(v for k, v in ENDS.items() if name.endswith(k))


def masks(files, pair, names):
    before, after = files[pair[0]], files[pair[1]]
    out = []
    for n in names:
        a, b = before[n], after[n]
        x, y = bf16(a), bf16(b)
        ok = np.isfinite(x) & np.isfinite(y)
        out.append((ok, ok & (x != y), ok & (np.abs(a - b) <= 1e-5)))
    return out


def flat(ms, i):
    return np.concatenate([m[i].ravel() for m in ms])


def jaccard(a, b):
    if not (a | b).any():
        return {}
    p, q = a.mean(), b.mean()
    return {"jaccard": (a & b).sum() / (a | b).sum(), "jaccard_chance": p * q / (p + q - p * q)}


def update(ms):
    ok, moved, near = (flat(ms, i) for i in range(3))
    out = {"n": ok.size, "non_finite": (~ok).sum(), "unchanged": (ok & ~moved).sum(), "visible": moved.sum() / ok.sum(),
           "unchanged_abs1e-5": near.sum(), "sparsity": (ok & ~moved).sum() / ok.sum(),
           "sparsity_abs1e-5": near.sum() / ok.sum()}
    two = [m[1] for m in ms if m[1].ndim == 2]
    if two:
        rows = np.concatenate([m.mean(1) for m in two])
        cols = np.concatenate([m.mean(0) for m in two])
        out.update(rows_moved=(rows > 0).mean(), cols_moved=(cols > 0).mean(), row_most=rows.max(), col_most=cols.max())
    return out


def scope(files, pairs, cumulative, names, head):
    all_masks = [masks(files, p, names) for p in pairs]
    ok = np.logical_and.reduce([flat(m, 0) for m in all_masks])
    moved = [flat(m, 1)[ok] for m in all_masks]
    for i, ms in enumerate(all_masks):
        rec = {**head, "measure": "update", "update": i + 1, **update(ms)}
        if cumulative:
            rec["visible_cumulative"] = update(masks(files, (pairs[0][0], pairs[i][1]), names))["visible"]
            if i:
                rec.update(jaccard(moved[i - 1], moved[i]))
        yield rec
    if cumulative:
        return
    for a, b in itertools.combinations(range(len(pairs)), 2):
        yield {**head, "measure": "pair", "a": a + 1, "b": b + 1, "n": ok.sum(), "moved_a": moved[a].sum(),
               "moved_b": moved[b].sum(), "moved_both": (moved[a] & moved[b]).sum(), **jaccard(moved[a], moved[b])}
    count = np.sum(moved, 0)
    p = np.array([m.mean() for m in moved])
    rec = {**head, "measure": "consensus", "n": ok.sum()}
    rec["moved_by"] = {str(i): (count == i).sum() for i in range(len(pairs) + 1)}
    if (count > 0).any():
        rec["consensus"] = (count == len(pairs)).sum() / (count > 0).sum()
        rec["consensus_chance"] = p.prod() / (1 - (1 - p).prod())
    yield rec


def main():
    mode, paths = sys.argv[1], sys.argv[2:]
    files = [load(p) for p in paths]
    pairs = [(i, i + 1) for i in range(0, len(paths) - 1, 1 if mode == "consecutive" else 2)]
    groups = [({"scope": "total"}, sorted(files[0]))]
    for k in sorted(set(map(kind, files[0]))):
        groups.append(({"scope": "kind", "kind": k}, [n for n in sorted(files[0]) if kind(n) == k]))
    for head, names in groups:
        for rec in scope(files, pairs, mode == "consecutive", names, head):
            print(json.dumps(rec, default=lambda v: int(v) if isinstance(v, np.integer) else float(v)))


if __name__ == "__main__":
    main()
