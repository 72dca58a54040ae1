"""peer_update - one DAPO update beside torch: dapo-step against a loop in torch

Forward, clipped loss, backward, clip, AdamW of the same batch from the same
weights; tokens are those of prompts and responses. Both sides train with what is
quicker of a few micro-batches. Ours is what dapo-step says of its steps after
the first.
"""
import json
import os
import shutil
import statistics

import torch

from peer_time import compare, timed


def batch_of(sizes, vocab, mixed):
    """Records of one step: groups of samples, all rewards there are. sizes:
    groups, samples, prompt tokens, response tokens."""
    groups, samples, n_prompt, n_new = sizes
    g = torch.Generator().manual_seed(1)
    low, made = n_new // 10, []
    for i in range(groups * samples):
        x = torch.randint(8, vocab, (n_prompt + n_new,), generator=g).tolist()
        if i % samples == 0:
            prompt = x[:n_prompt]  # the group's
        n = low + i * 7 % (n_new - low + 1) if mixed and i else n_new
        made.append(dict(id=str(i // samples), sample=i % samples,
                         prompt_tokens=prompt,
                         response_tokens=x[n_prompt:n_prompt + n],
                         response_logprobs=[0.0] * n,
                         reward=1.0 if i % 2 else -1.0,
                         correct=bool(i % 2)))
    return made


def count(batch, *what):
    return sum(len(r[w + "_tokens"]) for r in batch for w in what)


def distinct(batch):
    """Rows and scored tokens; those of a shared prefix count once."""
    n_rows, n_heads = set(), set()
    for r in batch:
        x = r["prompt_tokens"] + r["response_tokens"]
        for i in range(1, len(x)):
            n_rows.add((r["id"], *x[:i]))
            if i >= len(r["prompt_tokens"]):
                n_heads.add((r["id"], *x[:i + 1]))
    return len(n_rows), len(n_heads)


def padded(batch):
    """Tokens, prompts on the left and responses on the right of a column;
    which are real; which are of the response; the column."""
    p = max(len(r["prompt_tokens"]) for r in batch)
    q = max(len(r["response_tokens"]) for r in batch)
    x = torch.zeros(len(batch), p + q, dtype=torch.long)
    real = torch.zeros(len(batch), p + q)
    for i, r in enumerate(batch):
        row = r["prompt_tokens"] + r["response_tokens"]
        at = p - len(r["prompt_tokens"])
        x[i, at:at + len(row)] = torch.tensor(row)
        real[i, at:at + len(row)] = 1
    return x, real, real[:, p:], p


class Ours:
    """dapo-step on the batch. program: runs one of ours with these words."""

    def __init__(self, program, threads, dir_, tmp, batch, sizes, steps):
        self.program, self.dir, self.tmp = program, dir_, tmp
        self.key = "train_s" if threads > 1 else "train_cpu_s"
        self.sizes, self.steps = sizes, steps
        self.total = count(batch, "prompt", "response")
        with open(tmp + "/train", "w") as f:
            for s in range(steps):
                for r in batch:
                    f.write(json.dumps(dict(r, id=f"{s}/{r['id']}", step=s)) +
                            "\n")

    def seconds(self, micro):
        """Of a step."""
        groups, samples = self.sizes[:2]
        self.program(
            "dapo-step", "--model", self.dir, "--out", self.tmp + "/ck",
            "--steps", self.steps, "--prompts", groups, "--mini-batch", groups,
            "--samples", samples, "--micro-batch", micro, "--off-policy",
            "--json", "--timing", self.tmp + "/timing", "-o", "/dev/null",
            self.tmp + "/train")
        shutil.rmtree(self.tmp + "/ck")
        with open(self.tmp + "/timing") as f:
            return statistics.mean(json.loads(x)[self.key]
                                   for x in list(f)[1:])

    def best_of(self, micros):
        self.micro = min(micros, key=self.seconds) if len(micros) > 1 else \
            micros[0]  # the bits are the same
        return self

    def rate(self):
        return self.total / self.seconds(self.micro)


class Torch:
    def __init__(self, model, batch):
        self.model, self.batch = model, batch
        self.total = count(batch, "prompt", "response")
        self.scored = count(batch, "response")
        self.adv = torch.tensor([1.0 if r["correct"] else -1.0
                                 for r in batch])[:, None]
        self.opt = torch.optim.AdamW(model.parameters(), lr=1e-6,
                                     weight_decay=0.01)
        self.tokens, self.real, self.mask, self.at = padded(batch)
        self.pos = (self.real.cumsum(1) - 1).clamp(min=0).long()

    def loss(self, s):
        """Of the sequences of slice s."""
        at, a = self.at, self.adv[s]
        z = self.model(self.tokens[s, :-1], attention_mask=self.real[s, :-1],
                       position_ids=self.pos[s, :-1],
                       use_cache=False).logits[:, at - 1:]
        lp = torch.log_softmax(z.float(), -1).gather(
            -1, self.tokens[s, at:, None])[..., 0]
        r = torch.exp(torch.clamp(lp - lp.detach(), -20, 20))
        both = torch.maximum(-a * r, -a * torch.clip(r, 0.8, 1.28))
        return (both * self.mask[s]).sum() / self.scored

    def update(self, micro):
        for k in range(0, len(self.batch), micro):
            self.loss(slice(k, k + micro)).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.opt.step()
        self.opt.zero_grad()

    def best(self, threads):
        self.threads = threads
        self.update(len(self.batch))
        sizes = [len(self.batch), max(1, len(self.batch) // 4)]
        self.micro = min(sizes, key=lambda m: timed(
            lambda: self.update(m), threads)[0])
        return self

    def rate(self):
        return self.total / timed(lambda: self.update(self.micro),
                                  self.threads)[0]


def training(name, ours, micros, model, batch, threads, target, repeat,
             peak=None):
    """A line of tokens per second. peak: gives those at the machine's peak, of
    rows, scored tokens and tokens."""
    model.train()
    mine, theirs = ours.best_of(micros), Torch(model, batch).best(threads)
    compare(f"training, {name}", mine.rate, theirs.rate, target, repeat,
            peak(*distinct(batch), ours.total) if peak else None)
    model.eval()
    theirs.opt.zero_grad()
