"""planning - what an experiment would take: sets and rates, beside sizes.py

Everything comes from records of the programs (--plan --json, stats --json;
lib/record/SCHEMA.md) and from the stages; plan_page.py prints the page. MODEL
needs its config.json and the tokenizer, and no weights.
"""
import json
import os
import shutil
import time

from outside import has_weights
from sizes import Sizes
from wrong import Wrong, number

# Ways to take less memory, each with more of them than the one before: what
# dapo-step is asked, the sequences at once at most, and whether the sampler's
# weights wait too.
WAYS = (
    ("", None, False),
    ("--recompute", None, False),
    ("--recompute --offload", None, False),
    ("--recompute --offload", None, True),
    ("--recompute --offload --micro-batch 1", 8, True),
)


class Set:
    """A task set: rows, prompt tokens a row in the mean, and prompts that are
    left out or too long; longest response, samples."""

    def __init__(self, name, samples, longest, cap=0):
        self.name, self.samples, self.longest = name, samples, longest
        self.rows, self.prompt, self.too_long, self.cap = 0, 0, 0, cap


class Plan(Sizes):
    def __init__(self, p, tmp, arms):
        """arms: those that are trained; tmp: an empty folder."""
        super().__init__(p, tmp)
        self.arms, self.missing = arms, []
        self.sets = self.read_sets()
        self.memory = {a.name: [self.memory_of(a, *way) for way in WAYS]
                       for a in self.arms}
        self.eval = self.record("dapo-step", "--plan", "--device", "cpu",
                                "--model", self.model, "--arm", p.EVAL_ARM)
        self.rates = self.find_rates()
        at = p.R
        while not os.path.isdir(at or "."):
            at = os.path.dirname(at)
        self.free = shutil.disk_usage(at or ".").free
        if p.MODEL and not has_weights(p.model_files):
            self.missing.append(f"{p.MODEL} has no weights (*.safetensors) yet")

    # ---- the task sets ----

    def rows_of(self, name, n, file):
        """The rows of a set, or of a sample where it has no file."""
        if not file:
            return self.run("prepare", "--quiet", "--sample", name, "-n", n,
                            "--seed", 1).splitlines()
        try: # a text may hold U+2028, at which splitlines() cuts
            with open(file, encoding="utf-8", newline="\n") as f:
                return [line for line in f.read().split("\n") if line]
        except OSError:
            self.missing.append(f"{file} is not there (data/README.md)")
            return []

    def read_set(self, name, n, file, s, max_prompt, most):
        rows = self.rows_of(name, n, file)[:most]
        room = max(self.context - s.longest, 1)
        s.cap = max_prompt if 0 < max_prompt <= room else 0
        s.rows = len(rows)
        if not rows:
            return s
        if not os.path.exists(f"{self.model}/tokenizer.json"):
            self.missing.append(f"{self.model}/tokenizer.json is not there: "
                                "prompts are taken as one token for 3.5 bytes")
            s.prompt = sum(len(r.encode()) + 1 for r in rows) / 3.5 / len(rows)
            return s
        with open(f"{self.tmp}/rows", "w") as f:
            f.write("\n".join(rows) + "\n")
        self.run("tokenize", "--quiet", "--tokenizer", self.model,
                 "--template", self.p.TEMPLATE, "--max-tokens",
                 s.cap or room, "-o", f"{self.tmp}/tokens", f"{self.tmp}/rows")
        counted = self.run("stats", "--json", "--allow-empty", "--stat",
                           "n,mean", "len(prompt_tokens)",
                           f"{self.tmp}/tokens")
        found = json.loads(counted)["len(prompt_tokens)"] if counted else {}
        s.rows, s.prompt = found.get("n", 0), found.get("mean", 0)
        s.too_long = len(rows) - s.rows
        return s

    def read_sets(self):
        """The training set, then the tasks."""
        p = self.p
        sets = [Set(p.TRAIN_TASK, p.SAMPLES, p.MAX_NEW)] if p.outside else [self.read_set(p.TRAIN_TASK, p.TRAIN_ROWS,
                              p.set_file(p.TRAIN_TASK),
                              Set(p.TRAIN_TASK, p.SAMPLES, p.MAX_NEW),
                              p.MAX_PROMPT, None)]
        for t in p.tasks:
            sets.append(self.read_set(
                t.name, t.questions, p.set_file(t.name),
                Set(t.name, t.samples, t.max_new), 0, p.QUESTIONS or None))
        return sets

    # ---- rates ----
    # A type of arithmetic has a rate of its own: fp32, bf16 or fp16, and
    # another under order=hardware, where a GPU's library does the products.

    def key(self, record):
        return record["compute"] + (" hardware" if record["hardware_order"]
                                    else "")

    def find_rates(self):
        """By type: FLOP/s of sampling, of scoring, and where they are from."""
        p, rates = self.p, {}
        arms = [(self.key(self.memory[a.name][0]), a.name, a.factors)
                for a in self.arms]
        arms.append((self.key(self.eval), p.EVAL_ARM, p.EVAL_ARM))
        given = self.given_rates()
        for key, name, factors in arms:
            if key in rates:
                continue
            if given:
                x = given.get(key.split()[0], given.get(""))
                if x is None:
                    raise Wrong(f"RATE='{p.RATE}' has no rate of "
                                f"{key.split()[0]}, which {name} computes in")
                rates[key] = (x, x, "given by RATE")
                continue
            rates[key] = self.measured_rate(key, name, factors)
        return rates

    def measured_rate(self, key, name, factors):
        here = f"measured on this {self.device} with arm {name} and a " \
            "model of 17 M parameters"
        if self.device == "cuda":
            here += " (a large model does better)"
        return (*self.measure(factors), here)

    def given_rates(self):
        """RATE: one number, or TYPE=NUMBER for each type."""
        given = {}
        for word in self.p.RATE.split():
            kind, _, x = word.rpartition("=")
            if kind not in ("", "fp32", "bf16", "fp16"):
                raise Wrong(f"RATE: found '{word}', expected a number, or "
                            "fp32=NUMBER bf16=NUMBER fp16=NUMBER")
            given[kind] = number("RATE", x, False, 0, True)
        return given

    def seconds(self, program, *words):
        began = time.monotonic()
        self.run(program, "--quiet", *words, "-o", f"{self.tmp}/out")
        return time.monotonic() - began

    def measure(self, factors):
        """FLOP/s of sampling and of scoring: seconds between a short and a long
        run, so that starting up is left out."""
        scale = 1 if self.device == "cpu" else 16
        model = f"{self.tmp}/rate"
        if not os.path.exists(model):
            self.untrained(model, "--tokenizer data/tokenizer/tiny --hidden "
                           "512 --layers 4 --heads 8 --kv-heads 8 --ffn 2048 "
                           "--max-pos 1024")
            self.write_sequences(64 * scale)
        shape = self.record("rollout", "--plan", "--model", model)
        common = ("--model", model, "--arm", factors, "--device", self.device,
                  "--threads", self.p.JOBS)
        short, long = (self.seconds(
            "logprob", *common, "--as", "a", "--limit", n * scale,
            f"{self.tmp}/scored") for n in (2, 8))
        score = max(long - short, 1e-3)
        short, long = (self.seconds(
            "rollout", *common, "--batch", 64, "--limit", 64, "--max-new", n,
            f"{self.tmp}/short") for n in (4, 36))
        sample = max(long - short, 1e-3)
        one, each = shape["flop_per_token"], shape["flop_per_token_of_context"]
        return (64 * 32 * (one + 22 * each) / sample,
                6 * scale * 512 * (one + 256 * each) / score)

    def write_sequences(self, n):
        """Sequences to score; prompts short enough that their prefill is not
        what is measured."""
        with open(f"{self.tmp}/scored", "w") as full, \
                open(f"{self.tmp}/short", "w") as short:
            for i in range(n):
                prompt = [1] + [(i * 7 + j * 13) % 200 for j in range(1, 256)]
                said = [1] + [(i * 11 + j * 3) % 200 for j in range(1, 256)]
                for f, row in ((full, dict(prompt_tokens=prompt,
                                           response_tokens=said)),
                               (short, dict(prompt_tokens=prompt[:4]))):
                    f.write(json.dumps(dict(id=str(i), **row)) + "\n")
