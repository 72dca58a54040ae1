"""arms - what is trained: arms with their factors and rates, seeds, draws"""
import re

from wrong import Wrong, near, number


def arm_name(word):
    """The name of an arm of ARMS in folders and tables."""
    return word.replace("=", "-").replace(":", ".")


class Arm:
    """name: arm_name; factors: for --arm; lr: the learning rate; tis: the bound
    of the importance weight; shuffled: its order of sums is that of the seed."""

    def __init__(self, name, factors, lr, tis, shuffled=False):
        self.name, self.factors, self.lr, self.tis = name, factors, lr, tis
        order = re.findall(r",order=([a-z]+):?([0-9]*)", factors)
        self.kind, self.number = order[-1] if order else \
            ("shuffled" if shuffled else "canonical", "")

    def draw(self, n, seed):
        """Factors of noise draw n of a training seed: 0 is the arm as it is,
        others are in another order of sums, on the GPU's fast path another
        order of groups. The number that draw 0 has already is left out, or two
        draws would be one run: where the arm is shuffled and names none, it is
        the seed."""
        if not n:
            return self.factors
        own = seed if self.kind == "shuffled" else 0
        own = int(self.number or own)
        kind = "hardware" if self.kind == "hardware" else "shuffled"
        return f"{self.factors},order={kind}:{n + (0 < own <= n)}"


def run_name(arm, seed, draw):
    """The name of a run, trained here or elsewhere."""
    return f"{arm}_seed{seed}" + (f"_draw{draw}" if draw else "")


class Run:
    """A training: an arm, a seed, a noise draw."""

    def __init__(self, arm, seed, draw=0):
        self.arm, self.seed, self.draw = arm, seed, draw
        self.name = run_name(arm.name, seed, draw)
        self.factors = arm.draw(draw, seed)


class Arms:
    """The part of Parameters that reads ARMS, SEEDS, LOOKS, RUNS, SWEEP_LR."""

    def seeds(self):
        seeds = [number("SEEDS", s, least=1, most=2**53) for s in self.SEEDS.split()]
        if not seeds:
            raise Wrong("SEEDS: found none, expected at least one")
        if len(set(seeds)) < len(seeds):
            raise Wrong(f"SEEDS: '{self.SEEDS}' names one twice")
        return seeds

    def looks(self):
        looks = [number("LOOKS", s, least=2) for s in self.LOOKS.split()]
        if looks != sorted(set(looks)):
            raise Wrong(f"LOOKS: found '{self.LOOKS}', expected growing "
                        "numbers of seeds")

    def take_outside(self, tables):
        """Arms and seeds are those of RUNS; what trains is refused."""
        if tables:
            raise Wrong(f"RUNS={self.RUNS}: make {tables[0]} trains runs of "
                        "its own; leave RUNS away")
        self.SEEDS = sorted({r.seed for r in self.outside})
        self.arms = [Arm(a, "", self.LR, "")
                     for a in dict.fromkeys(r.arm for r in self.outside)]

    def runs(self, arms):
        """Every training of these arms."""
        if self.outside:
            arm = {a.name: a for a in arms}
            return [Run(arm[r.arm], r.seed, r.draw) for r in self.outside]
        return [Run(a, s, n) for a in arms for s in self.SEEDS
                for n in range(self.NOISE)]

    def sweep_arms(self):
        """Each arm of SWEEP_ARMS at each rate of SWEEP_LR; ARM:RATE is a rate
        of that arm alone. point: by name, the arm and its rate. An arm at LR is
        that of the experiment."""
        words = (self.text["SWEEP_ARMS"] or self.text["ARMS"]).split()
        for w in words:
            if ",lr=" in w:
                raise Wrong(f"SWEEP_ARMS: '{w}': learning rates come from "
                            "SWEEP_LR")
        arms, self.point = [], {}
        for w in words:
            for lr in self.rates_of(w, words):
                at = w if float(lr) == float(self.LR) else f"{w},lr={lr}"
                arms += self.read_arms("SWEEP_ARMS", at)
                name = arms[-1].name
                if name in self.point:
                    raise Wrong(f"SWEEP_LR: '{self.SWEEP_LR}' names {lr} "
                                f"twice for {w}")
                self.point[name] = (arm_name(w), lr)
        if len(words) < 2:
            raise Wrong(f"SWEEP_ARMS: found '{' '.join(words)}', expected two "
                        "arms at least")
        return arms

    def rates_of(self, arm, arms):
        rates = []
        for word in self.SWEEP_LR.split():
            only, _, lr = word.rpartition(":")
            number(f"SWEEP_LR: '{word}'", lr, False, 0, True)
            if only and only not in arms:
                raise Wrong(f"SWEEP_LR: '{word}': {only} is not one of the "
                            f"arms {' '.join(arms)}")
            if only in ("", arm):
                rates.append(lr)
        if not rates:
            raise Wrong(f"SWEEP_LR: found no learning rate for {arm}")
        return rates

    def read_arms(self, var, words=None):
        arms, known = [], self.KNOWN_ARMS.split()
        for word in (self.text[var] if words is None else words).split():
            first, *parts = word.split(",")
            if first not in known:
                raise Wrong(f"{var}: '{first}' is not an arm"
                            f"{near(first, known)}; arms are "
                            f"{' '.join(known)}")
            lr, tis = self.LR, ""
            for x in parts:
                if not re.match(r"[a-z]+=[A-Za-z0-9_.:=+-]+$", x):
                    raise Wrong(f"{var}: '{word}': found '{x}', expected "
                                "factor=value or lr=RATE")
                if x.startswith("lr="):
                    lr = x[3:]
                    number(f"{var}: '{word}': lr", lr, False, 0, True)
                if x.startswith("tis="):
                    tis = x[4:]
                    number(f"{var}: '{word}': tis", tis, False, 0, True)
            name = arm_name(word)
            if name in [a.name for a in arms]:
                raise Wrong(f"{var} names {word} twice")
            factors = [x for x in parts
                       if not x.startswith(("lr=", "tis="))]
            if self.SHARDS > 1 and not any(x.startswith("shards=")
                                       for x in factors):
                factors.append(f"shards={self.SHARDS}")
            arms.append(Arm(name, ",".join([first, *factors]), lr, tis,
                            first in self.SHUFFLED_ARMS.split()))
        if not arms:
            raise Wrong(f"{var}: found none, expected at least one arm")
        return arms
