"""peer_trl - one RL step end to end beside TRL's GRPOTrainer

usage: python3 tests/bench/peer_trl.py BIN MODEL PROMPTS [THREADS] [BLOCKS]

MODEL is a base model of `make` (results/base/model), PROMPTS are JSON lines
with prompt and answer (results/data/dm_train.jsonl). A step generates 8 samples
of 16 prompts, at most 40 tokens each, rewards them and makes one DAPO update,
without dynamic sampling, in fp32. Ours is the whole pipe of
examples/train_by_hand.sh, less one of few steps: starting is left out. It
sends all weights to the sampler (--sync-full), which on one host takes less
time in fp32 than coding what changed. TRL has
loss_type dapo, no KL, no checkpointing of activations. Its reward is whether
the last integer of the response is the answer.

Both sides run blocks of steps in turn. Time is peer_time.py's: the processor's
of all that runs with one thread, the clock's with more. A line has seconds a
step of each and their ratio; the next ones say whether both did the same work:
tokens generated a step, optimizer steps.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

THREADS = int(sys.argv[4]) if len(sys.argv) > 4 else 2
os.environ["OMP_NUM_THREADS"] = str(THREADS)
try:
    import torch
    import transformers
    import trl
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer
except ImportError as err:
    print(f"peer_trl: skipped, no {err.name}")
    sys.exit(0)
from peer_time import now, spread

BIN, MODEL, PROMPTS = sys.argv[1:4]
for path in MODEL, PROMPTS:
    if not os.path.exists(path):
        print(f"peer_trl: skipped, no {path} (make makes it)")
        sys.exit(0)
BLOCKS = int(sys.argv[5]) if len(sys.argv) > 5 else 7
GROUPS, SAMPLES, MAX_NEW = 16, 8, 40
LR = 1e-6
FEW, MORE = 2, 42  # steps of our runs
BLOCK = 3  # steps of TRL between two of ours
PIPE = """
mkfifo f
draw --quiet --seed $1 --per-step {g} prompts |
    rollout --quiet --model "$MODEL" --device cpu --threads {t} --seed $1 \
        --sync f --samples {s} --temperature 1 --max-new {n} \
        --batch {all} |
    tokenize --quiet --decode --tokenizer "$MODEL" |
    reward --quiet |
    dapo-step --quiet --model "$MODEL" --device cpu --threads {t} --seed $1 \
        --sync f --sync-full --steps $2 --prompts {g} --mini-batch {g} \
        --samples {s} --no-dynamic --lr {lr} --keep rollouts --out out \
        --json -o metrics
""".format(g=GROUPS, s=SAMPLES, n=MAX_NEW, t=THREADS, lr=LR,
           all=GROUPS * SAMPLES)


def lines(path, n=None):
    with open(path) as f:
        return [json.loads(x) for _, x in zip(range(n or 10**9), f)]


class Ours:
    def __init__(self, tmp):
        self.tmp, self.seed, self.tokens = tmp, 0, []
        self.updates = self.steps = 0
        self.env = dict(os.environ, MODEL=os.path.abspath(MODEL),
                        PATH=os.path.abspath(BIN) + ":" + os.environ["PATH"])
        subprocess.run(["tokenize", "--quiet", "--tokenizer",
                        self.env["MODEL"], os.path.abspath(PROMPTS), "-o",
                        tmp + "/prompts"], env=self.env, check=True)

    def run(self, steps):
        """Seconds of the pipe; what it did is added up."""
        with tempfile.TemporaryDirectory(dir=self.tmp) as d:
            os.symlink(self.tmp + "/prompts", d + "/prompts")
            began = now(THREADS)
            subprocess.run(["timeout", "300", "bash", "-euo", "pipefail", "-c", PIPE, "ours",
                            str(self.seed), str(steps)], cwd=d, env=self.env,
                           check=True)
            took = now(THREADS) - began
            self.updates += sum(r["updates"] for r in lines(d + "/metrics")
                                if "updates" in r)
            self.steps += steps
            shown = subprocess.run(["show", "--json", d + "/rollouts"],
                                   env=self.env, stdout=subprocess.PIPE,
                                   text=True, check=True).stdout.splitlines()
        self.tokens.append(sum(len(json.loads(x)["response_tokens"])
                               for x in shown) / steps)
        return took

    def step_s(self):
        self.seed += 1
        few = min(self.run(FEW) for _ in range(2))
        return (self.run(MORE) - few) / (MORE - FEW)


class Blocks(transformers.TrainerCallback):
    """Times TRL's steps, and runs ours between two blocks of them."""

    def __init__(self, ours):
        self.ours, self.pairs, self.began = ours, [], None

    def on_step_end(self, args, state, control, **kw):
        if state.global_step % BLOCK:
            return
        ended = now(THREADS)
        if self.began:  # the first block is not counted
            self.pairs.append((self.ours.step_s(),
                               (ended - self.began) / BLOCK))
        self.began = now(THREADS)


def right(completions, answer, **kw):
    """1 where the last integer is the answer, as our verifier has it."""
    found = [re.findall(r"-?\d+", c) for c in completions]
    return [float(bool(f) and f[-1] == a) for f, a in zip(found, answer)]


def trainer(tmp, blocks):
    n = GROUPS * SAMPLES
    how = GRPOConfig(
        output_dir=tmp + "/trl", use_cpu=True, bf16=False, fp16=False,
        max_steps=BLOCK * (BLOCKS + 1), per_device_train_batch_size=n,
        steps_per_generation=1, num_generations=SAMPLES,
        max_completion_length=MAX_NEW, temperature=1.0, top_p=1.0, top_k=0,
        loss_type="dapo", beta=0.0, epsilon=0.2, epsilon_high=0.28,
        learning_rate=LR, lr_scheduler_type="constant", max_grad_norm=1.0,
        weight_decay=0.01, gradient_checkpointing=False, report_to=[],
        logging_steps=1, save_strategy="no", disable_tqdm=True, seed=1)
    rows = [dict(prompt=r["prompt"], answer=r["answer"])
            for r in lines(PROMPTS, 1000)]
    model = transformers.AutoModelForCausalLM.from_pretrained(
        MODEL, dtype=torch.float32)
    return GRPOTrainer(
        model=model, reward_funcs=right, args=how, callbacks=[blocks],
        train_dataset=Dataset.from_list(rows),
        processing_class=transformers.AutoTokenizer.from_pretrained(
            MODEL, padding_side="left"))


def main():
    torch.set_num_threads(THREADS)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix="ulp-trl") as tmp:
        ours = Ours(tmp)
        blocks = Blocks(ours)
        t = trainer(tmp, blocks)
        t.remove_callback(transformers.PrinterCallback)
        t.train()
        logs = [x for x in t.state.log_history
                if "completions/mean_length" in x]
    a, b = zip(*blocks.pairs)
    print(f"one step of {GROUPS} x {SAMPLES} rollouts, {THREADS} thread(s): "
          f"ulp, TRL {trl.__version__}")
    print(f"seconds a step  {statistics.median(a):.4f} and "
          f"{statistics.median(b):.4f}   ratio "
          f"{spread([y / x for x, y in blocks.pairs])}   target 25")
    theirs = statistics.mean(x["completions/mean_length"] for x in logs)
    print(f"tokens a step   {statistics.mean(ours.tokens):.0f} and "
          f"{theirs * GROUPS * SAMPLES:.0f}")
    print(f"updates         {ours.updates} in {ours.steps} steps and "
          f"{t.state.global_step} in {len(logs)}")


if __name__ == "__main__":
    main()
