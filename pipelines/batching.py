"""batching - how long ranks sample when responses differ in length

The sampler's own policy (lib/generate/gen.h, lib/comm/work_queue.h), an event at a
time: a rank has at most `batch` sequences at once and takes the next prompt, with
all its samples, when a sequence has ended and no sample of an earlier prompt
waits. Every sequence of a rank gains one token in each pass. The cache holds the
batch: nothing is preempted. Prompts come in the order of the input; when the last
has been taken, ranks end one by one, and a step ends with the slowest.
"""
import heapq
import random


class Lengths:
    """Lengths of responses: quantiles at equal distances from the least to the
    largest, as parts of the most tokens that a response may have."""

    def __init__(self, quantiles, source):
        self.quantiles, self.source = quantiles, source

    def at(self, u):
        """The part below which u of the responses are; linear between two."""
        x = u * (len(self.quantiles) - 1)
        i = min(int(x), len(self.quantiles) - 2)
        low, high = self.quantiles[i], self.quantiles[i + 1]
        return low + (high - low) * (x - i)

    def scaled(self, longest, mean):
        """A function of u: tokens of a response, 1 to longest. mean: what they
        are to be in the mean, by one factor to all before the longest cuts them
        off; 0: the parts as they were measured."""
        def tokens(u, factor):
            return max(1, min(longest, int(factor * longest * self.at(u) + 0.5)))

        grid = [(i + 0.5) / 512 for i in range(512)]

        def mean_at(factor):
            return sum(tokens(u, factor) for u in grid) / len(grid)
        factor = 1.0
        if mean:
            low, high = 0.0, 1.0
            while mean_at(high) < mean and high < 1e6:
                high *= 2
            for _ in range(40):
                factor = (low + high) / 2
                low, high = (factor, high) if mean_at(factor) < mean else \
                    (low, factor)
        return lambda u: tokens(u, factor)

    def draw(self, n, longest, mean, seed):
        """n lengths. The u are evenly spread and shuffled, so that few draws
        have the distribution's mean."""
        tokens = self.scaled(longest, mean)
        found = [tokens((i + 0.5) / n) for i in range(n)]
        random.Random(seed).shuffle(found)
        return found


class Rank:
    """passes: that it has done, which is what each sequence has gained. ends:
    of the running sequences, the pass that each ends after."""

    def __init__(self):
        self.now = self.passes = self.slot_seconds = 0.0
        self.ends, self.waiting = [], []


def sample(groups, ranks, batch, pass_seconds, prompt_seconds=0.0):
    """groups: for each prompt the lengths of its samples. pass_seconds(n): of a
    pass with n sequences; prompt_seconds: of a prompt's own tokens.

    A dict: seconds (until the last rank ends), of_ranks (when each ends), and
    slots: the part of all sequences at once that was in use until then."""
    todo = list(reversed(groups))
    all_ranks = [Rank() for _ in range(ranks)]
    queue = [(0.0, i) for i in range(ranks)]  # when a rank's next sequence ends
    while queue:
        now, i = heapq.heappop(queue)
        r = all_ranks[i]
        if r.ends:
            gained = r.ends[0] - r.passes
            r.slot_seconds += len(r.ends) * (now - r.now)
            r.passes += gained
        r.now = now
        while r.ends and r.ends[0] <= r.passes:
            heapq.heappop(r.ends)
        while len(r.ends) < batch and (r.waiting or todo):
            if not r.waiting:
                r.waiting = list(reversed(todo.pop()))
                r.now += prompt_seconds
            heapq.heappush(r.ends, r.passes + r.waiting.pop())
        if r.ends:
            heapq.heappush(queue, (r.now + (r.ends[0] - r.passes) *
                                   pass_seconds(len(r.ends)), i))
    last = max(r.now for r in all_ranks)
    used = sum(r.slot_seconds for r in all_ranks)
    return dict(seconds=last, of_ranks=[r.now for r in all_ranks],
                slots=used / (last * ranks * batch) if last else 1.0)


def shards(rows, n):
    """Rows of n shards of a mini-batch; rows: of its groups in order. A shard
    ends at the first group end where n times the rows so far are the k-th part
    of all (lib/train/shards.c)."""
    total, so_far, at, found = sum(rows), 0, 0, []
    for k in range(n):
        before, first = so_far, at
        while at < len(rows) and (at == first or
                                  n * so_far < (k + 1) * total):
            so_far += rows[at]
            at += 1
        found.append(so_far - before)
    return found


def rounds(of_shards, ranks):
    """Rows that the slowest ranks compute one after the other: shard k is rank
    k mod R's, and a round ends with its largest."""
    return sum(max(of_shards[i:i + ranks])
               for i in range(0, len(of_shards), ranks))


def micro_batches(of_shards, ranks, tokens):
    """How many of at most so many tokens the rank with most has."""
    return max(sum(-(-rows // tokens) for rows in of_shards[r::ranks])
               for r in range(ranks))
