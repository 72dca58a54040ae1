"""design - make design: what would decide each hypothesis at the least cost

The records of a finished experiment say how much its values spread, and its
stages how long each took. stats --design finds the seeds, draws and samples;
this prints them with the command that makes them.
"""
import json
import os
import re
import shlex
import subprocess

from plan_page import duration
from wrong import Wrong

ABOUT = {
    "H1": "H1, at a true difference of 0",
    "H2": "H2, at 4 times the variance between seeds",
    "H2-noise": "H2-noise, at noise of half the seed variance",
    "H3": "H3, at a ratio of 1.25",
    "all": "all of them",
}


class Costs:
    """Seconds of a run by what its stages make, from their records."""

    def __init__(self, dag):
        self.train, self.eval, self.rest = {}, {}, {}
        r = dag.p.R
        for out, stage in dag.stages.items():
            name = re.match(re.escape(r) + "/(train_logs|eval_metrics)/([^/]+)",
                            out)
            record = dag.state.record(out)
            if not name or not record or name[2].startswith("floor_"):
                continue
            if "seconds" not in record:
                raise Wrong(f"{out} was made by a version that recorded no "
                            "times: make it again")
            kind = self.train if stage.kind == "train" else \
                self.eval if stage.kind == "eval" else self.rest
            kind[name[2]] = kind.get(name[2], 0) + record["seconds"]

    def text(self):
        """Means over runs. The base is evaluated and no more."""
        words = []
        for name in ("train", "eval", "rest"):
            of = [s for run, s in getattr(self, name).items()
                  if name != "rest" or not run.startswith("base_")]
            words.append(f"{name}={sum(of) / max(len(of), 1):.6g}")
        return " ".join(words)


def seeds_text(now, n):
    """The seeds there are and more, as SEEDS=."""
    seeds = list(now)
    more = 1
    while len(seeds) < n:
        if more not in seeds:
            seeds.append(more)
        more += 1
    if sorted(seeds) == list(range(1, len(seeds) + 1)):
        return f'SEEDS="$(seq -s \' \' {len(seeds)})"'
    return "SEEDS=" + shlex.quote(" ".join(map(str, seeds)))


def command(p, found):
    """What to type for a design."""
    given = shlex.split(os.environ.get("ULP_ARGS", ""))
    words = [shlex.quote(w) for w in given
             if not w.startswith(("SEEDS=", "NOISE=", "EVAL_SAMPLES="))]
    words.append(seeds_text(p.SEEDS, found["seeds"]))
    if found["draws"] > 1:
        words.append(f"NOISE={found['draws']}")
    more = int(found["samples"])
    if more > 1:
        times = p.EVAL_SAMPLES.startswith("x")
        if p.EVAL_SAMPLES and not times:
            words.append(f"EVAL_SAMPLES={more * int(p.EVAL_SAMPLES)}")
        else:
            words.append(
                f"EVAL_SAMPLES=x{more * int(p.EVAL_SAMPLES[1:] or 1)}")
        words.append("OVERWRITE=1")
    elif p.EVAL_SAMPLES:
        words.append(f"EVAL_SAMPLES={p.EVAL_SAMPLES}")
    return f"make {' '.join(words)} {p.R}/analysis/summary.txt"


def records(dag):
    """What stats --design says."""
    p, x = dag.p, dag.x
    missing = [f for f in x.eval_files() if not os.path.exists(f)]
    if missing:
        raise Wrong(f"{missing[0]} is not there: make the summary first, with "
                    "the same parameters")
    words = [f"{p.BIN}/stats", "--quiet", "--json", "--design", "--tasks",
             p.tasks_json, "--set", f"cost={Costs(dag).text()}", "--set",
             "arms=" + " ".join(a.name for a in p.arms), "--set",
             f"reference={p.REFERENCE}", "--set", f"margin={p.MARGIN}"]
    for t in p.without():
        words += ["--without", t]
    done = subprocess.run([*words, *x.eval_files()], capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise Wrong(done.stderr.strip().split("\n")[0])
    return [json.loads(line) for line in done.stdout.splitlines()]


def show(dag):
    p = dag.p
    print("What would decide each hypothesis with 80% power, at the spread of "
          "these results and\nthe least cost by the times of their stages\n")
    for r in records(dag):
        q = r["quantity"]
        if q == "paired":
            print(f"  a seed's difference of {r['arm']} on {r['task']}: sd "
                  f"{100 * r['sd']:.2f} points, of which sampling "
                  f"{100 * r['sd_sampling']:.2f}")
            continue
        print(f"\n  {ABOUT[q]}")
        if "seeds" not in r:
            print("    no design that was tried (60 seeds, 4 draws, 8 times "
                  "the samples)")
        elif r["seconds"] == 0:
            print("    these results do")
        else:
            at_once = max(int(p.AT_ONCE), 1)
            print(f"    {r['seeds']} seeds, {r['draws']} draws, "
                  f"{r['samples']:g} times the samples: "
                  f"{duration(r['seconds'] / at_once)} more\n"
                  f"    {command(p, r)}")
