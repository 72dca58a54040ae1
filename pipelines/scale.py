"""scale - an experiment on so many GPUs: time, GPU-hours, traffic, disk

A model of the stages in seconds, from what the plan of one device knows
(planning.py), a GPU's data sheet (gpus.json), lengths of responses that were
measured (measured.json, batching.py) and the packing of stages (packing.py).
Nothing runs. scale_page.py prints it; docs/SCALE.md says what it leaves out.
"""
import json
import os

import batching
import pilot
from packing import Job, pack
from place import shards_of
from planning import WAYS, Plan
from wrong import Wrong, number

HERE = os.path.dirname(__file__)
PART_OF_DEVICE = 0.8  # of what is free, a cache takes (lib/generate/gen.h)
DRAWS = 3  # batches whose lengths are drawn for a mean
TRAIN_KINDS = ("sampling", "updates", "traffic", "weights to the sampler",
               "moments to the host and back", "checkpoints")
KINDS = (*TRAIN_KINDS, "evaluation", "KL")


def read_json(path, what):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        raise Wrong(f"{what}={path}: {e}") from None


def gpu_counts(text):
    counts = [number("PLAN_GPUS", w, least=1) for w in text.split()]
    if counts != sorted(set(counts)):
        raise Wrong(f"PLAN_GPUS: found '{text}', expected growing numbers")
    return counts


class Gpu:
    """A row of gpus.json, and what is assumed beside it."""

    def __init__(self, name):
        text = read_json(f"{HERE}/gpus.json", "PLAN_GPU")
        if name not in text["gpus"]:
            raise Wrong(f"PLAN_GPU: found '{name}', expected "
                        f"{' or '.join(text['gpus'])} (pipelines/gpus.json)")
        self.sheet, self.assumed = text["gpus"][name], text["assumed"]
        self.nvlink_bandwidth = None
        self.__dict__.update(self.sheet)
        self.__dict__.update(self.assumed)

    def rate(self, key):
        """FLOP/s of a type of arithmetic (Plan.key), and where it is from.
        Without order=hardware all types are computed by fp32 instructions."""
        peak = self.bf16_flops if key.endswith("hardware") and \
            not key.startswith("fp32") else self.fp32_flops
        return peak * self.utilisation, \
            f"{peak:.3g} of the data sheet x {self.utilisation:g} assumed"

    def link(self, ranks):
        """Bytes a second, one way, between ranks. Within a node: NVLink, over
        which NCCL goes from device to device, or PCIe on a card without it."""
        rates = self.links()
        if ranks > self.gpus_per_node:
            return rates["network"]
        return rates["nvlink"] or rates["pcie"]

    def links(self):
        return dict(nvlink=self.nvlink_bandwidth, pcie=self.host_bandwidth,
                    network=min(self.host_bandwidth, self.network_bandwidth))


class ScalePlan(Plan):
    """A Plan for a GPU that need not be here."""

    def __init__(self, p, tmp, arms, gpu):
        self.gpu = gpu
        p.DEVICE = "cuda"
        p.DEVICE_MEM = p.DEVICE_MEM or str(int(gpu.memory_bytes))
        super().__init__(p, tmp, arms)

    def measured_rate(self, key, name, factors):
        rate, source = self.gpu.rate(key)
        return rate, rate, source


class Scale:
    def __init__(self, plan, page, chunks):
        """plan: a ScalePlan; page: its Page; chunks: of a run."""
        self.plan, self.p, self.gpu, self.chunks = plan, plan.p, plan.gpu, chunks
        self.measured = read_json(f"{HERE}/measured.json", "measured")
        text = self.measured["lengths"]
        self.lengths = batching.Lengths(text["quantiles"], text["source"])
        self.page, self.known = page, {}
        self.runs = self.p.runs(self.p.arms)
        self.kv = {}
        for factors in [a.factors for a in plan.arms] + [self.p.EVAL_ARM]:
            self.kv[factors] = plan.record(
                "rollout", "--plan", "--device", "cuda", "--model", plan.model,
                "--arm", factors)["cache_bytes_per_token"]

    # ---- one stage ----

    def batch(self, record):
        """Sequences at once of a sampler: as many as its cache holds."""
        return max(1, min(self.plan.batch, record["sampler_sequences"]))

    def pass_seconds(self, record, rate, kv, context):
        """Seconds of a pass with n sequences: its multiplications, or reading
        the weights and the cache, whichever takes longer."""
        bytes_a_second = self.gpu.memory_bandwidth * \
            self.gpu.bandwidth_utilisation
        weights, one = record["sampler_weight_bytes"], self.page.cost(context)
        return lambda n: max(n * one / rate,
                             (weights + n * context * kv) / bytes_a_second)

    def sample(self, record, rate, kv, groups, prompt, longest, ranks, seed):
        """batching.sample of `groups` prompts, (prompts, samples); and the
        tokens drawn."""
        n, samples = groups
        drawn = self.lengths.draw(n * samples, longest,
                                  min(self.p.MEAN_NEW, longest), seed)
        mean = sum(drawn) / max(len(drawn), 1)
        each = [drawn[i:i + samples] for i in range(0, len(drawn), samples)]
        found = batching.sample(
            each, ranks, self.batch(record),
            self.pass_seconds(record, rate, kv, prompt + mean / 2),
            prompt * self.page.cost(prompt / 2) / rate)
        return found, each

    def fitting(self, arm, ranks):
        """The record of the first way in which an arm fits, its number and what
        it takes; None."""
        key = arm.factors, ranks
        if key not in self.known:
            self.known[key] = None
            for i, way in enumerate(WAYS):
                r = self.plan.memory_of(arm, *way, ranks=ranks)
                if r["at_most"] <= self.plan.mem:
                    self.known[key] = r, i
                    break
        return self.known[key]

    def traffic(self, record, ranks, micros):
        """What of a rank travels in a step, in bytes and seconds. micros:
        micro-batches of its updates. Weights in slices lie in the host's
        memory: each micro-batch reads them in a forward and backward, and in
        the forward that scores it, which is half of that."""
        gpu, updates = self.gpu, record["updates_per_step"]
        sent, received = record["sent_bytes"], record["received_bytes"]
        gathered = 1.5 * micros * record["pass_received_bytes"]
        if record["pass_received_bytes"]: # so are those read after an update
            gathered += updates * max(0, received - sent)
            received = min(sent, received)
        travels = updates * max(sent, received)
        reading = gathered / gpu.host_bandwidth
        found = dict(sent_a_step=updates * sent,
                     received_a_step=updates * received,
                     gathered_a_step=gathered,
                     seconds=travels / gpu.link(ranks) + reading)
        for name, rate in gpu.links().items():
            found[f"seconds_{name}"] = travels / rate + reading if rate else None
        return found

    def training_step(self, arm, ranks):
        """Seconds of a step by kind, and what ranks wait for in it."""
        p, s = self.p, self.plan.sets[0]
        record, way = self.fitting(arm, ranks)
        sample_rate = self.plan.rates[self.page.key(arm, True)][0]
        rate = self.plan.rates[self.page.key(arm, False)][1]
        updates = record["updates_per_step"]
        options = WAYS[way][0]
        units = 5 if "--recompute" in options else 4
        found = dict(sampling=0.0, updates=0.0)
        waits = dict(ranks=0.0, slots=0.0, shards=0.0)
        tokens = micros = 0
        for seed in range(DRAWS):
            drawn, groups = self.sample(
                record, sample_rate, self.kv[arm.factors],
                (p.PROMPTS, p.SAMPLES), s.prompt, p.MAX_NEW, ranks, seed)
            found["sampling"] += drawn["seconds"] / DRAWS
            waits["ranks"] += (1 - sum(drawn["of_ranks"]) / ranks /
                               drawn["seconds"]) / DRAWS
            waits["slots"] += (1 - drawn["slots"]) / DRAWS
            rows = [sum(g) + len(g) * s.prompt for g in groups]
            alone = slowest = 0
            for i in range(0, len(rows), p.MINI_BATCH):
                part = rows[i:i + p.MINI_BATCH]
                of = batching.shards(part, shards_of(arm.factors))
                alone += sum(part)
                slowest += batching.rounds(of, ranks)
                micros += batching.micro_batches(
                    of, ranks, record["micro_batch_tokens"]) / DRAWS
            length = sum(rows) / (len(rows) * p.SAMPLES)
            found["updates"] += units * slowest * \
                self.page.cost(length / 2) / rate / DRAWS
            waits["shards"] += (1 - alone / ranks / slowest) / DRAWS
            tokens += sum(map(sum, groups)) / DRAWS
        traffic = self.traffic(record, ranks, micros)
        found["traffic"] = traffic.pop("seconds")
        weights = record["sampler_weight_bytes"] * ranks
        found["weights to the sampler"] = weights / self.gpu.host_bandwidth
        parked = 2 * updates * (record["moment_bytes"] +
                                record["compensation_bytes"]) \
            if "--offload" in options else 0
        if WAYS[way][2]:
            parked += 2 * record["sampler_weight_bytes"]
        found["moments to the host and back"] = parked / self.gpu.host_bandwidth
        kept = tokens * 14 * self.steps_of_chunk()
        found["checkpoints"] = (self.plan.memory[arm.name][0]["state_bytes"] +
                                kept) / self.gpu.disk_bandwidth / \
            self.steps_of_chunk()
        return dict(seconds=found, waits=waits, tokens=tokens, way=way,
                    batch=self.batch(record), at_most=record["at_most"],
                    traffic=dict(traffic, weights_a_step=weights))

    def steps_of_chunk(self):
        return self.p.STEPS / self.chunks

    def eval_sampler(self):
        """Of a sampler that has the device for itself."""
        plan, factors = self.plan, self.p.EVAL_ARM
        r = plan.record("rollout", "--plan", "--model", plan.model, "--arm",
                        factors)
        cache = PART_OF_DEVICE * (plan.mem - r["weight_bytes"])
        return dict(sampler_weight_bytes=r["weight_bytes"],
                    sampler_sequences=int(
                        cache // (self.kv[factors] * plan.context)))

    def evaluation(self, ranks):
        """Seconds of a stage of each task: (evaluation, KL)."""
        p, m = self.p, self.eval_sampler()
        rate, score = self.plan.rates[self.plan.key(self.plan.eval)][:2]
        found = []
        for s in self.plan.sets[1:]:
            if not s.rows:
                continue
            drawn, _ = self.sample(m, rate, self.kv[p.EVAL_ARM],
                                   (s.rows, s.samples), s.prompt, s.longest,
                                   ranks, 0)
            k = min(s.rows, p.KL_PROMPTS)
            one, groups = self.sample(m, rate, self.kv[p.EVAL_ARM], (k, 1),
                                      s.prompt, s.longest, ranks, 0)
            length = s.prompt + sum(map(sum, groups)) / k
            scoring = 4 * k * length * self.page.cost(length / 2) / score
            found.append((s.name, drawn["seconds"],
                          one["seconds"] + scoring / ranks))
        return found

    # ---- the experiment ----

    def on_ranks(self, ranks):
        """All stages on so many ranks each, or None where an arm does not
        fit."""
        if ranks not in self.known:
            self.known[ranks] = self.stages(ranks) if all(
                self.fitting(a, ranks) for a in self.plan.arms) else None
        return self.known[ranks]

    def stages(self, ranks):
        steps = {a.name: self.training_step(a, ranks) for a in self.plan.arms}
        tasks, p = self.evaluation(ranks), self.p
        jobs, hours = [], []

        def add(name, arm, seconds, after=None):
            """seconds: by kind."""
            jobs.append(Job(name, sum(seconds.values()), after))
            for kind, s in seconds.items():
                hours.append((arm, kind, s * ranks / 3600))
            return jobs[-1]

        def evaluate(name, arm, after, sampled, kl):
            for task, s, k in tasks:
                if sampled:
                    add(f"{name} {task}", arm, {"evaluation": s}, after)
                if kl:
                    add(f"{name} {task} KL", arm, {"KL": k}, after)
        for seed in p.SEEDS:
            evaluate(f"base {seed}", "base", None, True, False)
        for arm in self.plan.arms:
            name = arm.name
            whole = {k: s * p.STEPS for k, s in steps[name]["seconds"].items()}
            for run in self.runs:
                if run.arm is arm:
                    evaluate(run.name, name, add(run.name, name, whole), True,
                             True)
            evaluate(f"{name} again", name, add(f"{name} again", name, whole),
                     True, False)
            evaluate(f"floor {name}", name, None, False, True)
        return dict(ranks=ranks, steps=steps, tasks=tasks, jobs=jobs,
                    hours=hours)

    def choices(self, gpus):
        """Ranks of a stage that are tried: 1, 2, 4, ... up to all GPUs and the
        shards of an arm; or those of RANKS."""
        most = min([gpus, *(shards_of(a.factors) for a in self.plan.arms)])
        if self.plan.shard_weights: # whose reading is counted within a node
            most = min(most, self.gpu.gpus_per_node)
        if self.p.RANKS > 1:
            return [self.p.RANKS] if self.p.RANKS <= gpus and (
                self.p.RANKS <= most or not self.plan.shard_weights) else []
        return [1 << i for i in range(most.bit_length()) if 1 << i <= most]

    def on_gpus(self, gpus):
        """The ranks with which the experiment ends first."""
        best = None
        for ranks in self.choices(gpus):
            x = self.on_ranks(ranks)
            if not x:
                continue
            found = pack(x["jobs"], gpus // ranks)
            if not best or found["seconds"] < best["seconds"]:
                best = dict(found, gpus=gpus, ranks=ranks,
                            stages_at_once=gpus // ranks,
                            gpu_hours=found["busy"] * ranks / 3600)
        if best:
            best["idle"] = 1 - best["gpu_hours"] * 3600 / gpus / best["seconds"]
        return best or dict(gpus=gpus, **self.too_large(gpus))

    def too_large(self, gpus):
        """Bytes of the arms that fit with none of the ways, on most ranks; and
        those with the weights in slices."""
        ranks = max(self.choices(gpus), default=1)
        way, *more = WAYS[-1]
        arms = [a for a in self.plan.arms if not self.fitting(a, ranks)]
        found = dict(does_not_fit={
            a.name: self.plan.memory_of(a, way, *more, ranks=ranks)["at_most"]
            for a in arms})
        if 1 < ranks <= self.gpu.gpus_per_node and not self.plan.shard_weights:
            found["in_slices"] = {a.name: self.plan.memory_of(
                a, f"{way} --shard-weights", *more, ranks=ranks)["at_most"]
                for a in arms}
        return found

    def sums(self, ranks):
        """GPU-hours by arm and by kind, and of all."""
        hours = self.on_ranks(ranks)["hours"]
        arms, kinds = {}, {}
        for arm, kind, h in hours:
            arms[arm] = arms.get(arm, 0) + h
            kinds[kind] = kinds.get(kind, 0) + h
        return dict(arms=arms, kinds={k: kinds[k] for k in KINDS if k in kinds},
                    all=sum(h for *_, h in hours))

    def costs(self, ranks):
        """GPU-hours of a run in the mean: its training, evaluation, the rest."""
        x = self.on_ranks(ranks)
        steps = [sum(s["seconds"].values()) for s in x["steps"].values()]
        hours = ranks / 3600
        return dict(train=hours * self.p.STEPS * sum(steps) / len(steps),
                    eval=hours * sum(s for _, s, _ in x["tasks"]),
                    rest=hours * sum(k for *_, k in x["tasks"]))

    def disk(self, keep):
        """Page.disk_of; older weights of bf16 by the part that was measured,
        the others whole."""
        d, older = self.page.disk_of(keep), 0
        for a in self.plan.arms:
            whole = self.plan.memory[a.name][0]["master_weight_bytes"]
            part = self.measured["delta"]["part_of_bf16_weights"] \
                if whole == 2 * self.plan.shape["parameters"] else 1
            older += whole * part * d["older"] / len(self.plan.arms)
        return dict(d, older_bytes=older)

    def result(self):
        """All of it as one dict, for the page and for JSON."""
        points = [self.on_gpus(n) for n in gpu_counts(self.p.PLAN_GPUS)]
        used = sorted({x["ranks"] for x in points if "ranks" in x})
        more = {}
        if used and self.p.PLAN_PILOT:
            least = min(used, key=lambda r: self.sums(r)["all"])
            more["pilot"] = pilot.designs(self.p, self.costs(least))
        return dict(
            more,
            gpu=dict(self.gpu.sheet, **self.gpu.assumed),
            memory_bytes=self.plan.mem,
            rates={k: dict(sampling=a, scoring=b, source=c)
                   for k, (a, b, c) in self.plan.rates.items()},
            lengths=dict(source=self.lengths.source, mean_tokens=round(
                self.on_ranks(used[0])["steps"][self.plan.arms[0].name]
                ["tokens"] / self.p.PROMPTS / self.p.SAMPLES, 1)
                if used else 0),
            points=points,
            ranks={r: dict(self.sums(r), steps=self.on_ranks(r)["steps"],
                           tasks={n: dict(evaluation=s, KL=k) for n, s, k in
                                  self.on_ranks(r)["tasks"]},
                           run_hours=self.costs(r)) for r in used},
            delta=self.measured["delta"],
            disk={k: self.disk(k) for k in ("all", "last", "deltas")})
