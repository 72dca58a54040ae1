"""oracle - numpy and scipy's figures for two checkpoints, as spectrum's fields

  python3 oracle.py BASE RUN TOP > expected.jsonl

A value that the definition leaves open is null: an angle where singular values
TOP and TOP + 1 are equal to 1e-7 of the largest. tests/golden/spectrum/check.py compares.
Made with numpy 2 and scipy 1.17.
"""
import json
import struct
import sys

import numpy as np
import scipy.linalg


def load(path):
    data = open(path + "/model.safetensors", "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    out = {}
    for key, t in json.loads(data[8:8 + n]).items():
        if key == "__metadata__":
            continue
        raw = data[8 + n + t["data_offsets"][0]:8 + n + t["data_offsets"][1]]
        if t["dtype"] == "BF16":
            v = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            v = np.frombuffer(raw, "<f4" if t["dtype"] == "F32" else "<f2")
        out[key] = v.astype(np.float64).reshape(t["shape"])
    return out


def bf16(x):
    w = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return (((w + 0x7FFF + (w >> 16 & 1)) >> 16) << 16).astype(np.uint32).view(np.float32)


def rank(s, shape):
    return int((s > max(shape) * np.finfo(float).eps * s[0]).sum())


def gap(s, k):
    if k == len(s):
        return 1.0
    return (s[k - 1] - s[k]) / s[0]


def overlaps(a, b, u, s, vt, k):
    """Masks as sets; None where the reconstruction's limit is a tie in float32."""
    n = a.size
    size = -(-n // 2)
    r = np.abs((u[:, :k] * s[:k]) @ vt[:k]).astype(np.float32).ravel()
    low = np.abs(a).astype(np.float32).ravel()
    least, most = np.sort(r)[n - size], np.sort(low)[size - 1]
    near = np.abs(r - least) <= 1e-6 * max(least, 1e-30)
    changed = (bf16(a) != bf16(b)).ravel()
    masks = {"principal": r >= least, "low": low <= most}
    masks["low_only"] = masks["low"] & ~masks["principal"]
    out = {"n_changed": int(changed.sum())}
    for name, mask in masks.items():
        sure = name == "low" or near.sum() == 1
        if changed.any():
            out["overlap_" + name] = float((mask & changed).sum() / changed.sum()) if sure else None
            out["overlap_" + name + "_chance"] = float(mask.mean()) if sure else None
    return out


def figures(a, b, top):
    u0, s0, v0 = np.linalg.svd(a, full_matrices=False)
    u1, s1, v1 = np.linalg.svd(b, full_matrices=False)
    d = b - a
    out = {"sigma_1_base": s0[0], "sigma_1": s1[0], "norm_delta": np.linalg.norm(d)}
    if s0[0] > 0:
        out["nss"] = np.linalg.norm(s1 - s0) / np.linalg.norm(s0)
    k = min(top, rank(s0, a.shape), rank(s1, b.shape))
    out["k"] = k
    if k:
        moved = d.any()
        sure = not moved or min(gap(s0, k), gap(s1, k)) > 1e-7
        both = {"left": (u0, u1), "right": (v0.T, v1.T)}
        for side, (x, y) in both.items():
            angles = np.degrees(scipy.linalg.subspace_angles(x[:, :k], y[:, :k])) if moved else np.zeros(k)
            out["angle_%s_max" % side] = angles.max() if sure else None
            out["angle_%s_mean" % side] = angles.mean() if sure else None
    if d.any():
        s = np.linalg.svd(d, compute_uv=False)
        out["stable_rank_delta"] = (s ** 2).sum() / s[0] ** 2
        out["topk_delta"] = (s[:top] ** 2).sum() / (s ** 2).sum()
        k0 = min(top, rank(s0, a.shape))
        sure = k0 == 0 or gap(s0, k0) > 1e-7
        got = overlaps(a, b, u0, s0, v0, k0)
        for key, v in got.items():
            out[key] = v if sure or key == "n_changed" or key.startswith("overlap_low") and "only" not in key else None
    return {key: v if v is None else float("%.12g" % v) for key, v in out.items()}


def main():
    base, run = load(sys.argv[1]), load(sys.argv[2])
    for key in sorted(run):
        print(json.dumps({"tensor": key, **figures(base[key], run[key], int(sys.argv[3]))}))


if __name__ == "__main__":
    main()
