"""peers.py - tokens per second beside transformers on torch, in one run

usage: python3 tests/bench/peers.py BIN [tiny|0.5b] [THREADS] [fp32|bf16] [PROBE]

The same random weights, sequences, batch, number of threads and types (bf16:
weights, activations and gradients on both sides, our moments are fp32).
Training is a DAPO update of groups of samples: forward, clipped loss, backward,
AdamW; tokens are those of prompts and responses. Generation samples at
temperature 1 with a KV cache, and counts new tokens. Lengths are equal, and
mixed: then prompts and responses differ in length, which peers pad. Rollouts
are mixed too, several samples of each prompt. A batch of the experiment itself
is taken from results/, where there is one.

Our side is timed as a whole process less one that reads the model and makes
a few tokens. Such a difference counts only where it is ten times what the short
runs differ by among themselves; decoding is made longer until it is. Where it
never is, the line says so and has no ratio. peer_time.py says how runs are timed
and compared, peer_update.py how training is. peers_model.py has other programs,
and a model of a directory.

PROBE is the program build/*/bench/stream: with it, tokens per second at the
peak of multiply-adds are shown, and decoding of one stream is held against
reading a buffer as large as the weights with as many threads (in memory, or in
the cache that holds them).
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import peer_time

THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else 1
os.environ["OMP_NUM_THREADS"] = str(THREADS)
try:
    import torch
    import transformers
    from transformers import Qwen2Config, Qwen2ForCausalLM
except ImportError as err:
    print(f"peers: skipped, no {err.name}")
    sys.exit(0)
from peer_update import Ours, batch_of, training

BIN = sys.argv[1]
SIZE = sys.argv[2] if len(sys.argv) > 2 else "tiny"
TYPE = sys.argv[4] if len(sys.argv) > 4 else "fp32"
PROBE = sys.argv[5] if len(sys.argv) > 5 else ""
ARM = {"fp32": "fp32", "bf16": "bf16-weights,order=canonical"}[TYPE]
BYTES = {"fp32": 4, "bf16": 2}[TYPE]
TOKENIZER = "data/tokenizer/tiny"
KEPT = "results/train_logs/fp32_seed1/step-20/rollouts.msgpack.zst"
SHAPES = {
    "tiny": dict(vocab_size=470, hidden_size=96, num_hidden_layers=3,
                 num_attention_heads=4, num_key_value_heads=2,
                 intermediate_size=256, max_position_embeddings=160),
    "0.5b": dict(vocab_size=151936, hidden_size=896, num_hidden_layers=24,
                 num_attention_heads=14, num_key_value_heads=2,
                 intermediate_size=4864, max_position_embeddings=4096),
}
SHAPE = SHAPES[SIZE]
# tokens in a micro-batch of ours
MICRO = {"tiny": (512, 1024, 4096), "0.5b": (4096,)}[SIZE]
# groups, samples of a group, prompt tokens, response tokens; steps to time
TRAIN = {"tiny": (16, 8, 24, 40), "0.5b": (2, 4, 32, 80)}[SIZE]
STEPS = {"tiny": 9, "0.5b": 2}[SIZE]
# by workload: prompts, samples of each, most new tokens; prompt tokens,
# sequences at once
GENERATE = {"tiny": ({"equal": (1024, 1, 40), "mixed": (256, 1, 120),
                      "rollouts": (32, 8, 120)}, 24, 64),
            "0.5b": ({"equal": (16, 1, 64), "mixed": (16, 1, 48),
                      "rollouts": (2, 8, 48)}, 32, 16)}[SIZE]
DECODE = 96
REPEAT = {"tiny": 5, "0.5b": 3}[SIZE]
TARGET = {"tiny": ("5", "5"), "0.5b": ("1.3", "1.5")}[SIZE]
ENDS = [0, 1, 2, 3, 4, 5, 6, 7]  # of responses of mixed lengths


# ---- both sides ----

def timed(fn):
    return peer_time.timed(fn, THREADS)


def compare(what, mine, theirs, target, flops=0):
    peer_time.compare(what, mine, theirs, target, REPEAT, peak(flops))


def peak(flops):
    """Tokens per second of so many multiply-add FLOPs each; None: not known."""
    return MACHINE[1] * THREADS / flops if flops and MACHINE else None


def probe(n_bytes):
    """Bytes read a second, multiply-add FLOPs a second of one core."""
    if not PROBE or not os.path.exists(PROBE):
        return None
    out = subprocess.run([PROBE, str(THREADS), str(max(1, n_bytes >> 20)),
                          "plain"], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return [float(x) for x in out.split()]


def ours(*args):
    return subprocess.run([os.path.join(BIN, args[0]), "--quiet", "--device",
                           "cpu", "--threads", str(THREADS), "--arm", ARM,
                           *map(str, args[1:])], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True).stdout


def rows(path, records):
    with open(path, "w") as f:
        for r in records:
            f.write(json.dumps(r) + "\n")


def weights_in_use():
    """Of a token's products, and of the head."""
    s = SHAPE
    h, d = s["hidden_size"], s["hidden_size"] // s["num_attention_heads"]
    kv = 2 * s["num_key_value_heads"] * d
    layer = h * (h + kv) + h * h + 3 * h * s["intermediate_size"]
    return s["num_hidden_layers"] * layer, h * s["vocab_size"]


# ---- training ----

def batch_kept():
    """The first step of a run of the experiment, None where there is none:
    groups whose samples differ, as the trainer takes them."""
    if not os.path.exists(KEPT):
        return None
    out = subprocess.run([os.path.join(BIN, "show"), "--json", KEPT],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    groups = {}
    for r in map(json.loads, out.splitlines()):
        if r["step"] == 0:
            groups.setdefault(r["id"], []).append(r)
    return [r for g in groups.values() if len({r["correct"] for r in g}) > 1
            for r in g][:TRAIN[0] * TRAIN[1]]


def trained(dir_, model, tmp, name, batch):
    def at_peak(n_rows, n_heads, total):
        layer, head = weights_in_use()
        return peak(6 * (layer * n_rows + head * n_heads) / total)

    training(name, Ours(ours, THREADS, dir_, tmp, batch, TRAIN, STEPS), MICRO,
             model, batch, THREADS, TARGET[0], REPEAT, at_peak)


# ---- generation ----

def sample(tmp, args):
    ours("rollout", *args[:-1], "-o", tmp + "/out", args[-1])


def sampled(tmp):
    """Tokens of the last run."""
    out = subprocess.run([os.path.join(BIN, "show"), "--json", tmp + "/out"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    return sum(len(json.loads(x)["response_tokens"])
               for x in out.splitlines())


def opening(dir_, tmp):
    """Seconds of processes that make one token: the model is read."""
    rows(tmp + "/one", [dict(id="0", prompt_tokens=[5])])
    return [timed(lambda: sample(tmp, ["--model", dir_, "--max-new", 1,
                                       tmp + "/one"]))[0] for _ in range(5)]


def generation(dir_, model, tmp, what):
    workloads, n_prompt, batch = GENERATE
    n, samples, n_new = workloads[what]
    mixed = what != "equal"
    g = torch.Generator().manual_seed(2)
    x = torch.randint(8, SHAPE["vocab_size"], (n, n_prompt), generator=g)
    begin = [i * 5 % (n_prompt // 2) if mixed else 0 for i in range(n)]
    mask = (torch.arange(n_prompt)[None] >=
            torch.tensor(begin)[:, None]).long()
    rows(tmp + "/prompts", [dict(id=str(i), prompt_tokens=t[begin[i]:])
                            for i, t in enumerate(x.tolist())])
    args = ["--model", dir_, "--max-new", n_new, "--batch", batch, "--seed", 3,
            "--samples", samples, tmp + "/prompts"]
    how = dict(min_new_tokens=n_new)
    if mixed:
        args[-1:-1] = ["--eos", ",".join(map(str, ENDS))]
        how = dict(eos_token_id=ENDS)
    start = opening(dir_, tmp)

    def mine():
        t = peer_time.beyond(timed(lambda: sample(tmp, args))[0], start)
        return t and sampled(tmp) / t

    def some():
        made, step = 0, batch // samples
        with torch.inference_mode():
            for k in range(0, n, step):
                out = model.generate(
                    x[k:k + step], attention_mask=mask[k:k + step],
                    do_sample=True, top_k=0, max_new_tokens=n_new,
                    num_return_sequences=samples,
                    pad_token_id=SHAPE["vocab_size"] - 1, **how)[:, n_prompt:]
                for row in out.tolist():
                    ends = [i for i, t in enumerate(row) if t in ENDS]
                    made += ends[0] + 1 if mixed and ends else len(row)
        return made

    def theirs():
        t, k = timed(some)
        return k / t

    layer, head = weights_in_use()
    some()
    compare(f"generation {batch}, {what}", mine, theirs, TARGET[1],
            0 if mixed else 2 * (layer * (1 + n_prompt / n_new) + head))


def rate_beyond(run):
    """Tokens per second of run(n), which gives the seconds of n tokens more than
    few; None where noise hides them at every length that the context has room
    for."""
    shorts = [run(0) for _ in range(3)]
    n = DECODE
    while n <= SHAPE["max_position_embeddings"] // 2:
        t = peer_time.beyond(run(n), shorts)
        if t:
            return n / t
        n *= 2
    return None


def decode(dir_, model, tmp):
    """One stream, short and long: so that opening the model is left out."""
    few, prompt = 4, [9, 8, 11, 10]
    rows(tmp + "/one", [dict(id="0", prompt_tokens=prompt)])

    def ours_of(n):
        t, _ = timed(lambda: sample(tmp, [
            "--model", dir_, "--max-new", few + n, "--eos",
            SHAPE["vocab_size"] - 1, "--batch", 1, tmp + "/one"]))
        if sampled(tmp) != few + n:
            raise SystemExit(f"peers: rollout made {sampled(tmp)} tokens, "
                             f"expected {few + n}")
        return t

    x = torch.tensor([prompt])

    def theirs_of(n):
        with torch.inference_mode():
            return timed(lambda: model.generate(
                x, do_sample=True, top_k=0, min_new_tokens=few + n,
                max_new_tokens=few + n, attention_mask=torch.ones_like(x),
                pad_token_id=0))[0]

    def mine():
        return rate_beyond(ours_of)

    def theirs():
        return rate_beyond(theirs_of)

    ours_of(0)
    theirs_of(0)
    compare("decoding, one stream", mine, theirs, "0.8 of reading")
    n_bytes = BYTES * sum(p.numel() for p in model.parameters())
    rate = probe(n_bytes)
    if rate:
        known = [r for r in (mine() for _ in range(REPEAT)) if r]
        share = peer_time.spread([100 * r * n_bytes / rate[0] for r in known]) \
            if known else "not measured"
        print(f"{'':<26}{rate[0] / n_bytes:10.1f} at {rate[0] / 1e9:.1f} GB/s "
              f"read, weights {n_bytes / 1e9:.3f} GB: share, %, {share}")


def main():
    global MACHINE
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    cfg = Qwen2Config(**SHAPE, rope_theta=10000.0, rms_norm_eps=1e-6,
                      tie_word_embeddings=True, eos_token_id=0,
                      initializer_range=0.02, attention_dropout=0.0)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    model = Qwen2ForCausalLM(cfg).float().eval()
    if TYPE == "bf16":
        model = model.bfloat16()
    MACHINE = probe(1 << 30)
    tmp = tempfile.mkdtemp(prefix="ulp-peers")
    dir_ = tmp + "/model"
    try:
        model.save_pretrained(dir_)
        for f in os.listdir(TOKENIZER):
            shutil.copy(os.path.join(TOKENIZER, f), dir_)
        print(f"{SIZE}, {TYPE}, {THREADS} thread(s): ulp, transformers "
              f"{transformers.__version__} on torch {torch.__version__}")
        for what in GENERATE[0]:
            generation(dir_, model, tmp, what)
        if SIZE != "tiny":  # which takes less than starting a process
            decode(dir_, model, tmp)
        batches = {name: batch_of(TRAIN, SHAPE["vocab_size"], mixed)
                   for name, mixed in (("equal", 0), ("mixed", 1))}
        if SIZE == "tiny":
            batches["the experiment's"] = batch_kept()
        for name, batch in batches.items():
            if batch:
                trained(dir_, model, tmp, name, batch)
    finally:
        shutil.rmtree(tmp)


if __name__ == "__main__":
    main()
