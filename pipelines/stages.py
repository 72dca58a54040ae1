"""stages - what the stages of the experiment are: here and in tables.py alone

A stage makes `out` (a file, or a directory) from `inputs` (files or directories)
with `programs`, by `command`, which runs under bash -euo pipefail and writes to
"$OUT". experiment(p) gives them in an order in which each stands after those
whose results it reads; p holds the parameters (parameters.py).
"""
import glob
import os
import shlex

from arms import Run
from tables import Tables


class Stage:
    """kind: base, data, train, eval, kl, stats, sparsity or analysis. free:
    files of others, not needed once this one begins. delta: a checkpoint and
    its successor, of which the first becomes a difference then. note: what to say after
    it. merge: out is a directory that others write to as well. files: paths of
    all that it makes there, where they are known; tops: names right below out, likewise."""

    def __init__(self, out, kind, label, inputs, programs, command, free=(),
                 note="", merge=False, delta=(), files=(), tops=()):
        self.out, self.kind, self.label = out, kind, label
        self.inputs, self.programs = list(inputs), list(programs)
        self.command, self.free = command.strip(), list(free)
        self.note, self.merge, self.delta = note, merge, list(delta)
        self.files, self.tops = list(files), list(tops)


class Experiment(Tables):
    def __init__(self, p):
        self.p = p
        self.stages = {}  # by out, in order
        self.base = p.MODEL or f"{p.R}/base/model"
        self.base_inputs = [self.base] if not p.MODEL else p.model_files
        self.chunks = list(range(p.CHUNK, p.STEPS + 1, p.CHUNK))
        if not self.chunks or self.chunks[-1] != p.STEPS:
            self.chunks.append(p.STEPS)
        self.again = p.SEEDS[0]
        self.outside = {r.name: r for r in p.outside}

    def add(self, out, kind, label, inputs, programs, command, **more):
        if out not in self.stages:
            self.stages[out] = Stage(
                out, kind, label, inputs,
                [f"{self.p.BIN}/{x}" for x in programs], command, **more)
        return out

    def maker(self, path):
        """The output of a stage that is path, or holds it; or None."""
        out = path
        while out.startswith(self.p.R + "/"):
            if out in self.stages:
                s = self.stages[out]
                top = path[len(out) + 1:].split("/")[0]
                return out if out == path or top in s.tops or path in s.files \
                    or not (s.files or s.tops) else None
            out = os.path.dirname(out)
        return None

    # ---- data and the base model ----

    def tokens(self, task):
        return f"{self.p.R}/data/{task}.tokens.msgpack.zst"

    def data(self):
        p, sets = self.p, {}
        train = [] if p.outside else [p.TRAIN_TASK]
        for name in dict.fromkeys([*train, *(t.name for t in p.tasks)]):
            sets[name] = p.set_file(name)
            if sets[name] is None:
                n = p.TRAIN_ROWS if name == p.TRAIN_TASK else \
                    p.task[name].questions
                sets[name] = self.add(
                    f"{p.R}/data/{name}.jsonl", "data",
                    f"make sample task {name}", [], ["prepare"],
                    f"{p.BIN}/prepare --sample {name} -n {n} --seed 1 -o $OUT")
        if not p.MODEL:
            self.pretrain()
        for name, rows in sets.items():
            cap = f" --max-tokens {p.MAX_PROMPT}" \
                if name == p.TRAIN_TASK and p.MAX_PROMPT else ""
            self.add(self.tokens(name), "data", f"tokenize {name}",
                     [rows, *self.base_inputs], ["tokenize"],
                     f"{p.BIN}/tokenize --tokenizer {self.base} "
                     f"--template {p.TEMPLATE}{cap} -o $OUT {rows}")

    def pretrain(self):
        p = self.p
        corpus = p.set_file("corpus") or self.add(
            f"{p.R}/data/corpus.jsonl", "data", "make the pretraining corpus",
            [], ["prepare"], f"{p.BIN}/prepare --sample corpus "
            f"-n {p.CORPUS_ROWS} --seed 1 -o $OUT")
        self.add(self.base, "base", "pretrain the base model",
                 [corpus, *sorted(glob.glob(f"{p.TOKENIZER}/*"))],
                 ["pretrain"],
                 f"{p.BIN}/pretrain --tokenizer {p.TOKENIZER} {p.MODEL_SHAPE} "
                 f"{p.PRETRAIN_OPTS} --seed 1 --device {p.DEVICE} "
                 f"--threads {p.JOBS} -o $OUT {corpus}")

    # ---- training: one stage for each chunk of steps ----
    # A chunk is one cyclic pipeline: dapo-step tells rollout over a FIFO how
    # many prompts it wants and what the new weights are.

    def run_dir(self, run):
        return f"{self.p.R}/train_logs/{run}"

    def last(self, run):
        if run in self.outside:
            return self.outside[run].directory
        return f"{self.run_dir(run)}/step-{self.p.STEPS}/checkpoint"

    def loop(self, run, model, steps, sampler, trainer):
        p, seed = self.p, run.seed
        factors = run.factors
        more = f" {p.ROLLOUT_OPTS}" if p.ROLLOUT_OPTS else ""
        return " \\\n".join((
            "mkdir $OUT && mkfifo $OUT.fifo &&",
            f"{p.BIN}/draw --resume {model} --seed {seed} --per-step "
            f"{p.PROMPTS} {self.tokens(p.TRAIN_TASK)} |",
            f"{p.BIN}/rollout --quiet --model {model} --arm {factors} "
            f"--seed {seed} --sync $OUT.fifo --samples {p.SAMPLES} "
            f"--temperature 1 --max-new {p.MAX_NEW} --device {p.DEVICE} "
            f"{sampler}{more} |",
            f"{p.BIN}/tokenize --quiet --decode --tokenizer {model} |",
            f"{p.BIN}/reward --quiet --max-len {p.MAX_NEW} --overlong-buffer "
            f"{p.OVERLONG} |",
            f"{p.BIN}/dapo-step --quiet --model {model} --arm {factors} "
            f"--seed {seed} --sync $OUT.fifo --steps {steps} --prompts "
            f"{p.PROMPTS} --mini-batch {p.MINI_BATCH} --samples {p.SAMPLES} "
            f"--lr {run.arm.lr}{f' --tis {run.arm.tis}' if run.arm.tis else ''} --device {p.DEVICE} {p.TRAIN_OPTS} {trainer} "
            "--keep $OUT/rollouts.msgpack.zst --out $OUT/checkpoint "
            "--live $OUT.live -o $OUT/metrics.msgpack &&",
            "rm -f $OUT.fifo $OUT.live"))

    def train(self, run):
        """The chunks of a run. With KEEP=last a chunk frees, when it begins,
        the weights and rollouts of the one before its predecessor; with
        KEEP=deltas these weights become the difference to the predecessor's,
        and the optimizer's state goes."""
        p, folder = self.p, self.run_dir(run.name)
        what = f"{run.arm.name} seed {run.seed}" + \
            (f" draw {run.draw}" if run.draw else "")
        at, before = 0, 0
        for end in self.chunks:
            model = f"{folder}/step-{at}/checkpoint" if at else \
                self.base
            free, delta = [], []
            if before and p.KEEP == "deltas":
                delta = [f"{folder}/step-{before}/checkpoint", model]
            if before and p.KEEP == "last":
                old = f"{folder}/step-{before}"
                free = [f"{old}/checkpoint/*.safetensors",
                        f"{old}/rollouts.msgpack.zst"]
            self.add(f"{folder}/step-{end}", "train",
                     f"train {what} to step {end}",
                     [self.tokens(p.TRAIN_TASK),
                      *([model] if at else self.base_inputs)],
                     ["draw", "rollout", "tokenize", "reward", "dapo-step"],
                     self.loop(run, model, end - at,
                               f"--threads {p.THREADS}",
                               f"--threads {p.THREADS}"), free=free, delta=delta)
            at, before = end, at

    def replicate(self, arm):
        """The instrument's self-test: the first seed once more, in one chunk,
        with other batches, micro-batches and threads. In a canonical arm
        nothing may change."""
        p, run = self.p, Run(arm, self.again)
        self.add(f"{self.run_dir(run.name + '_again')}/step-{p.STEPS}", "train",
                 f"train {arm.name} seed {self.again} again",
                 [self.tokens(p.TRAIN_TASK), *self.base_inputs],
                 ["draw", "rollout", "tokenize", "reward", "dapo-step"],
                 self.loop(run, self.base, p.STEPS,
                           "--threads 2 --batch 7",
                           "--threads 2 --micro-batch 500"))

    # ---- evaluation ----
    # A name below eval_metrics/ is base_seedN, ARM_seedN, ARM_seedN_drawR,
    # ARM_seedN_again or floor_ARM (the base against itself under the arm's
    # compute precision: the noise floor of KL). A training seed has a sampling
    # seed of its own, alike for all arms, draws and the base, so that arms are
    # paired and seeds are independent.

    def dir(self, name):
        return f"{self.p.R}/eval_metrics/{name}"

    def tags(self, name, arm, seed=None, again=False, draw=0):
        words = [f"--set run={name}", f"--set arm={arm}"]
        words += [f"--set seed={seed}"] if seed is not None else []
        words += [f"--set draw={draw}"] if draw else []
        words += ["--set replicate=1"] if again else []
        return " ".join(words)

    def model(self, name):
        """Model of a name, and the inputs that it is."""
        if name.startswith("base_seed"):
            return self.base, self.base_inputs
        if name in self.outside:
            return self.last(name), self.outside[name].files
        return self.last(name), [self.last(name)]

    # Tasks are sampled together, one stage a run, or apart, a stage a task: the
    # files are the same, byte by byte.

    def together(self):
        return self.p.EVAL_TASKS == "together"

    def of_tasks(self, limit, own=()):
        """Options of rollout for all tasks at once: what all have alike, what
        a task has of its own (attributes of Task, in that order), and prompts
        of each at most."""
        rows = [[(o, getattr(t, o.replace("-", "_"))) for o in own] +
                ([("limit", limit)] if limit else []) for t in self.p.tasks]
        alike = [x for x in rows[0]
                 if x[0] != "limit" and all(x in row for row in rows)]
        words = [f"--{o} {v}" for o, v in alike]
        for t, row in zip(self.p.tasks, rows):
            rest = [f"{o}={v}" for o, v in row if (o, v) not in alike]
            if rest:
                words.append(f"--task {t.name}:{','.join(rest)}")
        return " ".join(words)

    def sample(self, model, factors, seed, how, tokens):
        p = self.p
        return (f"{p.BIN}/rollout --quiet --model {model} --arm {factors} "
                f"--seed {p.EVAL_SEED + seed} {how} --device {p.DEVICE} "
                f"--threads {p.THREADS} {' '.join(tokens)}")

    def judge(self, out, known=()):
        """known: files whose programs were judged already."""
        p = self.p
        opts = f" {p.REWARD_OPTS}" if p.REWARD_OPTS else ""
        # a sandbox for each processor pays where nothing else runs beside it
        opts += f" --threads {p.THREADS if int(p.AT_ONCE) > 1 else 0}"
        opts += "".join(f" --known {f}" for f in known)
        return (f"{p.BIN}/tokenize --quiet --decode --tokenizer "
                f"{self.base} | \\\n{p.BIN}/reward --quiet{opts} {out}")

    def answers(self, name, tasks):
        return [f"{self.dir(name)}/{t.name}.responses.msgpack.zst"
                for t in tasks]

    def known(self, name, seed, tasks):
        """The base's answers to tasks with model-written code: most programs of
        a run are among them, and are not run again."""
        base = f"base_seed{seed}"
        return [] if name == base else self.answers(
            base, [t for t in tasks if t.verifier == "code"])

    def responses(self, name, seed, tags):
        p, (model, inputs) = self.p, self.model(name)
        inputs = [*dict.fromkeys([*inputs, *self.base_inputs])]
        programs = ["rollout", "tokenize", "reward"]
        if self.together():
            tokens = [self.tokens(t.name) for t in p.tasks]
            how = self.of_tasks(p.QUESTIONS, (
                "samples", "temperature", "top-p", "max-new"))
            known = self.known(name, seed, p.tasks)
            self.add(self.dir(name), "eval", f"evaluate {name}",
                     [*tokens, *inputs, *known], programs,
                     "mkdir $OUT && \\\n" +
                     self.sample(model, p.EVAL_ARM, seed, how, tokens) +
                     " | \\\n" + self.judge(
                         "--split task -o $OUT/{}.responses.msgpack.zst", known),
                     merge=True, files=self.answers(name, p.tasks))
        for t in [] if self.together() else p.tasks:
            limit = f" --limit {p.QUESTIONS}" if p.QUESTIONS else ""
            how = (f"--samples {t.samples} --temperature {t.temperature} "
                   f"--top-p {t.top_p} --max-new {t.max_new}{limit}")
            tokens = [self.tokens(t.name)]
            known = self.known(name, seed, [t])
            self.add(*self.answers(name, [t]), "eval",
                     f"evaluate {name} on {t.name}",
                     [*tokens, *inputs, *known], programs,
                     self.sample(model, p.EVAL_ARM, seed, how, tokens) +
                     " | \\\n" + self.judge("-o $OUT", known))
        made = self.answers(name, p.tasks)
        self.add(f"{self.dir(name)}/scores.msgpack", "stats", f"score {name}",
                 made, ["stats"], f"{p.BIN}/stats --quiet --score {tags} "
                 f"-o $OUT {' '.join(made)}")

    def kl(self, name, seed, model, inputs, factors, tags):
        p, made = self.p, []
        inputs = [*dict.fromkeys([*self.base_inputs, *inputs])]
        score = (f" | \\\n{p.BIN}/logprob --quiet --model {model} --arm "
                 f"{factors} --as policy --against {self.base} --against-arm "
                 f"{p.EVAL_ARM} --as-against base --device {p.DEVICE} "
                 f"--threads {p.THREADS}"
                 f"{f' {p.SCORE_OPTS}' if p.SCORE_OPTS else ''} -o $OUT")
        common = "--samples 1 --temperature 1"

        def scored(file, label, tokens, how):
            made.append(self.add(
                f"{self.dir(name)}/{file}scored.msgpack.zst", "kl",
                f"sample and score {label}", [*tokens, *inputs],
                ["rollout", "logprob"],
                self.sample(model, factors, seed, f"{common} {how}", tokens) +
                score))

        if self.together():
            scored("", name, [self.tokens(t.name) for t in p.tasks],
                   self.of_tasks(p.KL_PROMPTS, ("max-new",)))
        for t in [] if self.together() else p.tasks:
            scored(f"{t.name}.", f"{name} on {t.name}", [self.tokens(t.name)],
                   f"--limit {p.KL_PROMPTS} --max-new {t.max_new}")
        every = self.add(f"{self.dir(name)}/kl.msgpack.zst", "kl",
                         f"KL of {name}", made, ["kl"],
                         f"{p.BIN}/kl --quiet -o $OUT {' '.join(made)}")
        self.add(f"{self.dir(name)}/kl_scores.msgpack", "stats",
                 f"average KL of {name}", [every], ["stats"],
                 f"{p.BIN}/stats --quiet --kl-score {tags} -o $OUT {every}")

    def run_records(self, run, tags):
        p = self.p
        self.add(f"{self.dir(run)}/sparsity.msgpack", "sparsity",
                 f"sparsity of {run}",
                 [*self.base_inputs, *self.model(run)[1]],
                 ["sparsity", "stats"],
                 f"{p.BIN}/sparsity --quiet --device {p.DEVICE} --threads "
                 f"{p.THREADS} {self.base} {self.last(run)} | \\\n"
                 f"{p.BIN}/stats --quiet --tag {tags} -o $OUT")
        self.add(f"{self.dir(run)}/spectrum.msgpack", "sparsity",
                 f"spectrum of {run}",
                 [*self.base_inputs, *self.model(run)[1]],
                 ["spectrum", "stats"],
                 f"{p.BIN}/spectrum --quiet --threads {p.THREADS}"
                 f"{f' {p.SPECTRUM_OPTS}' if p.SPECTRUM_OPTS else ''} "
                 f"{self.base} {self.last(run)} | \\\n"
                 f"{p.BIN}/stats --quiet --tag {tags} -o $OUT")
        if p.outside:
            return
        metrics = [f"{self.run_dir(run)}/step-{c}/metrics.msgpack"
                   for c in self.chunks]
        self.add(f"{self.dir(run)}/metrics.msgpack", "stats",
                 f"metrics of {run}", metrics, ["stats"],
                 f"{p.BIN}/stats --quiet --tag {tags} -o $OUT "
                 f"{' '.join(metrics)}")

    def overlap(self):
        """Which weights the runs moved, in one pass over all of them; over so
        many draws that it takes no more files, of draw 0 alone."""
        p, runs = self.p, self.p.runs(self.p.arms)
        if len(runs) > 255:
            runs = [r for r in runs if not r.draw]
        names = " ".join(f"{r.arm.name}/{r.seed}/{r.draw}" for r in runs)
        pairs = " ".join(f"{self.base} {self.last(r.name)}" for r in runs)
        self.add(f"{p.R}/eval_metrics/overlap.msgpack", "sparsity",
                 "overlap of all runs",
                 [*self.base_inputs,
                  *dict.fromkeys(f for r in runs
                                 for f in self.model(r.name)[1])],
                 ["sparsity"],
                 f"{p.BIN}/sparsity --quiet --threads {p.THREADS} --totals "
                 f"--overlap --runs '{names}' -o $OUT {pairs}")

    def divergence(self, run):
        """How far a noise draw is from draw 0 of its seed. With KEEP=last only
        the last chunk is there."""
        p, base = self.p, Run(run.arm, run.seed).name
        parts, inputs = [], list(self.base_inputs)
        for c in self.chunks if p.KEEP == "all" else self.chunks[-1:]:
            one, other = (f"{self.run_dir(n)}/step-{c}"
                          for n in (base, run.name))
            inputs += [one, other]
            parts.append(
                f"{p.BIN}/divergence --step {c} --rollouts "
                f"{one}/rollouts.msgpack.zst --against "
                f"{other}/rollouts.msgpack.zst {self.base} {one}/checkpoint "
                f"{other}/checkpoint; \\\n")
        tags = self.tags(run.name, run.arm.name, run.seed, draw=run.draw)
        self.add(f"{self.dir(run.name)}/divergence.msgpack", "sparsity",
                 f"divergence of {run.name}", inputs, ["divergence", "stats"],
                 "{ " + "".join(parts) +
                 f"}} | {p.BIN}/stats --quiet --tag {tags} -o $OUT")

    def evaluate(self, run):
        tags = self.tags(run.name, run.arm.name, run.seed, draw=run.draw)
        self.responses(run.name, run.seed, tags)
        self.kl(run.name, run.seed, *self.model(run.name), self.p.EVAL_ARM,
                tags)
        self.run_records(run.name, tags)
        if run.draw and not self.p.outside:
            self.divergence(run)

    # ---- analysis ----

    def eval_files(self):
        """Records that the report reads."""
        p = self.p
        runs = [r.name for r in p.runs(p.arms)]
        if p.outside:
            return [*self.base_scores(),
                    *(f"{self.dir(n)}/{k}.msgpack" for n in runs
                      for k in ("scores", "kl_scores", "sparsity",
                                "spectrum")),
                    f"{p.R}/eval_metrics/overlap.msgpack"]
        again = [f"{a.name}_seed{self.again}_again" for a in p.arms]
        floors = [f"floor_{a.name}" for a in p.arms]
        return [*self.base_scores(),
                *(f"{self.dir(n)}/scores.msgpack" for n in [*runs, *again]),
                *(f"{self.dir(n)}/kl_scores.msgpack" for n in runs + floors),
                *(f"{self.dir(n)}/{k}.msgpack" for n in runs
                  for k in ("sparsity", "spectrum", "metrics")),
                f"{p.R}/eval_metrics/overlap.msgpack",
                *(f"{self.dir(r.name)}/divergence.msgpack"
                  for r in p.runs(p.arms) if r.draw)]

    def train_files(self):
        return [] if self.p.outside else [f"{self.run_dir(r.name)}/step-{self.p.STEPS}"
                for r in self.p.runs(self.p.arms)]

    def settings(self, last=None):
        """--set options of the report, and the checkpoints that they read:
        what each arm is, factor by factor, and the hyperparameters, are as the
        checkpoints have them. last: gives a run's checkpoint, or None."""
        p, words, states = self.p, [], []
        last = last or self.last
        for line in p.setting():
            words.append(f"--set {shlex.quote(line)}")
        if p.outside:
            return words, states
        for a in p.arms:
            checkpoint = last(f"{a.name}_seed{p.SEEDS[0]}")
            if not checkpoint:
                continue
            states.append(f"{checkpoint}/trainer_state.json")
            words.append(
                f"--set \"arm {a.name}=$(sed -n 's/.*\"arm\": \"[^,]*,"
                f"\\(.*\\)\".*/\\1/p' '{states[-1]}' | sed 's/,/, /g')\"")
        if states:
            words.append(
                "--set \"optimizer=AdamW $(sed -nE 's/.*\"(beta1|beta2|eps|"
                "weight_decay|grad_clip|clip_low|clip_high|dual_clip)\": "
                f"([^,]*).*/\\1 \\2/p' '{states[0]}' | paste -sd, | sed "
                "'s/,/, /g')\"")
        return words, states

    def tasks_options(self):
        return self.p.tasks_json + "".join(f" --without {t}"
                                           for t in self.p.without())

    def page_answers(self):
        """Responses that report.html shows: of the base and of each arm's
        first seed."""
        p, seed = self.p, min(self.p.SEEDS)
        runs = [f"base_seed{seed}", *(f"{a.name}_seed{seed}" for a in p.arms)]
        return [f for n in runs for f in self.answers(n, p.tasks)]

    def plots(self):
        return sorted(set(glob.glob("pipelines/plots/*.gp")))

    def report_command(self, files, words, plots_must=True):
        """plots_must: a plot that cannot be drawn is an error."""
        p = self.p
        plot = "{}" if plots_must else "{{ {} 2>/dev/null || :; }}"
        draw = [plot.format(f"gnuplot -e \"dir='$OUT'\" {g}")
                for g in self.plots() if not g.endswith("/style.gp")]
        return (f"{p.BIN}/stats --quiet --report $OUT --responses "
                f"{p.R}/eval_metrics --tasks {self.tasks_options()} \\\n" +
                " \\\n".join(words) +
                f" \\\n{' '.join(files)} && \\\n" +
                "".join(f"{d} && \\\n" for d in draw) +
                f"{p.BIN}/stats --html $OUT && rm -f $OUT/report.in.html")

    def report(self):
        p = self.p
        words, states = self.settings()
        files, out = self.eval_files(), f"{p.R}/analysis"
        answers = self.page_answers()
        self.add(out, "analysis", "analysis: statistics and plots and summary",
                 [*files, *answers, *states, p.tasks_json, *self.plots()],
                 ["stats"], self.report_command(files, words), merge=True,
                 tops=["summary.txt", "report.html", "tables", "plots"],
                 note=f"summary: {out}/summary.txt   report: "
                      f"{out}/report.html")


def experiment(p):
    """All stages: Experiment.stages has them by output."""
    x = Experiment(p)
    x.data()
    every = {a.name: a for arms in (p.arms, *p.table_arms.values())
             for a in arms}
    names = [a.name for a in p.arms]
    runs = p.runs(p.arms) + [Run(a, s) for a in every.values()
                             if a.name not in names for s in p.SEEDS]
    if not p.outside:
        for run in runs:
            x.train(run)
        for a in p.arms:
            x.replicate(a)
    for s in p.SEEDS:
        x.responses(f"base_seed{s}", s, x.tags(f"base_seed{s}", "base", s))
    for run in runs:
        x.evaluate(run)
    x.overlap()
    for a in [] if p.outside else p.arms:
        run = f"{a.name}_seed{x.again}_again"
        x.responses(run, x.again, x.tags(run, a.name, x.again, True))
        floor = f"floor_{a.name}"
        x.kl(floor, 0, x.base, [], f"{a.factors},dropout=0",
             x.tags(floor, floor))
    x.report()
    for table, arms in p.table_arms.items():
        getattr(x, table)(arms)
    return x
