"""spectrum.py - spectrum beside torch.linalg in float64, in one run

usage: python3 tests/bench/spectrum.py BIN [RUNS] [THREADS] [wide|tall|square]

Matrices of a model of 0.5 billion weights, before and after a small update:
896 x 4864, 4864 x 896 and 896 x 896, as many of each as threads. Both sides
get fp32 weights and compute in float64: all singular values
of both (ours: --only drift), and the principal angles of the leading 64
left and right singular vectors (ours: --only angles; torch: two svd and the
singular values of two products). Ours is the whole process, torch's the
computation alone. Runs alternate; with one thread time is the CPU's, so that a
busy machine does not count, and with more the clock's. A ratio is torch's time
by ours: median, least and most.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

BIN = sys.argv[1]
RUNS = int(sys.argv[2]) if len(sys.argv) > 2 else 3
THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else 1
os.environ["OMP_NUM_THREADS"] = str(THREADS)

import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

torch.set_num_threads(THREADS)
SHAPES = {"wide": (896, 4864), "tall": (4864, 896), "square": (896, 896)}
KIND = {"wide": "gate", "tall": "down", "square": "o"}
TOP = 64


def pair(rows, cols, gen):
    w = torch.randn(rows, cols, generator=gen) * 0.02
    spikes = torch.randn(rows, 80, generator=gen) * torch.logspace(0, -1, 80) @ torch.randn(80, cols, generator=gen)
    w += 0.02 * spikes
    return w, w + 1e-5 * torch.randn(rows, cols, generator=gen)


def clock():
    return time.process_time() if THREADS == 1 else time.monotonic()


def theirs(pairs, what):
    t = clock()
    for a, b in pairs:
        a, b = a.double(), b.double()
        if what == "drift":
            s, r = torch.linalg.svdvals(a), torch.linalg.svdvals(b)
            float((r - s).norm() / s.norm())
        else:
            u, _, v = torch.linalg.svd(a, full_matrices=False)
            x, _, y = torch.linalg.svd(b, full_matrices=False)
            torch.linalg.svdvals(u[:, :TOP].T @ x[:, :TOP])
            torch.linalg.svdvals(v[:TOP] @ y[:TOP].T)
    return clock() - t


def ours(d, what):
    def used():
        r = resource.getrusage(resource.RUSAGE_CHILDREN)
        return r.ru_utime + r.ru_stime if THREADS == 1 else time.monotonic()
    t = used()
    subprocess.run([BIN, "--quiet", "-j", str(THREADS), "--only", what, "-o", "/dev/null", d + "/a", d + "/b"], check=True)
    return used() - t


def main():
    gen = torch.Generator().manual_seed(0)
    for name, shape in SHAPES.items():
        if len(sys.argv) > 4 and sys.argv[4] != name:
            continue
        with tempfile.TemporaryDirectory() as d:
            pairs = [pair(*shape, gen) for _ in range(THREADS)]
            for i, side in enumerate("ab"):
                os.mkdir(d + "/" + side)
                save_file({"model.layers.%d.self_attn.%s_proj.weight" % (n, KIND[name]): p[i] for n, p in enumerate(pairs)},
                          d + "/" + side + "/model.safetensors")
            for what in ("drift", "angles"):
                theirs(pairs[:1], what)
                runs = [(theirs(pairs, what), ours(d, what)) for _ in range(RUNS)]
                ratios = sorted(t / o for t, o in runs)
                print("%-7s %-7s %d thread(s): torch %.2f s, spectrum %.2f s a pair, ratio %.2f (%.2f to %.2f)" % (
                    name, what, THREADS, statistics.median(t for t, _ in runs) / THREADS,
                    statistics.median(o for _, o in runs) / THREADS, statistics.median(ratios), ratios[0], ratios[-1]), flush=True)


if __name__ == "__main__":
    main()
