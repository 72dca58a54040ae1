"""design - make design: what would decide each hypothesis at the least cost

The records of a finished experiment say how much its values spread, and its
stages how long each took. stats --design finds the seeds, draws and samples;
this prints them with the command that makes them.
"""
import json
import os
import re
import shlex

from plan_page import duration
from sizes import output_of
from wrong import Wrong

ABOUT = {
    "H1": "H1, at a true difference of 0",
    "H2": "H2, at 4 times the variance between seeds",
    "H2-noise": "H2-noise, at noise of half the seed variance",
    "H3": "H3, at a ratio of 1.25",
    "all": "all of them",
}


def costs(dag):
    """Seconds that a run takes in the mean, by what its stages make, from their
    records: train=S eval=S rest=S. The rest is that of the runs that are
    compared, with their part of what is made of all together; base and
    replicates are evaluated and no more."""
    p, spent = dag.p, {"train": {}, "eval": {}, "rest": {}}
    runs = [r.name for r in p.runs(p.arms)]
    for out, stage in dag.stages.items():
        kind = stage.kind if stage.kind in spent else "rest"
        name = re.match(re.escape(p.R) + "/(train_logs|eval_metrics)/([^/]+)",
                        out)
        record = dag.state.record(out)
        if not name or not record or kind == "rest" and \
                name[2] not in (*runs, "overlap.msgpack"):
            continue
        if "seconds" not in record:
            raise Wrong(f"{out} was made by a version that recorded no "
                        "times: make it again")
        spent[kind][name[2]] = spent[kind].get(name[2], 0) + record["seconds"]
    means = {kind: sum(of.values()) / max(len(runs if kind == "rest" else of), 1)
             for kind, of in spent.items()}
    return " ".join(f"{kind}={mean:.6g}" for kind, mean in means.items())


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
        times = "" if p.EVAL_SAMPLES.isdigit() else "x"
        now = int(p.EVAL_SAMPLES.lstrip("x") or 1)
        words += [f"EVAL_SAMPLES={times}{more * now}", "OVERWRITE=1"]
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
    lines = [f"cost={costs(dag)}",
             *(s for s in p.setting()
               if s.split("=")[0] in ("arms", "reference", "margin"))]
    said = output_of(f"{p.BIN}/stats", "--quiet", "--json", "--design",
                     "--tasks", *x.tasks_options().split(),
                     *(w for s in lines for w in ("--set", s)),
                     *x.eval_files())
    return [json.loads(line) for line in said.splitlines()]


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
