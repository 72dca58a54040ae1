"""peers.py - tokens per second beside transformers on torch, in one run

usage: python3 tests/bench/peers.py BIN [tiny|0.5b] [THREADS]

The same random weights, sequences, batch, number of threads and arithmetic
(fp32). Training is a DAPO update: forward, clipped loss, backward, AdamW.
Generation samples at temperature 1 with a KV cache, the same prompts and
lengths; our side is timed as a whole process less one that reads the model and
makes one token, or one step. Each is the best of REPEAT; peers get what is quicker of one batch and
micro-batches. Time is the CPU's with one thread, so that a busy machine does
not count, and the clock's with more. Decoding of one
stream is held against the memory's bandwidth: every weight is read once a
token.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

THREADS = int(sys.argv[3]) if len(sys.argv) > 3 else 1
os.environ["OMP_NUM_THREADS"] = str(THREADS)
try:
    import torch
    import transformers
    from transformers import Qwen2Config, Qwen2ForCausalLM
except ImportError as err:
    print(f"peers: skipped, no {err.name}")
    sys.exit(0)

BIN = sys.argv[1]
SIZE = sys.argv[2] if len(sys.argv) > 2 else "tiny"
TOKENIZER = "data/tokenizer/tiny"
SHAPES = {
    "tiny": dict(vocab_size=470, hidden_size=96, num_hidden_layers=3,
                 num_attention_heads=4, num_key_value_heads=2,
                 intermediate_size=256, max_position_embeddings=160),
    "0.5b": dict(vocab_size=151936, hidden_size=896, num_hidden_layers=24,
                 num_attention_heads=14, num_key_value_heads=2,
                 intermediate_size=4864, max_position_embeddings=4096),
}
# groups, samples of a group, prompt tokens, most response tokens: lengths are
# spread evenly from a tenth of it, and peers pad them, as they do
TRAIN = {"tiny": (16, 8, 24, 40), "0.5b": (2, 4, 32, 80)}[SIZE]
# prompts, prompt tokens, new tokens, sequences at once
GENERATE = {"tiny": (1024, 24, 40, 64), "0.5b": (16, 32, 16, 16)}[SIZE]
DECODE = {"tiny": 120, "0.5b": 24}[SIZE]
REPEAT = {"tiny": 3, "0.5b": 1}[SIZE]


def say(what, ours, theirs, target, unit="tokens/s"):
    print(f"{what:<28} {ours:10.0f} {theirs:10.0f} {unit}   ratio "
          f"{ours / theirs:6.2f}   target {target}")
    sys.stdout.flush()


def clock():
    if THREADS > 1:
        return time.perf_counter()
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system


def best(fn):
    times = []
    for _ in range(REPEAT):
        began = clock()
        fn()
        times.append(clock() - began)
    return min(times)


def ours(*args, stdin=None):
    return subprocess.run([os.path.join(BIN, args[0]), *map(str, args[1:])],
                          stdin=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True).stdout


def rows(path, records):
    with open(path, "w") as f:
        for r in records:
            f.write(json.dumps(r) + "\n")


def training(dir_, model, tmp):
    groups, samples, n_prompt, n_new = TRAIN
    g = torch.Generator().manual_seed(1)
    vocab = SHAPES[SIZE]["vocab_size"]
    n = n_prompt + n_new
    tokens = torch.randint(2, vocab, (groups * samples, n), generator=g)
    for i in range(groups):  # a group shares its prompt
        tokens[i * samples:(i + 1) * samples, :n_prompt] = \
            tokens[i * samples, :n_prompt]
    reward = [1 if i % samples % 2 else -1 for i in range(groups * samples)]
    low = n_new // 10
    length = [low + i * 7 % (n_new - low + 1) for i in range(len(tokens))]
    length[0] = n_new
    steps = {"tiny": 9, "0.5b": 2}[SIZE]
    rows(tmp + "/train", [
        dict(id=f"{s}/{i // samples}", sample=i % samples, step=s,
             prompt_tokens=t[:n_prompt],
             response_tokens=t[n_prompt:n_prompt + length[i]],
             response_logprobs=[0.0] * length[i], reward=float(reward[i]),
             correct=reward[i] > 0)
        for s in range(steps) for i, t in enumerate(tokens.tolist())])

    def mine(steps):
        return best(lambda: ours(
            "dapo-step", "--quiet", "--device", "cpu", "--threads", THREADS,
            "--model", dir_, "--out", tmp + "/ck", "--steps", steps,
            "--prompts", groups, "--mini-batch", groups, "--samples", samples,
            "--off-policy", "-o", "/dev/null", tmp + "/train"))

    mine_s = (mine(steps) - mine(1)) / (steps - 1)
    shutil.rmtree(tmp + "/ck")

    adv = torch.tensor([1.0 if r > 0 else -1.0 for r in reward])[:, None]
    opt = torch.optim.AdamW(model.parameters(), lr=1e-6, weight_decay=0.01)
    n_tokens = sum(length)
    mask = (torch.arange(n_new)[None] <
            torch.tensor(length)[:, None]).float()
    padded = torch.cat([torch.ones(len(tokens), n_prompt), mask], 1)[:, :-1]

    def update(micro):
        for k in range(0, len(tokens), micro):
            x, a = tokens[k:k + micro], adv[k:k + micro]
            z = model(x[:, :-1], attention_mask=padded[k:k + micro],
                      use_cache=False).logits[:, n_prompt - 1:]
            lp = torch.log_softmax(z.float(), -1).gather(
                -1, x[:, n_prompt:, None])[..., 0]
            r = torch.exp(torch.clamp(lp - lp.detach(), -20, 20))
            loss = torch.maximum(-a * r, -a * torch.clip(r, 0.8, 1.28))
            ((loss * mask[k:k + micro]).sum() / n_tokens).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad()

    model.train()
    update(len(tokens))
    times = [best(lambda m=m: update(m))
             for m in {len(tokens), max(1, len(tokens) // 4)}]
    model.eval()
    total = groups * samples * n_prompt + n_tokens
    say("training", total / mine_s, total / min(times),
        {"tiny": 5, "0.5b": 1.3}[SIZE])


def count(out):
    return sum(len(json.loads(x)["response_tokens"]) for x in out.splitlines())


def opening(dir_, tmp):
    """Seconds of a process that makes one token: the model is read."""
    rows(tmp + "/one", [dict(id="0", prompt_tokens=[5])])
    return best(lambda: ours("rollout", "--quiet", "--device", "cpu",
                             "--threads", THREADS, "--model", dir_,
                             "--max-new", 1, "--json", tmp + "/one"))


def generation(dir_, model, tmp, n, n_prompt, n_new, batch, what, target):
    g = torch.Generator().manual_seed(2)
    x = torch.randint(2, SHAPES[SIZE]["vocab_size"], (n, n_prompt),
                      generator=g)
    rows(tmp + "/prompts", [dict(id=str(i), prompt_tokens=t)
                            for i, t in enumerate(x.tolist())])
    out = []

    def mine():
        out[:] = [ours("rollout", "--quiet", "--device", "cpu", "--threads",
                       THREADS, "--model", dir_, "--max-new", n_new,
                       "--batch", batch, "--seed", 3, "--json",
                       tmp + "/prompts")]

    def theirs():
        with torch.inference_mode():
            for k in range(0, n, batch):
                model.generate(x[k:k + batch], do_sample=True, top_k=0,
                               min_new_tokens=n_new, max_new_tokens=n_new,
                               attention_mask=torch.ones_like(x[k:k + batch]),
                               pad_token_id=0)

    t = best(mine) - (opening(dir_, tmp) if what else 0)
    a = count(out[0]) / t
    b = n * n_new / best(theirs)
    say(what, a, b, target)
    return t, count(out[0])


def decode(dir_, model, tmp):
    """One stream: two lengths, so that opening the model is left out."""
    short, long_ = 4, 4 + DECODE
    was = sys.stdout
    sys.stdout = open(os.devnull, "w")
    one = [generation(dir_, model, tmp, 1, 4, k, 1, "", 1)
           for k in (short, long_)]
    sys.stdout = was
    if one[1][1] <= one[0][1]:
        print("decoding, one stream: the response ended too soon")
        return
    mine = (one[1][1] - one[0][1]) / (one[1][0] - one[0][0])
    n_bytes = 4 * sum(p.numel() for p in model.parameters())
    big = torch.ones(max(n_bytes // 4, 1 << 26))
    bw = big.numel() * 4 / min(best(lambda: big.sum()) for _ in range(3))
    say("decoding, one stream", mine, bw / n_bytes, "0.8 of the bandwidth")
    print(f"  weights {n_bytes / 1e9:.3f} GB a token, memory "
          f"{bw / 1e9:.1f} GB/s")


def main():
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    cfg = Qwen2Config(**SHAPES[SIZE], rope_theta=10000.0, rms_norm_eps=1e-6,
                      tie_word_embeddings=True, eos_token_id=0,
                      initializer_range=0.02, attention_dropout=0.0)
    transformers.utils.logging.disable_progress_bar()
    model = Qwen2ForCausalLM(cfg).float().eval()
    tmp = tempfile.mkdtemp(prefix="ulp-peers")
    dir_ = tmp + "/model"
    try:
        model.save_pretrained(dir_)
        for f in os.listdir(TOKENIZER):
            shutil.copy(os.path.join(TOKENIZER, f), dir_)
        print(f"{SIZE}: ulp, transformers on torch {torch.__version__}, "
              f"{THREADS} thread(s), fp32")
        n, p, k, b = GENERATE
        generation(dir_, model, tmp, n, p, k, b, f"generation, batch {b}",
                   {"tiny": 5, "0.5b": 1.5}[SIZE])
        if SIZE != "tiny":
            decode(dir_, model, tmp)
        training(dir_, model, tmp)
    finally:
        shutil.rmtree(tmp)


main()
