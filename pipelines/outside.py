"""outside - runs that were trained elsewhere: the table that RUNS names

A line a run, tabs between, under a header with the columns arm, seed, draw and
directory, in any order. A directory is a Hugging Face checkpoint, or a folder
whose numbered subfolders hold some, as verl and TRL leave them; the last of
those is taken. Paths are those of the folder where make runs.
"""
import glob
import os
import re

from arms import run_name
from wrong import Wrong, near

COLUMNS = ("arm", "seed", "draw", "directory")
PLAIN = re.compile(r"[A-Za-z0-9_./,+@=-]+$")
NUMBERED = re.compile(r"(?:checkpoint|step|global_step)[-_](\d+)$")
# where a checkpoint lies in a numbered folder: of TRL, of verl (saved as
# Hugging Face, or merged beside it), of this project
WITHIN = ("", "actor/huggingface", "huggingface", "checkpoint")


class Outside:
    """A row: the arm's name, seed, draw; directory, and the files read."""

    def __init__(self, arm, seed, draw, directory, files):
        self.arm, self.seed, self.draw = arm, seed, draw
        self.directory, self.files = directory, files
        self.name = run_name(arm, seed, draw)


def model_files(directory):
    """What programs read of a Hugging Face directory."""
    return sorted(f for pattern in ("*.safetensors", "*.json", "*.jinja")
                  for f in glob.glob(f"{glob.escape(directory)}/{pattern}"))


def has_weights(files):
    return any(f.endswith(".safetensors") for f in files)


def is_checkpoint(directory):
    files = model_files(directory)
    return f"{directory}/config.json" in files and has_weights(files)


def checkpoint_in(directory, where):
    """The checkpoint that a directory is, or the last one that it holds."""
    if not os.path.isdir(directory):
        raise Wrong(f"{where}: directory {directory}: no such directory")
    if is_checkpoint(directory):
        return directory
    steps = sorted((int(m[1]), name) for name in os.listdir(directory)
                   if (m := NUMBERED.match(name)))
    for _, name in reversed(steps):
        for inner in WITHIN:
            path = os.path.normpath(f"{directory}/{name}/{inner}")
            if is_checkpoint(path):
                return path
    raise Wrong(f"{where}: directory {directory}: no config.json and "
                "*.safetensors there, nor in a folder checkpoint-N, step-N or "
                "global_step_N of it")


def whole(where, name, text, least):
    if not re.match(r"\d{1,9}$", text) or int(text) < least:
        raise Wrong(f"{where}: {name}: found '{text}', expected a whole number "
                    f"from {least}")
    return int(text)


def read_row(cells, where):
    arm, path = cells["arm"], os.path.normpath(cells["directory"] or ".")
    if not re.match(r"[A-Za-z0-9_.,+-]+$", arm) or arm == "base" or \
            arm.startswith(("base_seed", "floor_")):
        raise Wrong(f"{where}: arm: found '{arm}', expected a name of letters, "
                    "digits and _.,+- (base and floor_... are taken)")
    if not cells["directory"] or not PLAIN.match(path):
        raise Wrong(f"{where}: directory: found '{cells['directory']}', "
                    "expected a path of letters, digits and _./,+@=-")
    seed = whole(where, "seed", cells["seed"], 1)
    draw = whole(where, "draw", cells["draw"], 0)
    path = checkpoint_in(path, where)
    return Outside(arm, seed, draw, path, model_files(path))


def header_of(line, table):
    names = [w.strip() for w in line.split("\t")]
    for column in COLUMNS:
        if column not in names:
            raise Wrong(f"RUNS={table}: no column \"{column}\"; line 1 names "
                        "the columns arm, seed, draw and directory, with tabs "
                        "between")
    for name in names:
        if name not in COLUMNS:
            raise Wrong(f"RUNS={table}: unknown column \"{name}\"" +
                        near(name, COLUMNS))
    if len(set(names)) < len(names):
        raise Wrong(f"RUNS={table}: a column comes twice")
    return names


def check_draws(rows, table):
    """Draws of an arm and seed are counted from 0."""
    draws = {}
    for r in rows:
        draws.setdefault((r.arm, r.seed), []).append(r.draw)
    for (arm, seed), found in draws.items():
        if sorted(found) != list(range(len(found))):
            raise Wrong(f"RUNS={table}: arm {arm} seed {seed}: found draws "
                        f"{' '.join(map(str, sorted(found)))}, expected "
                        f"{' '.join(map(str, range(len(found))))}")


def read_runs(table):
    """The rows of the table, in its order."""
    if not os.path.isfile(table):
        raise Wrong(f"RUNS={table}: no such file")
    try: # a name may hold U+2028, at which splitlines() cuts
        with open(table, encoding="utf-8") as f:
            lines = f.read().split("\n")
    except (OSError, ValueError) as e:
        raise Wrong(f"RUNS={table}: {e}") from None
    names = header_of(lines[0], table)
    rows = []
    for i, line in enumerate(lines[1:], 2):
        cells = [w.strip() for w in line.split("\t")]
        where = f"RUNS={table}: line {i}"
        if not line.strip():
            continue
        if len(cells) != len(names):
            raise Wrong(f"{where}: found {len(cells)} cells, expected "
                        f"{len(names)}")
        rows.append(read_row(dict(zip(names, cells)), where))
    if not rows:
        raise Wrong(f"RUNS={table}: no runs in it")
    check_draws(rows, table)
    return rows
