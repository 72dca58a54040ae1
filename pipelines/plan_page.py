"""plan_page - the page that `make plan` prints, from what planning.py found"""
from place import shards_of
from planning import WAYS


def size(b):
    for unit, shift in (("TiB", 40), ("GiB", 30)):
        if b >= 1 << shift:
            return f"{b / (1 << shift):.1f} {unit}"
    return f"{b / (1 << 20):.1f} MiB"


def duration(s):
    for limit, unit, word in ((90, 1, "s"), (5400, 60, "min"),
                              (172800, 3600, "h"), (63072000, 86400, "days")):
        if s < limit:
            return f"{s / unit:.{1 if unit > 60 else 0}f} {word}"
    return f"{s / 31536000:.1f} years"


def way_options(i):
    """The parameters that are way i to take less."""
    train, batch, parked = WAYS[i]
    words = f"TRAIN_OPTS='{train}'"
    if parked:
        words += f" ROLLOUT_OPTS='--offload{f' --batch {batch}' if batch else ''}'"
    return words


class Page:
    def __init__(self, plan, counts, table):
        """counts: stages to run, stages in all, by kind, chunks of a run.
        table: ablation, mismatch, sweep, or None; a table has no draws and no
        replicates."""
        self.plan, self.p, self.counts = plan, plan.p, counts
        self.arms = plan.arms
        self.runs = len(self.arms) * len(self.p.SEEDS) if table else \
            len(self.p.runs(self.p.arms))
        self.each = 0 if table else 1  # replicates of an arm
        self.again = self.each * len(self.arms)
        self.wrong = list(dict.fromkeys(plan.missing))
        self.left_out = ""
        self.tokens = self.work = self.seconds = 0
        self.rows = []  # of the table of work
        self.files = self.disk_of(self.p.KEEP) if self.arms else None
        self.too_long()

    def too_long(self):
        for i, s in enumerate(self.plan.sets):
            if s.too_long and s.cap:
                self.left_out = (f"  ({s.too_long} prompts of {s.name} have "
                                 f"more than MAX_PROMPT={s.cap} tokens and are "
                                 "left out)")
            elif s.too_long:
                room = self.plan.context - s.longest
                self.wrong.append(
                    f"{s.too_long} prompts of {s.name} have more than {room} "
                    f"tokens: with {s.longest} new ones that is above the "
                    f"context of {self.plan.context}. " +
                    ("A smaller max_new makes room" if i else
                     f"MAX_PROMPT={room} leaves them out"))

    # ---- memory ----

    def at_most(self, arm, way=0):
        return self.plan.memory[arm.name][way]["at_most"]

    def memory(self):
        plan, p = self.plan, self.p
        print(f"\nMemory of a training stage ({size(plan.mem)}: "
              f"{plan.mem_from})")
        width = max(14, *(len(a.factors) for a in self.arms))
        print(f"  {'arm':<{width}} {'weights':>10} {'state':>10} {'gradients':>10} "
              f"{'activations':>11} {'sampler':>10} {'its cache':>10} "
              f"{'at most':>10}")
        for a in self.arms:
            m = plan.memory[a.name][0]
            cells = (m["compute_weight_bytes"], m["state_bytes"],
                     m["gradient_bytes"],
                     m["activation_bytes"] + m["scratch_bytes"],
                     m["sampler_weight_bytes"],
                     m["sampler_cache_bytes"] + m["sampler_pass_bytes"],
                     m["at_most"])
            text = " ".join(f"{size(b):>{11 if i == 3 else 10}}"
                            for i, b in enumerate(cells))
            print(f"  {a.factors:<{width}} {text}" +
                  ("" if m["at_most"] <= plan.mem else "  does not fit"))
        print("  (state: master weights and moments; trainer and sampler "
              "share the device" + (
                  "" if plan.device == "cpu" else
                  ": each gives back what it does not need while the other "
                  "works") + ")")
        print(f"  (micro-batch of {plan.micro} tokens, {plan.batch} sequences "
              f"at once, sequences of at most {plan.longest} tokens)")
        if plan.device == "cpu" and int(p.JOBS) > 1:
            print(f"  (each of the {p.JOBS} stages that run at once takes this "
                  "much; -j1 runs one)")

    # ---- disk ----

    def new(self, longest):
        """Tokens of a response."""
        want = self.p.MEAN_NEW
        return want if 0 < want < longest else longest

    def disk_of(self, keep):
        """Files of the experiment by count and bytes, with that KEEP. older:
        weights kept as differences; what they take is not known, at most about
        the whole."""
        p, plan, chunks = self.p, self.plan, self.counts["chunks"]
        # chunks of a run whose weights and rollouts are there at once
        there = 2 if keep != "all" and chunks > 2 else chunks
        deltas = chunks - there if keep == "deltas" else 0
        of_arm = self.runs // len(self.arms)
        state = [plan.memory[a.name][0]["state_bytes"] for a in self.arms]
        kept = (self.runs * (there + deltas) / chunks + self.again) * \
            p.STEPS * p.PROMPTS * p.SAMPLES * self.new(p.MAX_NEW) * 14
        return dict(
            there=there, last=sum(state) * (of_arm + self.each),
            checkpoints=len(self.arms) * (of_arm * there + self.each),
            checkpoint_bytes=sum(state) * (of_arm * there + self.each),
            older=len(self.arms) * of_arm * deltas,
            older_bytes=sum(plan.memory[a.name][0]["master_weight_bytes"]
                            for a in self.arms) * of_arm * deltas,
            rollout_bytes=kept)

    def disk(self):
        d, keep = self.files, self.p.KEEP
        n, checkpoints = d["checkpoints"], d["checkpoint_bytes"]
        print(f"\nDisk (free where results go: {size(self.plan.free)})")
        print(f"  checkpoints  {n} of {size(checkpoints / n)} on average: "
              f"{size(checkpoints)}" +
              (" (KEEP=last)" if keep == "last" and
               d["there"] < self.counts["chunks"] else ""))
        if d["older"]:
            print(f"  deltas       {d['older']} older ones, at most about "
                  f"{size(d['older_bytes'])}, counted as that (KEEP=deltas)")
        print(f"  rollouts     about {size(d['rollout_bytes'])} (14 bytes a "
              "token, as random ones take)")

    # ---- work ----

    def cost(self, before):
        """FLOP of one token with so many tokens before it."""
        s = self.plan.shape
        return s["flop_per_token"] + s["flop_per_token_of_context"] * before

    def row(self, name, key, times, tokens, work, sampling):
        if not times:
            return
        rate = self.plan.rates[key][0 if sampling else 1]
        self.rows.append(dict(name=name, type=key, tokens=tokens * times,
                              flop=work * times, seconds=work * times / rate))
        print(f"  {name + ', ' + key:<38} {tokens * times:10.4g} "
              f"{work * times:12.3g} {duration(work * times / rate):>12}")
        self.tokens += tokens * times
        self.work += work * times
        self.seconds += work * times / rate

    def training(self):
        p, s = self.p, self.plan.sets[0]
        rows, new = p.PROMPTS * p.SAMPLES, self.new(p.MAX_NEW)
        length = s.prompt + new
        sample = rows * new * self.cost(s.prompt + new / 2) + \
            p.PROMPTS * s.prompt * self.cost(s.prompt / 2)
        # the log-probabilities before the update, a forward and a backward
        update = 4 * rows * length * self.cost(length / 2)
        for name, sampling, tokens, work in (
                ("training: sampling", True, rows * new, sample),
                ("training: scoring and updating", False, rows * length,
                 update)):
            for key in self.plan.rates:
                arms = [a for a in self.arms if self.key(a, sampling) == key]
                times = (self.runs // len(self.arms) + self.each) * len(arms) * p.STEPS
                self.row(name, key, times, tokens, work, sampling)

    def key(self, arm, sampling):
        """The type of an arm's arithmetic; a sampler's may be another."""
        m = self.plan.memory[arm.name][0]
        key = self.plan.key(m)
        other = m["sampler_compute"]
        return other if sampling and other != m["compute"] and \
            other in self.plan.rates else key

    def evaluation(self):
        tokens = work = k_tokens = k_sample = k_score = 0
        for s in self.plan.sets[1:]:
            new = self.new(s.longest)
            length = s.prompt + new
            one = new * self.cost(s.prompt + new / 2)
            tokens += s.rows * s.samples * new
            work += s.rows * (s.samples * one +
                              s.prompt * self.cost(s.prompt / 2))
            k = min(s.rows, self.p.KL_PROMPTS)
            k_tokens += k * length
            k_sample += k * one
            k_score += 4 * k * length * self.cost(length / 2)
        key = self.plan.key(self.plan.eval)
        n = self.runs + self.again  # floors of KL, where there are replicates
        self.row("evaluation", key, len(self.p.SEEDS) + self.runs + self.again,
                 tokens, work, True)
        self.row("KL: sampling", key, n, k_tokens, k_sample, True)
        self.row("KL: scoring by two models", key, n, k_tokens, k_score, False)

    def all_work(self):
        want = self.p.MEAN_NEW
        print("\nWork, by type of arithmetic" + (
            f", at {want} tokens a response (MEAN_NEW)" if want else
            ", every response as long as it may be (MEAN_NEW=N plans with a "
            "mean)"))
        print(f"  {'':<38} {'tokens':>10} {'FLOP':>12} {'time':>12}")
        if self.arms:
            self.training()
        self.evaluation()
        print(f"  {'together':<38} {self.tokens:10.4g} {self.work:12.3g} "
              f"{duration(self.seconds):>12}")
        if self.left_out:
            print(self.left_out)
        print("  (one round of sampling a step: dynamic sampling asks for more "
              "where groups are uniform)")
        for key, (sample, score, source) in self.plan.rates.items():
            print(f"  ({key}: {sample:.3g} and {score:.3g} FLOP/s, sampling "
                  f"and scoring, {source})")

    # ---- what does not fit ----

    def cure(self, arm):
        plan = self.plan
        ways = range(1, len(WAYS))
        way = next((i for i in ways if self.at_most(arm, i) <= plan.mem), None)
        if way:
            print(f"    {way_options(way)} makes it "
                  f"{size(self.at_most(arm, way))} (the same bits)")
            return
        self.more_ranks(arm)
        m = plan.memory[arm.name][-1]
        print(f"    even with {way_options(ways[-1])} it is "
              f"{size(m['at_most'])}: a device of that size (DEVICE_MEM)" +
              ("" if plan.device == "cpu" else
               ", or DEVICE=cpu on a machine with more"))
        fixed = m["activation_bytes"] + m["scratch_bytes"] + \
            m["sampler_cache_bytes"] + m["sampler_pass_bytes"]
        each = (m["at_most"] - fixed) / plan.shape["parameters"]
        print(f"    a smaller MODEL: about {0.9 * plan.mem / each:.2g} "
              "parameters fit in this arm")

    def more_ranks(self, arm):
        """The fewest devices of a host with which it fits, the weights in slices
        where that is what it takes."""
        ranks, shards = 2, shards_of(arm.factors)
        while self.plan.device != "cpu" and ranks <= min(shards, 8):
            for slices in ("", " --shard-weights"):
                for i, (way, *more) in enumerate(WAYS):
                    m = self.plan.memory_of(arm, way + slices, *more,
                                            ranks=ranks)
                    if m["at_most"] <= self.plan.mem:
                        print(f"    RANKS={ranks}"
                              f"{' SHARD_WEIGHTS=1' if slices else ''}"
                              f"{' ' + way_options(i) if i else ''} makes it "
                              f"{size(m['at_most'])} on each of {ranks} "
                              "devices (the same bits)")
                        return
            ranks *= 2

    def does_not_fit(self):
        plan, p, bad = self.plan, self.p, 0
        print("\nWhat does not fit")
        for a in self.arms:
            if self.at_most(a) > plan.mem:
                bad += 1
                print(f"  {a.factors} needs {size(self.at_most(a))}, there are "
                      f"{size(plan.mem)}")
                self.cure(a)
        fits = [a.factors for a in self.arms if self.at_most(a) <= plan.mem]
        if bad and fits:
            print(f"  these arms fit: ARMS='{' '.join(fits)}'")
        if self.arms and self.disk_bytes() > plan.free:
            bad += 1
            self.disk_cure()
        for text in self.wrong:
            print("  " + text)
        if not bad and not self.wrong:
            print("  nothing: it all fits")

    def disk_bytes(self):
        return self.files["checkpoint_bytes"] + self.files["older_bytes"] + \
            self.files["rollout_bytes"]

    def disk_cure(self):
        least = self.files["last"] + self.files["rollout_bytes"]
        print(f"  disk: {size(self.disk_bytes())}, and "
              f"{size(self.plan.free)} are free")
        if self.files["there"] == self.counts["chunks"] > 2:
            print("    KEEP=last keeps two checkpoints of a run at most")
        if least <= self.plan.free:
            print(f"    CHUNK={self.p.STEPS} keeps one checkpoint a run: "
                  f"{size(least)}")
        else:
            print(f"    with CHUNK={self.p.STEPS}, one checkpoint a run, it is "
                  f"{size(least)}; fewer ARMS or SEEDS, or R= on a larger disk")

    def show(self):
        p, c = self.p, self.counts
        kinds = ", ".join(f"{n} {k}" for k, n in sorted(c["kinds"].items()))
        print(f"preset {p.PRESET}, model {p.MODEL or 'made from nothing'}: "
              f"{self.plan.shape['parameters']} parameters; device "
              f"{self.plan.device}\n")
        what = f"{self.runs} training runs of {p.STEPS} steps in " \
            f"{c['chunks']} chunks, and {self.again} replicates" \
            if self.arms else f"{self.runs} runs trained elsewhere"
        print(f"Stages: {c['run']} to run of {c['all']} ({kinds}); {what}")
        if self.arms:
            self.memory()
            self.disk()
        self.all_work()
        self.does_not_fit()

    def quietly(self):
        """show() without the page, for record()."""
        import contextlib
        import io
        with contextlib.redirect_stdout(io.StringIO()):
            self.show()

    def record(self):
        """What the page says, for programs; after show()."""
        return dict(preset=self.p.PRESET, device=self.plan.device,
                    parameters=self.plan.shape["parameters"],
                    stages=self.counts, runs=self.runs,
                    memory_bytes=self.plan.mem,
                    arms={a.factors: self.plan.memory[a.name][0]["at_most"]
                          for a in self.arms},
                    work=self.rows, disk=self.files,
                    rates={k: dict(sampling=a, scoring=b, source=c)
                           for k, (a, b, c) in self.plan.rates.items()},
                    missing=self.wrong)
