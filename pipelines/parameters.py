"""parameters - the experiment's parameters, checked before anything runs

Make hands each variable of config.mk and of the preset on as ULP_NAME. What is
wrong with one is raised as Wrong, in one line that says what was found, what is
expected and what to do.
"""
import json
import os
import re

from outside import model_files, read_runs
from wrong import Wrong, near

WHOLE = ("NOISE STEPS CHUNK PROMPTS MINI_BATCH SAMPLES MAX_NEW KL_PROMPTS "
         "TRAIN_ROWS CORPUS_ROWS").split()
WHOLE_OR_0 = ("MAX_PROMPT OVERLONG THREADS QUESTIONS EVAL_SEED "
              "MEAN_NEW").split()
WORDS = {"KEEP": ("all", "last"), "DEVICE": ("auto", "cpu", "cuda"),
         "SYNTHETIC": ("0", "1"), "OVERWRITE": ("0", "1")}
# What decides the bytes of results that another run in the same folder would
# replace. ARMS, SEEDS and TASKS only add to what is there.
FIXED = ("PRESET RUNS MODEL DATA TASKS_FILE TRAIN_TASK TEMPLATE TOKENIZER "
         "CORPUS_ROWS MODEL_SHAPE PRETRAIN_OPTS TRAIN_ROWS STEPS CHUNK PROMPTS "
         "MINI_BATCH SAMPLES LR MAX_NEW MAX_PROMPT OVERLONG KL_PROMPTS "
         "TRAIN_OPTS ROLLOUT_OPTS DEVICE EVAL_ARM EVAL_SEED EVAL_TEMPERATURE "
         "EVAL_SAMPLES QUESTIONS REWARD_OPTS").split()
PLAIN = re.compile(r"[A-Za-z0-9_./,+@-]*$")


class Arm:
    """name: of folders and tables, with - for = and . for :; factors: for
    --arm; lr: the learning rate; tis: the bound of the importance weight."""

    def __init__(self, name, factors, lr, tis):
        self.name, self.factors, self.lr, self.tis = name, factors, lr, tis

    def draw(self, n):
        """Factors of noise draw n: 0 is the arm as it is, others are in
        another order of sums, on the GPU's fast path another order of groups."""
        if not n:
            return self.factors
        kind = "hardware" if "order=hardware" in self.factors else "shuffled"
        return f"{self.factors},order={kind}:{n}"


class Run:
    """A training: an arm, a seed, a noise draw."""

    def __init__(self, arm, seed, draw=0):
        self.arm, self.seed, self.draw = arm, seed, draw
        self.name = f"{arm.name}_seed{seed}" + (f"_draw{draw}" if draw else "")


class Task:
    """What TASKS_FILE says of it; file: of a task of one's own."""

    def __init__(self, row, file=""):
        self.name, self.role = row["name"], row["role"]
        self.verifier = row["verifier"]
        self.questions = row.get("questions", 0)
        self.samples, self.max_new = row["samples"], row["max_new"]
        self.chance = row.get("chance", 0)
        self.temperature = f"{row['temperature']:g}"
        self.top_p = f"{row['top_p']:g}"
        self.file = file


def number(name, text, whole=True, least=0, above=False, most=None):
    try:
        x = int(text) if whole else float(text)
    except ValueError:
        x = None
    if x is None or x != x or x < least or (above and x == least) or \
            x == float("inf") or (most is not None and x > most):
        kind = "a whole number" if whole else "a number"
        limit = f"above {least}" if above else f"from {least}"
        raise Wrong(f"{name}: found '{text}', expected {kind} {limit}" +
                    (f" to {most}" if most is not None else ""))
    return x


def check_regular(where, path):
    """A FIFO or a device would block or never end."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise Wrong(f"{where}: not a regular file")


class Parameters:
    """One attribute for each make variable, and what follows from them:
    arms, table_arms (of ablation and mismatch), tasks (and task, by name), left_out, tasks_json,
    model_files."""

    def __init__(self, env, tables=()):
        self.text = {k[4:]: " ".join(v.split()) for k, v in env.items()
                     if k.startswith("ULP_")}
        self.__dict__.update(self.text)
        for name in ("R", "DATA", "MODEL", "TASKS_FILE", "TOKENIZER", "RUNS"):
            value = env.get("ULP_" + name, "")
            if not PLAIN.match(value):
                raise Wrong(f"{name}='{value}': a path here has letters, "
                            "digits and _./,+@- only; blanks, quotes and other "
                            "signs cannot stand in a make rule")
        self.R = os.path.normpath(self.R)
        if self.R in (".", "..", "/"):
            raise Wrong(f"R={self.R}: results need a folder of their own")
        for name in WHOLE + WHOLE_OR_0:
            unused = name.endswith("_ROWS") and self.SYNTHETIC != "1"
            if self.text[name] or (name in WHOLE and not unused):
                setattr(self, name, number(name, self.text[name],
                                           least=1 if name in WHOLE else 0))
            elif name in WHOLE_OR_0:
                setattr(self, name, 0)
        for name, words in WORDS.items():
            if self.text[name] not in words:
                raise Wrong(f"{name}: found '{self.text[name]}', expected "
                            f"{' or '.join(words)}")
        number("LR", self.LR, False, 0, True)
        number("MARGIN", self.MARGIN, False, 0, True, 1)
        self.looks()
        self.outside = read_runs(self.RUNS) if self.RUNS else []
        if self.outside:
            self.take_outside(tables)
        else:
            self.SEEDS = self.seeds()
            self.arms = self.read_arms("ARMS")
        self.table_arms = {t: self.sweep_arms() if t == "sweep" else
                           self.read_arms(f"{t.upper()}_ARMS")
                           for t in tables}
        names = [a.name for a in self.arms]
        self.REFERENCE = (self.REFERENCE or names[0]).replace(
            "=", "-").replace(":", ".")
        if self.REFERENCE not in names:
            raise Wrong(f"REFERENCE: '{self.REFERENCE}' is not one of the "
                        f"arms {' '.join(names)}")
        self.check_model()
        self.read_tasks()

    def seeds(self):
        seeds = [number("SEEDS", s, least=1) for s in self.SEEDS.split()]
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
                self.point[name] = (w.replace("=", "-").replace(":", "."), lr)
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
            name = word.replace("=", "-").replace(":", ".")
            if name in [a.name for a in arms]:
                raise Wrong(f"{var} names {word} twice")
            factors = [x for x in parts
                       if not x.startswith(("lr=", "tis="))]
            arms.append(Arm(name, ",".join([first, *factors]), lr, tis))
        if not arms:
            raise Wrong(f"{var}: found none, expected at least one arm")
        return arms

    def check_model(self):
        self.model_files = []
        if not self.MODEL:
            if self.SYNTHETIC != "1":
                raise Wrong(f"PRESET={self.PRESET} needs MODEL=DIR, a Hugging "
                            "Face directory")
            return
        if not self.DATA and self.SYNTHETIC != "1":
            raise Wrong(f"PRESET={self.PRESET} needs DATA=DIR, a folder with "
                        "task sets (data/README.md)")
        if not os.path.isdir(self.MODEL):
            raise Wrong(f"MODEL={self.MODEL}: no such directory")
        self.model_files = model_files(self.MODEL)
        if f"{self.MODEL}/config.json" not in self.model_files:
            raise Wrong(f"MODEL={self.MODEL}: no config.json there")

    # ---- tasks ----

    def read_tasks(self):
        check_regular("TASKS_FILE=" + self.TASKS_FILE, self.TASKS_FILE)
        try:
            with open(self.TASKS_FILE) as f:
                rows = json.load(f)["tasks"]
        except OSError as e:
            raise Wrong(f"TASKS_FILE={self.TASKS_FILE}: "
                        f"{e.strerror}") from None
        except (ValueError, KeyError, TypeError) as e:
            raise Wrong(f"TASKS_FILE={self.TASKS_FILE}: expected JSON with a "
                        f"list \"tasks\" ({e})") from None
        rows = [self.task_of(r, i + 1) for i, r in enumerate(rows)]
        self.choose([r.name for r in rows], rows)
        self.leave_out()
        self.override(rows)
        self.task = {t.name: t for t in self.tasks}

    def task_of(self, row, i):
        where = f"{self.TASKS_FILE}: task {i}"
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise Wrong(f"{where}: expected an object with a name")
        where = f"{self.TASKS_FILE}: task {row['name']}"
        need = "role verifier samples temperature top_p max_new".split()
        for key in need + (["questions"] if self.sampled() else []):
            if key not in row:
                raise Wrong(f"{where}: no \"{key}\"")
        for key in row:
            if key not in need + ["name", "file", "questions", "chance"]:
                raise Wrong(f"{where}: unknown \"{key}\"" + near(key, need))
        number(f"{where}: samples", row["samples"], least=1)
        number(f"{where}: max_new", row["max_new"], least=1)
        number(f"{where}: temperature", row["temperature"], False)
        number(f"{where}: top_p", row["top_p"], False, 0, True, 1)
        number(f"{where}: chance", row.get("chance", 0), False, most=1)
        if row["role"] not in ("on", "off"):
            raise Wrong(f"{where}: role: found \"{row['role']}\", expected "
                        "\"on\" or \"off\"")
        if not PLAIN.match(row["name"]) or "/" in row["name"]:
            raise Wrong(f"{where}: a name has letters, digits, _ and -")
        return Task(row)

    def choose(self, names, rows):
        """TASKS: names out of TASKS_FILE (none: all), and NAME=FILE."""
        words = self.text["TASKS"].split()
        only = [w for w in words if "=" not in w]
        for w in only:
            if w not in names:
                raise Wrong(f"TASKS: '{w}' is not in {self.TASKS_FILE}"
                            f"{near(w, names)}; there are {' '.join(names)}, "
                            "and NAME=FILE adds one of your own")
        self.tasks = [t for t in rows if not only or t.name in only]
        for word in words:
            if "=" in word:
                self.tasks.append(self.own_task(*word.split("=", 1), names))
        if len({t.name for t in self.tasks}) < len(self.tasks):
            raise Wrong("TASKS names one twice")

    def own_task(self, name, path, names):
        where = f"TASKS: {name}={path}"
        if not re.match(r"[A-Za-z0-9_-]+$", name) or not PLAIN.match(path):
            raise Wrong(f"{where}: a name has letters, digits, _ and -; a path "
                        "those and ./,+@")
        if name in names or name == self.TRAIN_TASK:
            raise Wrong(f"{where}: {self.TASKS_FILE} has a task of that name")
        check_regular(where, path)
        try:
            with open(path) as f:
                row = json.loads(f.readline())
            verifier = row.get("verifier", "math")
        except OSError as e:
            raise Wrong(f"{where}: {e.strerror}") from None
        except (ValueError, AttributeError):
            raise Wrong(f"{where}: line 1 is not a JSON object "
                        "(data/README.md has the fields)") from None
        longest = max((t.max_new for t in self.tasks), default=self.MAX_NEW)
        return Task(dict(name=name, role="off", verifier=verifier, samples=4,
                         temperature=0.7, top_p=0.8, max_new=longest), path)

    def leave_out(self):
        """Model-written code runs only in the sandbox, which stands on user
        namespaces. Where nobody can make one (a chroot, some containers), the
        tasks that need it are left out, and the summary says so."""
        code = [t.name for t in self.tasks if t.verifier == "code"]
        self.left_out = []
        if code and self.SANDBOX == "auto":
            if os.system("unshare -U true 2>/dev/null"):
                self.left_out = code
        elif self.SANDBOX in ("", "0"):
            self.left_out = code
        self.tasks = [t for t in self.tasks if t.name not in self.left_out]
        if not self.tasks:
            raise Wrong("no tasks: the sandbox is missing, and all of them "
                        "run model-written code")
        if not any(t.role == "on" for t in self.tasks) or \
                not any(t.role == "off" for t in self.tasks):
            raise Wrong("TASKS: the report needs one task that is \"on\" and "
                        "one that is \"off\", at least")

    def override(self, rows):
        """EVAL_SAMPLES, EVAL_TEMPERATURE; tasks_json: what the report reads."""
        changed = self.tasks != [t for t in rows
                                 if t.name not in self.left_out]
        for t in self.tasks:
            if self.EVAL_SAMPLES:
                t.samples = number("EVAL_SAMPLES", self.EVAL_SAMPLES, least=1)
            if self.EVAL_TEMPERATURE:
                number("EVAL_TEMPERATURE", self.EVAL_TEMPERATURE, False)
                t.temperature = self.EVAL_TEMPERATURE
        self.tasks_text = ""
        self.tasks_json = self.TASKS_FILE
        if changed or self.EVAL_SAMPLES or self.EVAL_TEMPERATURE:
            self.tasks_json = f"{self.R}/.make/tasks.json"
            self.tasks_text = json.dumps({"tasks": [
                dict(name=t.name, role=t.role, verifier=t.verifier,
                     samples=t.samples, temperature=float(t.temperature),
                     top_p=float(t.top_p), max_new=t.max_new,
                     chance=t.chance)
                for t in self.tasks]}, indent=1) + "\n"

    def without(self):
        """Tasks of tasks_json that the report leaves out."""
        return [] if self.tasks_text else self.left_out

    def sampled(self):
        """Whether task sets are made from a seed."""
        return self.SYNTHETIC == "1" and not self.DATA

    def set_file(self, name):
        """The file of a task set, None where it is made from a seed."""
        for t in self.tasks:
            if t.name == name and t.file:
                return t.file
        path = f"{self.DATA}/{name}.jsonl"
        if self.sampled() or (name == "corpus" and not os.path.exists(path)):
            return None
        return path

    # ---- what the report says of the setting ----

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

    def fixed(self):
        return {k: self.text.get(k, "") for k in FIXED}


def check_tools(p, kinds):
    """Programs that stages of these kinds will start."""
    import shutil
    if "analysis" in kinds and not shutil.which("gnuplot"):
        raise Wrong("gnuplot is not installed, and the plots need it: "
                    "make deps installs it")
    if "eval" in kinds and any(t.verifier == "code" for t in p.tasks) and \
            not shutil.which("bwrap"):
        raise Wrong("bubblewrap (bwrap) is not installed, and the sandbox of "
                    "model-written code needs it: make deps installs it, and "
                    "SANDBOX=0 leaves those tasks out")


def check_arms(p, state_dir):
    """Factors and their values, by the program that reads them."""
    import subprocess
    probe = f"{state_dir}/probe"
    os.makedirs(probe, exist_ok=True)
    with open(f"{probe}/config.json", "w") as f:
        json.dump(dict(model_type="qwen2", architectures=["Qwen2ForCausalLM"],
                       vocab_size=8, hidden_size=8, num_hidden_layers=1,
                       num_attention_heads=1, num_key_value_heads=1,
                       intermediate_size=8, max_position_embeddings=8,
                       rms_norm_eps=1e-6, rope_theta=10000.0,
                       tie_word_embeddings=True), f)
    for a in [*p.arms, *(a for t in p.table_arms.values() for a in t)]:
        done = subprocess.run(
            [f"{p.BIN}/dapo-step", "--plan", "--device", "cpu", "--model",
             probe, "--arm", a.factors], capture_output=True, text=True,
            check=False)
        if done.returncode:
            raise Wrong(f"ARMS: {a.factors}: " +
                        done.stderr.strip().split("\n")[0])
