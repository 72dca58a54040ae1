"""parameters - the experiment's parameters, checked before anything runs

Make hands each variable of config.mk and of the preset on as ULP_NAME. What is
wrong with one is raised as Wrong, in one line that says what was found, what is
expected and what to do.
"""
import os

from arms import Arms, arm_name
from outside import model_files, read_runs
from place import check_place
from save import seconds_of
from setting import Setting
from tasks import Tasks
from wrong import PLAIN, Wrong, number

WHOLE = ("NOISE STEPS CHUNK PROMPTS MINI_BATCH SAMPLES MAX_NEW KL_PROMPTS "
         "TRAIN_ROWS CORPUS_ROWS").split()
WHOLE_OR_0 = ("MAX_PROMPT OVERLONG THREADS QUESTIONS EVAL_SEED "
              "MEAN_NEW SHARDS").split()
WORDS = {"KEEP": ("all", "last", "deltas"), "DEVICE": ("auto", "cpu", "cuda"),
         "SYNTHETIC": ("0", "1"), "OVERWRITE": ("0", "1"),
         "PLAN_JSON": ("0", "1"), "SHARD_WEIGHTS": ("0", "1"),
         "EVAL_TASKS": ("together", "apart")}
# What decides the bytes of results that another run in the same folder would
# replace. ARMS, SEEDS and TASKS only add to what is there.
FIXED = ("PRESET RUNS MODEL DATA TASKS_FILE TRAIN_TASK TEMPLATE TOKENIZER "
         "CORPUS_ROWS MODEL_SHAPE PRETRAIN_OPTS TRAIN_ROWS STEPS CHUNK PROMPTS "
         "MINI_BATCH SAMPLES SHARDS LR MAX_NEW MAX_PROMPT OVERLONG KL_PROMPTS "
         "TRAIN_OPTS ROLLOUT_OPTS DEVICE EVAL_ARM EVAL_SEED EVAL_TEMPERATURE "
         "EVAL_SAMPLES QUESTIONS REWARD_OPTS").split()


class Parameters(Arms, Tasks, Setting):
    """One attribute for each make variable, and what follows from them:
    arms, outside, table_arms (of ablation, mismatch and sweep), tasks (and task,
    by name), left_out, tasks_json, model_files."""

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
        if self.STEPS > 10_000 * self.CHUNK:
            raise Wrong(f"STEPS={self.STEPS} CHUNK={self.CHUNK}: more than "
                        "10000 stages a run; a larger CHUNK makes them fewer")
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
        self.REFERENCE = arm_name(self.REFERENCE or names[0])
        if self.REFERENCE not in names:
            raise Wrong(f"REFERENCE: '{self.REFERENCE}' is not one of the "
                        f"arms {' '.join(names)}")
        self.check_model()
        self.read_tasks()
        check_place(self)
        seconds_of(self.SAVE_EVERY)

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

    def fixed(self):
        return {k: self.text.get(k, "") for k in FIXED}

    def others(self, there):
        """Those of fixed() that results were made with another value of."""
        return [k for k, v in self.fixed().items() if there.get(k, "") != v]
