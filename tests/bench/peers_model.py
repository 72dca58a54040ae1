"""peers_model.py - a model of a directory beside other programs, in one run

usage: python3 tests/bench/peers_model.py BIN DIR [THREADS] [fp32|bf16] [ROWS]

Beside each of llama.cpp (llama-cpp-python, gguf), CTranslate2 (fp32) and
transformers on torch that this Python has; the others are named and left out.
The same weights, prompts and number of threads, sampling at temperature 1, as
many new tokens. Greedy tokens of a few prompts show that the peer has read the
same model: where most are others, its lines are left out.

ROWS, with commas between, of:
  streams   16 prompts of 64 tokens, 64 new tokens each
  samples   4 prompts, 8 samples of 64 new tokens of each
  one       one stream of 128 new tokens
  prompt    the first token after a prompt of 2,048
  first     the first token after a prompt of 64: milliseconds
  update    one DAPO update of 2 groups of 8 samples, 64 + 64 tokens (torch)

All programs have read the model and made a round before they are timed. Ours is
a rollout that waits for its trainer's word (--sync); a round is from that word
to the last record. Runs take turns, a ratio is of a turn, and a line has its
median, least and most. peer_time.py says what time is.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import peer_time

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = {"llama.cpp": "peer_llama", "CTranslate2": "peer_ct2",
         "transformers": "peer_torch"}
ARM = {"fp32": "fp32", "bf16": "bf16-weights,order=canonical"}
# prompts, tokens of each, samples of each, new tokens; turns; what is counted
ROWS = {"streams": (16, 64, 1, 64, 5, "new tokens/s"),
        "samples": (4, 64, 8, 64, 5, "new tokens/s"),
        "one": (1, 64, 1, 128, 5, "new tokens/s"),
        "prompt": (1, 2048, 1, 1, 5, "prompt tokens/s"),
        "first": (1, 64, 1, 1, 15, "ms"),
        "update": (2, 64, 8, 64, 3, "tokens/s")}
TARGET = {("streams", "fp32", "llama.cpp"): 3.5,
          ("streams", "bf16", "llama.cpp"): 2.5,
          ("samples", "fp32", "llama.cpp"): 3.5,
          ("samples", "bf16", "llama.cpp"): 2.5,
          ("one", "fp32", "llama.cpp"): 2, ("one", "bf16", "llama.cpp"): 2,
          ("update", "fp32", "transformers"): 2,
          ("update", "bf16", "transformers"): 2}


class Setting:
    def __init__(self, bin_, dir_, threads, type_, tmp):
        self.bin, self.dir, self.threads = bin_, dir_, threads
        self.type, self.tmp = type_, tmp
        with open(os.path.join(dir_, "config.json")) as f:
            self.vocab = json.load(f)["vocab_size"]

    def words(self):
        return ["--quiet", "--device", "cpu", "--threads", str(self.threads),
                "--arm", os.environ.get("PEER_ARM") or ARM[self.type]]

    def program(self, name, *words):
        return subprocess.run(
            [os.path.join(self.bin, name), *self.words(), *map(str, words)],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def prompts(self, n, length):
        """The same ones each time, of any tokens."""
        state, out = 1, []
        for _ in range(n * length):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            out.append(8 + (state >> 33) % (self.vocab - 8))
        return [out[i * length:(i + 1) * length] for i in range(n)]


# ---- ours ----

def go(prompts):
    """What a trainer sends: {"type": "go", "step": 0, "prompts": N}, as
    msgpack."""
    return (b"\x83\xa4type\xa2go\xa4step\x00\xa7prompts\xcd" +
            prompts.to_bytes(2, "big"))


class Sampler:
    """A rollout that has read the model; each run is a round of it."""

    def __init__(self, s, n_prompts, samples, n_new, greedy=False):
        fifo = os.path.join(s.tmp, "fifo")
        os.mkfifo(fifo)
        self.threads, self.n = s.threads, n_prompts * samples
        self.p = subprocess.Popen(
            [os.path.join(s.bin, "rollout"), *s.words(), "--model", s.dir,
             "--sync", fifo, "--samples", str(samples), "--max-new",
             str(n_new), "--batch", str(self.n), "--eos", str(s.vocab - 1),
             "--temperature", "0" if greedy else "1", "--json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.fifo = open(fifo, "wb", buffering=0)
        os.unlink(fifo)

    def now(self):
        if self.threads > 1:
            return time.perf_counter()
        return time.clock_gettime(~self.p.pid << 3 | 2)  # that process's CPU

    def record(self):
        while True:
            line = self.p.stdout.readline()
            if not line:
                raise SystemExit("peers_model: rollout ended")
            r = json.loads(line)
            if "response_tokens" in r:
                return r["response_tokens"]

    def run(self, prompts):
        """Seconds, and the new tokens of each sequence."""
        text = "".join(json.dumps(dict(id=str(i), prompt_tokens=p)) + "\n"
                       for i, p in enumerate(prompts))
        began = self.now()
        self.p.stdin.write(text.encode())
        self.p.stdin.flush()
        self.fifo.write(go(len(prompts)))
        made = [self.record() for _ in range(self.n)]
        return self.now() - began, made

    def close(self):
        self.fifo.write(b"\x81\xa4type\xa3end")
        self.p.stdin.close()
        self.p.stdout.read()
        self.p.wait()
        self.fifo.close()


# ---- theirs ----

class Worker:
    """A peer in its process (peer_worker.py)."""

    def __init__(self, s, name):
        self.p = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "peer_worker.py"), PEERS[name],
             s.dir, s.type, str(s.threads), s.tmp], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.short, said = name, self.answer()
        self.name, self.skip = said.get("name", name), said.get("skip")

    def answer(self):
        line = self.p.stdout.readline()
        return json.loads(line) if line else {"skip": "its process ended"}

    def ask(self, **what):
        """Seconds, None where the peer failed; tokens."""
        if not self.skip:
            try:
                print(json.dumps(what), file=self.p.stdin, flush=True)
                a = self.answer()
            except BrokenPipeError:
                a = {"skip": "its process ended"}
            self.skip = a.get("skip")
        return (None, None) if self.skip else (a["seconds"], a["tokens"])

    def close(self):
        try:
            self.p.stdin.close()
        except BrokenPipeError:
            pass
        self.p.stdout.read()
        self.p.wait()


def same_model(s, worker, mine, prompts):
    """Leaves the peer out where it makes other tokens than we do."""
    _, theirs = worker.ask(prompts=prompts, samples=1, n_new=4, greedy=True)
    if not theirs:
        return
    pairs = [p for a, b in zip(mine, theirs) for p in zip(a, b)]
    n, n_all = sum(a == b for a, b in pairs), sum(map(len, mine))
    print(f"  {worker.name}: {n} of {n_all} greedy tokens are ulp's")
    if 2 * n < n_all:
        worker.skip = "most greedy tokens are others: not the same model"


def open_peers(s):
    prompts = s.prompts(4, 16)
    ours = Sampler(s, 4, 1, 4, greedy=True)
    _, mine = ours.run(prompts)
    ours.close()
    peers = [Worker(s, name) for name in PEERS]
    for w in peers:
        if not w.skip:
            same_model(s, w, mine, prompts)
    for w in peers:
        if w.skip:
            print(f"  {w.name}: skipped, {w.skip}")
            w.close()
    sys.stdout.flush()
    return [w for w in peers if not w.skip]


# ---- rows ----

def line(s, row, unit, amount, peer, turns):
    """turns: seconds of ours and of the peer."""
    a, b = zip(*turns)
    mine, theirs = ((1e3 * statistics.median(a), 1e3 * statistics.median(b))
                    if unit == "ms" else
                    (amount / statistics.median(a),
                     amount / statistics.median(b)))
    target = TARGET.get((row, s.type, peer))
    print(f"{row:<8} {s.type} {peer:<13}{mine:9.1f}{theirs:9.1f} {unit:<16}"
          f"ratio {peer_time.spread([y / x for x, y in turns])}"
          f"{f'   target {target}' if target else ''}", flush=True)


def take_turns(s, row, peers, mine, ask, amount):
    """mine: seconds of a run of ours; ask: those of a peer's."""
    n, unit = ROWS[row][4:]
    mine()
    for w in peers:
        ask(w)
    turns = {w.short: [] for w in peers}
    for _ in range(n):
        a = mine()
        for w in peers:
            b = ask(w)
            if b is not None:
                turns[w.short].append((a, b))
    for w in peers:
        if w.skip:
            print(f"{row:<8} {s.type} {w.short}: not measured, {w.skip}")
        else:
            line(s, row, unit, amount, w.short, turns[w.short])


def generation(s, row, peers):
    n, length, samples, n_new = ROWS[row][:4]
    prompts = s.prompts(n, length)
    ours = Sampler(s, n, samples, n_new)

    def per_token(seconds, made):
        """As if all had been made: an end token may come before."""
        return seconds * n * samples * n_new / sum(map(len, made))

    def ask(w):
        seconds, made = w.ask(prompts=prompts, samples=samples, n_new=n_new)
        return made and per_token(seconds, made)

    take_turns(s, row, peers, lambda: per_token(*ours.run(prompts)), ask,
               n * length if row == "prompt" else n * samples * n_new)
    ours.close()


def update(s, row, peers):
    peers = [w for w in peers if w.short == "transformers"]
    if not peers:
        print(f"{row:<8} {s.type} skipped, no transformers on torch")
        return
    from peer_update import Ours, batch_of
    n, length, samples, n_new = ROWS[row][:4]
    sizes = n, samples, length, n_new
    batch = batch_of(sizes, s.vocab, mixed=False)
    ours = Ours(s.program, s.threads, s.dir, s.tmp, batch, sizes, 2)
    take_turns(s, row, peers, lambda: ours.seconds(512),
               lambda w: w.ask(update=batch)[0], ours.total)


def processor():
    with open("/proc/cpuinfo") as f:
        seen = dict(x.split(":", 1) for x in f if ":" in x)
    seen = {k.strip(): v.strip() for k, v in seen.items()}
    has = [x for x in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
           if x in seen.get("flags", "").split()]
    return f"{seen.get('model name', 'a processor')} ({' '.join(has)})"


def main():
    bin_, dir_ = sys.argv[1:3]
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    type_ = sys.argv[4] if len(sys.argv) > 4 else "fp32"
    rows = sys.argv[5].split(",") if len(sys.argv) > 5 else list(ROWS)
    if not os.path.exists(os.path.join(dir_, "model.safetensors")):
        sys.exit(f"peers_model: {dir_} has no model.safetensors")
    unknown = [r for r in rows if r not in ROWS]
    if unknown:
        sys.exit(f"peers_model: no row {unknown[0]}: {', '.join(ROWS)}")
    tmp = tempfile.mkdtemp(prefix="ulp-peers")
    try:
        s = Setting(bin_, dir_, threads, type_, tmp)
        print(f"{os.path.basename(os.path.abspath(dir_))}, {type_}, {threads} "
              f"thread(s), {processor()}, load {os.getloadavg()[0]:.1f}: ulp, "
              "then", flush=True)
        peers = open_peers(s)
        for row in rows if peers else ():
            (update if row == "update" else generation)(s, row, peers)
        for w in peers:
            w.close()
    finally:
        shutil.rmtree(tmp)


if __name__ == "__main__":
    main()
