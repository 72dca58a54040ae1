"""tables - stages of make ablation, mismatch and sweep: pages over arms of their own"""
import shlex


class Tables:
    """The part of Experiment that compares table_arms."""

    def show(self, word, fields, files):
        """The fields of records as lines that begin with a word."""
        return (f"{self.p.BIN}/show " + " ".join(f"--field {x}"
                                                 for x in fields) +
                f" {' '.join(files)} | sed 's/^/{word}\\t/'; \\\n")

    def table(self, name, label, lines, inputs, arms):
        """A table made by pipelines/NAME.awk from what show prints."""
        p = self.p
        on = " ".join(t.name for t in p.tasks if t.role == "on")
        off = " ".join(t.name for t in p.tasks if t.role != "on")
        self.add(f"{p.R}/analysis/{name}.txt", "analysis", label,
                 [*inputs, f"pipelines/{name}.awk"], ["show"],
                 "{ " + "".join(lines) + f"}} | awk -f pipelines/{name}.awk "
                 f"-v arms='{' '.join(a.name for a in arms)}' -v on='{on}' "
                 f"-v off='{off}' >$OUT")

    def base_scores(self):
        return [f"{self.dir(f'base_seed{s}')}/scores.msgpack"
                for s in self.p.SEEDS]

    def records(self, arms, kind):
        return [f"{self.dir(f'{a.name}_seed{s}')}/{kind}.msgpack"
                for a in arms for s in self.p.SEEDS]

    def ablation(self, arms):
        """make ablation: which factor carries which part of what bf16 changes.
        Taken away from bf16 one at a time as well: make ablation
        ABLATION_ARMS='fp32 bf16,adam=fp32 bf16,master=fp32 bf16'."""
        p = self.p
        files = [*self.base_scores(),
                 *(f for k in ("scores", "kl_scores", "sparsity")
                   for f in self.records(arms, k))]
        names = shlex.quote("arms=" + " ".join(a.name for a in arms))
        self.add(f"{p.R}/analysis/ablation.txt", "analysis",
                 "ablation: parts of each factor", [*files, p.tasks_json],
                 ["stats"], f"{p.BIN}/stats --quiet --ablation --tasks "
                 f"{self.tasks_options()} --set {names} -o $OUT \\\n"
                 f"{' '.join(files)}")

    def sweep(self, arms):
        """make sweep: arms at several learning rates, in a summary of its
        own."""
        p = self.p
        files = [*self.base_scores(),
                 *(f for k in ("scores", "kl_scores", "sparsity", "metrics")
                   for f in self.records(arms, k))]
        words = " \\\n".join(f"--set {shlex.quote(x)}"
                              for x in p.sweep_setting())
        out = f"{p.R}/sweep"
        self.add(out, "analysis", "sweep: same rate and best rate and same KL",
                 [*files, p.tasks_json], ["stats"],
                 f"{p.BIN}/stats --quiet --sweep $OUT --tasks "
                 f"{self.tasks_options()} \\\n{words} \\\n"
                 f"{' '.join(files)}", note=f"summary: {out}/summary.txt")

    def mismatch(self, arms):
        """make mismatch: samplers that compute otherwise than the trainer, each
        with and without the truncated importance weight."""
        scores = [*self.base_scores(), *self.records(arms, "scores")]
        fields = [*(f"mismatch_{f}" for f in (
            "compared differing non_finite dp_mean dp_max pearson k3 chi2 "
            "ess").split()), "approx_kl", "clip_low", "clip_high"]
        lines, inputs = [self.show("j", ("arm", "seed", "task", "j"),
                                   scores)], list(scores)
        for a in arms:
            metrics = [f"{self.run_dir(f'{a.name}_seed{s}')}/step-{c}/"
                       "metrics.msgpack" for s in self.p.SEEDS
                       for c in self.chunks]
            lines.append(self.show(f"m\\t{a.name}", fields, metrics))
            inputs += metrics
        self.table("mismatch", "mismatch: sampler against trainer", lines,
                   inputs, arms)
