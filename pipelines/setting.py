"""setting - what the report says of the setting, in lines KEY=VALUE"""
import os


class Setting:
    """The part of Parameters that says what they are."""

    def canonical(self):
        """Arms whose replicates must agree in every bit, sampler and trainer
        too: sums in canonical order, gradients that no micro-batch shows in,
        one arithmetic."""
        def has(name, factor, plain, arms):
            return f"{factor}-{plain}" not in name if f"{factor}-" in name \
                else name.split(",")[0] in arms.split()
        return [a.name for a in self.arms if "rollout-" not in a.name and
                not has(a.name, "order", "canonical", self.SHUFFLED_ARMS) and
                not has(a.name, "grads", "fp32", self.HALF_SUM_ARMS)]

    def training(self, rates):
        """Lines on how the runs were trained, at these learning rates."""
        if self.outside:
            return ["canonical=none",
                    f"training=elsewhere: {len(self.outside)} checkpoints that "
                    f"{self.RUNS} names"]
        return [f"canonical={' '.join(self.canonical())}",
                f"training={self.STEPS} steps of {self.PROMPTS} prompts x "
                f"{self.SAMPLES} rollouts; mini-batch {self.MINI_BATCH} "
                f"prompts; lr {rates}; temperature 1",
                f"response=at most {self.MAX_NEW} tokens; over-length buffer "
                f"{self.OVERLONG}"]

    def setting(self):
        """KEY=VALUE lines."""
        model = os.path.basename(self.MODEL.rstrip("/")) if self.MODEL else \
            f"made from nothing: {self.MODEL_SHAPE.replace('--', '')}"
        canonical, *training = self.training(", ".join(
            [self.LR, *(f"{a.lr} in {a.name}" for a in self.arms
                        if a.lr != self.LR)]))
        lines = [
            f"preset={self.PRESET}",
            f"arms={' '.join(a.name for a in self.arms)}",
            f"seeds={' '.join(map(str, self.SEEDS))}",
            f"reference={self.REFERENCE}", canonical,
            f"margin={self.MARGIN}",
            f"synthetic={'true' if self.SYNTHETIC == '1' else 'false'}",
            f"model={model}", *training,
            f"evaluation=arithmetic {self.EVAL_ARM}; KL on {self.KL_PROMPTS} "
            "prompts a task at temperature 1; sampling seed "
            f"{self.EVAL_SEED} + the training seed" +
            (f"; at most {self.QUESTIONS} questions a task"
             if self.QUESTIONS else "")]
        if self.NOISE > 1 and not self.outside:
            lines.append(f"noise draws={self.NOISE} of each arm and seed")
        if self.LOOKS:
            lines.append(f"looks={self.LOOKS}")
        if self.left_out:
            lines.append(f"left_out={' '.join(self.left_out)}: no sandbox on "
                         "this machine")
        return lines

    def sweep_setting(self):
        """KEY=VALUE lines of the sweep."""
        fixed = [x for x in self.setting() if x.split("=")[0] in (
            "preset", "seeds", "margin", "synthetic", "model", "evaluation")]
        _, *training = self.training("of the grid")
        arms = self.table_arms["sweep"]
        return [*fixed, *training,
                f"arms={' '.join(a.name for a in arms)}",
                *(f"point {name}={arm} {lr}"
                  for name, (arm, lr) in self.point.items())]
