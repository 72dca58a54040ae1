"""sizes - the memory that stages of an experiment take, and what a device has

From records of the programs (--plan --json; lib/record/SCHEMA.md).
"""
import json
import os
import shlex
import subprocess
import tempfile

from wrong import Wrong, number


def output_of(program, *words):
    """What a program prints; Wrong with the first line that it complains in."""
    done = subprocess.run([program, *map(str, words)], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise Wrong((done.stderr.strip() or
                     os.path.basename(program)).split("\n")[0])
    return done.stdout


def size_of(name, text):
    """80G, 500M or bytes."""
    units = {"K": 10, "M": 20, "G": 30, "T": 40}
    digits = text.rstrip("B").rstrip("KMGT") or "?"
    shift = units.get(text.rstrip("B")[len(digits):], 0)
    return int(number(f"{name}={text}: a size such as 80G", digits, False, 0,
                      True) * 2 ** shift)


def option(name, default, text):
    """The value of --NAME among options."""
    words, value = shlex.split(text), default
    for i, w in enumerate(words):
        if w == f"--{name}" and i + 1 < len(words):
            value = words[i + 1]
        elif w.startswith(f"--{name}="):
            value = w.split("=", 1)[1]
    return int(number(f"--{name}", value, least=1))


def smi(*words):
    """What nvidia-smi prints, "" where there is none."""
    try:
        return subprocess.run(["nvidia-smi", *words], capture_output=True,
                              text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


class Sizes:
    def __init__(self, p, tmp):
        """tmp: an empty folder."""
        self.p, self.tmp = p, tmp
        self.device = p.DEVICE
        if self.device == "auto":
            self.device = "cuda" if smi("-L") else "cpu"
        self.mem, self.mem_from = self.memory_there()
        self.model = p.MODEL or self.untrained(
            f"{tmp}/base", f"--tokenizer {p.TOKENIZER} {p.MODEL_SHAPE}")
        self.shape = self.record("rollout", "--plan", "--model", self.model)
        self.context = self.shape["context_tokens"]
        self.micro = option("micro-batch", 4096, p.TRAIN_OPTS)
        self.batch = option("batch", 64, p.ROLLOUT_OPTS)
        self.shard_weights = p.SHARD_WEIGHTS == "1" or \
            "--shard-weights" in shlex.split(p.TRAIN_OPTS)
        self.longest = self.context
        if p.MAX_PROMPT and p.MAX_PROMPT + p.MAX_NEW <= self.context:
            self.longest = p.MAX_PROMPT + p.MAX_NEW

    # ---- programs ----

    def run(self, program, *words):
        return output_of(f"{self.p.BIN}/{program}", *words)

    def record(self, program, *words):
        return json.loads(self.run(program, "--json", *words))

    def untrained(self, out, shape):
        self.run("pretrain", "--quiet", "--steps", 0, *shlex.split(shape),
                 "-o", out)
        return out

    # ---- the device ----

    def memory_there(self):
        if self.p.DEVICE_MEM:
            return size_of("DEVICE_MEM", self.p.DEVICE_MEM), "DEVICE_MEM"
        if self.device == "cpu":
            with open("/proc/meminfo") as f:
                kib = next(x for x in f if x.startswith("MemTotal")).split()[1]
            return int(kib) << 10, "this machine's memory"
        there = smi("--query-gpu=memory.total",
                    "--format=csv,noheader,nounits").split()
        if there:
            return int(there[0]) << 20, "this machine's device"
        return 80 << 30, "no device here: an 80 GiB one is assumed"

    def memory_of(self, arm, way, batch, parked, ranks=1):
        """The record of dapo-step, and in it at_most: the bytes that trainer
        and sampler hold at once, of a rank. A batch is no more than a round
        has."""
        p = self.p
        most = min(self.batch if batch is None else batch,
                   p.PROMPTS * p.SAMPLES)
        more = ["--shard-weights"] if self.shard_weights else []
        r = self.record("dapo-step", "--plan", "--model", self.model, "--arm",
                        arm.factors, "--device", self.device, "--threads",
                        p.THREADS, *shlex.split(p.TRAIN_OPTS), "--longest",
                        self.longest, "--batch", most, "--device-memory",
                        self.mem, "--ranks", ranks, *shlex.split(way), *more)
        r["at_most"] = r["parked_bytes" if parked else "together_bytes"]
        r["state_bytes"] = r["master_weight_bytes"] + r["moment_bytes"] + \
            r["compensation_bytes"]
        return r


def bytes_of_stages(p):
    """For place.py: bytes of a device, and those that a stage takes, by the arm
    of a training stage and the kind of the others. A kind that is not there has
    its device for itself."""
    with tempfile.TemporaryDirectory(prefix="ulp-sizes.") as tmp:
        s = Sizes(p, tmp)
        if s.device != "cpu" and not p.DEVICE_MEM and not smi("-L"):
            raise Wrong(f"GPUS={p.GPUS}: what a device has is not known here; "
                        "DEVICE_MEM=80G says it")
        needs = {}
        for run in p.runs(p.arms) + [r for arms in p.table_arms.values()
                                     for r in p.runs(arms)]:
            factors = run.factors
            if f"arm {factors}" not in needs and not p.outside:
                m = s.memory_of(run.arm, "", None, False)
                needs[f"arm {factors}"] = m["at_most"]
        m = s.record("dapo-step", "--plan", "--device", s.device, "--model",
                     s.model, "--arm", p.EVAL_ARM, "--longest", s.context)
        sampler = m["sampler_weight_bytes"] + m["sampler_cache_bytes"] + \
            m["sampler_pass_bytes"]
        needs["eval"] = sampler
        # logprob holds two models, and what a forward takes is less than what
        # a trainer keeps of one
        needs["kl"] = sampler + 2 * m["compute_weight_bytes"] + \
            m["activation_bytes"] + m["scratch_bytes"]
        return dict(memory=s.mem, needs=needs)
