"""torch_dapo - noise, gradient error and share of weights changed of one DAPO
step of each arm, beside torch's

usage: torch_dapo.py BIN MODEL ROLLOUTS FIGURES OUT
       torch_dapo.py --reward <rollouts >ROLLOUTS
       torch_dapo.py --many BIN FOLDER FIGURES OUT

--reward: what rollout wrote, every third sample right. FIGURES: what
make_torch_dapo.py wrote (tests/golden/train) for MODEL and ROLLOUTS. BIN: ulp's
programs. OUT: a folder for checkpoints. A line for each arm: its name, torch's
noise and ours, gradient error, norm and share changed likewise. Ours are taken
against our own arm fp32, whose errors are a thousandth of a half type's. The
gradient is what an update says of it: the moment m = (1 - beta1) g after one step
without a clip.

--many: FIGURES are make_torch_scatter.py's, of the models pNUMBER in FOLDER and
their rollouts pNUMBER.jsonl. A line for each arm: its name, torch's noise and ours,
both root mean squares over the models, gradient errors likewise, and how ours
differ from torch's from model to model: mean and standard deviation of the
logarithm of the ratio.
"""
import json
import math
import os
import statistics
import struct
import subprocess
import sys


def reward():
    """Fields that a step needs; log-probabilities of the sampler are not used."""
    ids = {}
    for line in sys.stdin:
        r = json.loads(line)
        if "response_tokens" not in r:
            continue
        right = (ids.setdefault(r["id"], len(ids)) + r["sample"]) % 3 == 0
        print(json.dumps({
            "id": r["id"], "step": 0, "sample": r["sample"],
            "prompt_tokens": r["prompt_tokens"],
            "response_tokens": r["response_tokens"],
            "response_logprobs": r["response_logprobs"], "correct": right,
            "reward": 1 if right else -1}))


def moments(path):
    """Of m.*, all values in one list, by name."""
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        body = f.read()
    out = []
    for name in sorted(n for n in head if n.startswith("m.")):
        a, b = head[name]["data_offsets"]
        raw = body[a:b]
        if head[name]["dtype"] == "BF16":
            raw = b"".join(b"\0\0" + raw[i:i + 2]
                           for i in range(0, len(raw), 2))
        out += struct.unpack(f"<{len(raw) // 4}f", raw)
    return out


class Ulp:
    """Its programs on one model and its rollouts."""

    def __init__(self, bin_dir, model, rollouts, out):
        self.bin, self.model, self.rollouts = bin_dir, model, rollouts
        self.out = out
        with open(rollouts) as f:
            rows = [json.loads(x) for x in f]
        groups = len({r["id"] for r in rows})
        self.step_options = [
            "--off-policy", "--no-dynamic", "--steps", "1", "--prompts",
            str(groups), "--mini-batch", str(groups), "--samples",
            str(len(rows) // groups), "--lr", "1e-4", "--json"]
        os.makedirs(out, exist_ok=True)

    def run(self, name, *args):
        r = subprocess.run([os.path.join(self.bin, name), "--quiet", "--device",
                            "cpu", "--model", self.model, "--threads", "1",
                            *args], capture_output=True, text=True)
        if r.returncode:
            sys.exit(f"torch_dapo: {name} {' '.join(args)}: "
                     f"{r.stderr.splitlines()[:1]}")
        return r.stdout

    def logprobs(self, arm):
        lp = []
        for x in self.run("logprob", "--arm", arm, "--as", "me", "--json",
                          self.rollouts).splitlines():
            x = json.loads(x)
            lp += x["logprobs"]["me"] if "logprobs" in x else []
        return lp

    def gradient(self, arm):
        """times 1 - beta1"""
        ck = os.path.join(self.out, arm + ".g")
        self.run("dapo-step", "--arm", arm, *self.step_options, "--grad-clip",
                 "0", "--out", ck, "-o", os.devnull, self.rollouts)
        return moments(os.path.join(ck, "optimizer.safetensors"))

    def says(self, arm):
        """Norm of the gradient, and share of the weights changed."""
        said = self.run("dapo-step", "--arm", arm, *self.step_options, "--out",
                        os.path.join(self.out, arm), self.rollouts)
        x = [json.loads(x) for x in said.splitlines()
             if "changed_fraction" in x][0]
        return x["grad_norm"], x["changed_fraction"]


def rms(a, b):
    return (sum((x - y) ** 2 for x, y in zip(a, b)) / len(b)) ** 0.5


def errors(ulp, arm, ref):
    """Noise and gradient error, ref being log-probabilities and gradient of
    fp32."""
    return (rms(ulp.logprobs(arm), ref[0]),
            rms(ulp.gradient(arm), ref[1]) / rms(ref[1], [0] * len(ref[1])))


def reference(ulp):
    return ulp.logprobs("fp32"), ulp.gradient("fp32")


def one(bin_dir, model, rollouts, figures, out):
    ulp = Ulp(bin_dir, model, rollouts, out)
    with open(figures) as f:
        torch = [x.split("\t") for x in f.read().splitlines()[2:]]
    ref = reference(ulp)
    for arm, *theirs in torch:
        if arm == "autocast":
            continue
        ours = (errors(ulp, arm, ref) if arm != "fp32" else (0, 0)) + \
            ulp.says(arm)
        print(arm, *(f"{t}\t{u:.6g}" for t, u in zip(theirs, ours)),
              sep="\t")


# torch's way of computing that an arm is held against
WAYS = {"bf16": "sdpa", "bf16-mixed": "sdpa", "fp16-mixed": "fp16"}


def many(bin_dir, folder, figures, out):
    torch, ours = {}, {arm: [] for arm in WAYS}
    with open(figures) as f:
        for x in f.read().splitlines()[2:]:
            model, way, noise, gradient, *_ = x.split("\t")
            torch.setdefault(way, {})[model] = float(noise), float(gradient)
    for model in torch["sdpa"]:
        path = os.path.join(folder, f"p{model}")
        ulp = Ulp(bin_dir, path, path + ".jsonl", os.path.join(out, model))
        ref = reference(ulp)
        for arm in WAYS:
            ours[arm].append(errors(ulp, arm, ref))
    for arm, way in WAYS.items():
        line = [arm]
        for t, u in zip(zip(*torch[way].values()), zip(*ours[arm])):
            logs = [math.log(b / a) for a, b in zip(t, u)]
            line += [rms(t, [0] * len(t)), rms(u, [0] * len(u)),
                     statistics.mean(logs), statistics.stdev(logs)]
        print(line[0], *(f"{x:.4g}" for x in line[1:]), sep="\t")


if __name__ == "__main__":
    if sys.argv[1:] == ["--reward"]:
        reward()
    elif sys.argv[1] == "--many":
        many(*sys.argv[2:])
    else:
        one(*sys.argv[1:])
