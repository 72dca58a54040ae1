"""torch_dapo - noise, gradient error and share of weights changed of one DAPO
step of each arm, beside torch's

usage: torch_dapo.py BIN MODEL ROLLOUTS FIGURES OUT
       torch_dapo.py --reward <rollouts >ROLLOUTS

--reward: what rollout wrote, every third sample right. FIGURES: what make_torch_dapo.py wrote (tests/golden/train) for MODEL and
ROLLOUTS. BIN: ulp's programs. OUT: a folder for checkpoints. A line for each
arm: its name, torch's noise and ours, gradient error, norm and share changed
likewise. Ours are taken against our own arm fp32, whose errors are a thousandth
of a half type's. The gradient is what an update says of it: the moment
m = (1 - beta1) g after one step without a clip.
"""
import json
import os
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


if sys.argv[1:] == ["--reward"]:
    reward()
    sys.exit()
BIN, MODEL, ROLLOUTS, FIGURES, OUT = sys.argv[1:6]


def run(name, *args):
    r = subprocess.run([os.path.join(BIN, name), "--quiet", "--device", "cpu",
                        "--model", MODEL, "--threads", "1", *args],
                       capture_output=True, text=True)
    if r.returncode:
        sys.exit(f"torch_dapo: {name} {' '.join(args)}: "
                 f"{r.stderr.splitlines()[:1]}")
    return r.stdout


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


def measure(arm):
    """log-probabilities, gradients (times 1 - beta1), norm, share changed"""
    lp = []
    for x in run("logprob", "--arm", arm, "--as", "me", "--json",
                 ROLLOUTS).splitlines():
        x = json.loads(x)
        lp += x["logprobs"]["me"] if "logprobs" in x else []
    rows = [json.loads(x) for x in open(ROLLOUTS)]
    groups = len({r["id"] for r in rows})
    step = ["--arm", arm, "--off-policy", "--no-dynamic", "--steps", "1",
            "--prompts", str(groups), "--mini-batch", str(groups), "--samples",
            str(len(rows) // groups), "--lr", "1e-4", "--json"]
    ck = os.path.join(OUT, arm)
    says = [json.loads(x) for x in
            run("dapo-step", *step, "--out", ck, ROLLOUTS).splitlines()
            if "changed_fraction" in x][0]
    run("dapo-step", *step, "--grad-clip", "0", "--out", ck + ".g", "-o",
        os.devnull, ROLLOUTS)
    g = moments(os.path.join(ck + ".g", "optimizer.safetensors"))
    return lp, g, says["grad_norm"], says["changed_fraction"]


def rms(a, b):
    return (sum((x - y) ** 2 for x, y in zip(a, b)) / len(b)) ** 0.5


def main():
    with open(FIGURES) as f:
        torch = [x.split("\t") for x in f.read().splitlines()[2:]]
    os.makedirs(OUT, exist_ok=True)
    lp32, g32, _, _ = ref = measure("fp32")
    size = (sum(x * x for x in g32) / len(g32)) ** 0.5
    for arm, *figures in torch:
        if arm == "autocast":
            continue
        lp, g, norm, changed = ref if arm == "fp32" else measure(arm)
        ours = rms(lp, lp32), rms(g, g32) / size, norm, changed
        print(arm, *(f"{t}\t{u:.6g}" for t, u in zip(figures, ours)),
              sep="\t")


main()
