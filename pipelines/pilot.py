"""pilot - seeds, draws and samples by the spread of a smaller experiment

PLAN_PILOT names the results of an experiment that has ended. How much its values
spread says which designs would decide each hypothesis (stats --design); what
those cost is the plan's, in GPU-hours. Its runs are none of the planned ones.
"""
import glob
import json
import os
import re

from design import ABOUT
from sizes import output_of
from wrong import Wrong

KINDS = ("scores", "kl_scores", "sparsity", "spectrum", "metrics", "divergence")


def tasks_file(folder):
    made = f"{folder}/.make/tasks.json"
    if os.path.exists(made):
        return made
    try:
        with open(f"{folder}/.make/setting.json", encoding="utf-8") as f:
            return json.load(f)["TASKS_FILE"]
    except (OSError, ValueError, KeyError):
        raise Wrong(f"PLAN_PILOT={folder}: no results of make there "
                    "(.make/setting.json)") from None


def designs(p, costs):
    """What stats --design says, with hours for seconds; costs: GPU-hours of a
    run, by train, eval and rest. And the pilot's arms."""
    folder = p.PLAN_PILOT
    tasks = tasks_file(folder)
    files = sorted(f for k in KINDS for f in
                   glob.glob(f"{glob.escape(folder)}/eval_metrics/*/{k}.msgpack"))
    found = {m[1] for f in files for m in
             [re.search(r"/([^/]+)_seed\d+/scores\.msgpack$", f)] if m}
    arms = sorted(found - {"base"})
    if len(arms) < 2:
        raise Wrong(f"PLAN_PILOT={folder}: scores of {len(arms)} arms, expected "
                    "two at least")
    first = next((a.name for a in p.arms if a.name in arms), arms[0])
    arms = [first, *(a for a in arms if a != first)]
    cost = " ".join(f"{k}={h:.6g}" for k, h in costs.items())
    said = output_of(f"{p.BIN}/stats", "--quiet", "--json", "--design",
                     "--tasks", tasks, "--set", f"arms={' '.join(arms)}",
                     "--set", f"reference={first}", "--set",
                     f"margin={p.MARGIN}", "--set", f"cost={cost} fresh",
                     *files)
    rows = []
    for line in said.splitlines():
        r = json.loads(line)
        if r["quantity"] in ABOUT:
            hours = r.pop("seconds", None)
            rows.append(dict(r, gpu_hours=hours))
    return dict(folder=folder, arms=arms, rows=rows)


def show(found):
    """The cheapest design of each hypothesis, then for each number of draws
    and times the samples the seeds that they need, and GPU-hours."""
    print(f"\nDesigns with 80% power at the spread of {found['folder']} "
          f"({', '.join(found['arms'])}), all runs anew")
    for quantity, about in ABOUT.items():
        rows = [r for r in found["rows"] if r["quantity"] == quantity]
        best = next(r for r in rows if not r.get("tried"))
        if best["gpu_hours"] is None:
            print(f"  {about}: none that was tried (60 seeds, 4 draws, 8 times "
                  "the samples)")
            continue
        print(f"  {about}: {best['seeds']} seeds, {best['draws']} draws, "
              f"{best['samples']:g} times the samples: "
              f"{best['gpu_hours']:.4g} GPU-hours")
        for draws in sorted({r["draws"] for r in rows if r.get("tried")}):
            print(f"      {draws} draws:  " + "   ".join(
                f"x{r['samples']:g} {r['seeds']} seeds {r['gpu_hours']:.3g}"
                for r in rows if r.get("tried") and r["draws"] == draws))
