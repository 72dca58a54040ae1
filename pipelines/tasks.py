"""tasks - what is evaluated: TASKS_FILE, TASKS, and the sets that they name"""
import json
import os
import re

from wrong import PLAIN, Wrong, check_regular, near, number


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


class Tasks:
    """The part of Parameters that reads the tasks."""

    def read_tasks(self):
        check_regular("TASKS_FILE=" + self.TASKS_FILE, self.TASKS_FILE)
        try:
            with open(self.TASKS_FILE) as f:
                rows = json.load(f)["tasks"]
        except OSError as e:
            raise Wrong(f"TASKS_FILE={self.TASKS_FILE}: "
                        f"{e.strerror}") from None
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            raise Wrong(f"TASKS_FILE={self.TASKS_FILE}: expected JSON with a "
                        f"list \"tasks\" ({e})") from None
        if not isinstance(rows, list):
            raise Wrong(f"TASKS_FILE={self.TASKS_FILE}: tasks: expected a list")
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
        for key in "questions samples temperature top_p max_new chance".split():
            if type(row.get(key, 0)) not in (int, float):
                raise Wrong(f"{where}: {key}: expected a number")
        number(f"{where}: questions", row.get("questions", 0))
        number(f"{where}: samples", row["samples"], least=1)
        number(f"{where}: max_new", row["max_new"], least=1)
        number(f"{where}: temperature", row["temperature"], False)
        number(f"{where}: top_p", row["top_p"], False, 0, True, 1)
        number(f"{where}: chance", row.get("chance", 0), False, most=1)
        if row["role"] not in ("on", "off"):
            raise Wrong(f"{where}: role: found \"{row['role']}\", expected "
                        "\"on\" or \"off\"")
        if row["verifier"] not in ("math", "choice", "code"):
            raise Wrong(f"{where}: verifier: found \"{row['verifier']}\", "
                        "expected \"math\", \"choice\" or \"code\"")
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
            if self.EVAL_SAMPLES.startswith("x"):
                t.samples *= number("EVAL_SAMPLES=x", self.EVAL_SAMPLES[1:],
                                    least=1)
            elif self.EVAL_SAMPLES:
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
