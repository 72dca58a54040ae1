"""scale_page - the page of make plan PLAN_GPUS=..., from what scale.py found"""
import json

import pilot
from plan_page import Page, duration, size, way_options
from scale import Gpu, Scale, ScalePlan
from wrong import Wrong


def hours(h):
    return f"{h:.3g}" if h < 100 else f"{h:.0f}"


def seconds(s):
    return "-" if s is None else f"{s:.1f}s"


def percent(part):
    return f"{abs(100 * part):.0f}%"


def point(x):
    """A line of the table of GPUs."""
    if "does_not_fit" in x:
        less = x.get("in_slices", {})
        arms = ", ".join(
            f"{a} needs {size(b)}" + (f" (SHARD_WEIGHTS=1: {size(less[a])})"
                                      if a in less else "")
            for a, b in x["does_not_fit"].items())
        return f"  {x['gpus']:>5} {'does not fit: ' + arms}"
    bound = max(x["chain"], x["gpu_hours"] * 3600 / x["gpus"])
    return (f"  {x['gpus']:>5} {x['ranks']:>6} {x['stages_at_once']:>8} "
            f"{duration(x['seconds']):>10} {duration(x['chain']):>10} "
            f"{hours(x['gpu_hours']):>10} {percent(x['idle']):>6} "
            f"{x['seconds'] / bound:>9.2f}")


def show_gpus(found):
    print("\nTime (ranks: GPUs of a stage, the number with which all ends "
          "first; chain: the longest\nrun with its evaluation, which more GPUs "
          "do not shorten; to bound: the time by the larger\nof chain and "
          "GPU-hours over GPUs)")
    print(f"  {'GPUs':>5} {'ranks':>6} {'at once':>8} {'time':>10} "
          f"{'chain':>10} {'GPU-hours':>10} {'idle':>6} {'to bound':>9}")
    for x in found["points"]:
        print(point(x))


def show_ranks(ranks, x):
    print(f"\nStages on {ranks} GPU{'s' if ranks > 1 else ''} each: "
          f"{hours(x['all'])} GPU-hours")
    for word, of in (("kind", x["kinds"]), ("arm", x["arms"])):
        for name, h in sorted(of.items(), key=lambda kv: -kv[1]):
            print(f"  by {word:<5} {name:<32} {hours(h):>10} "
                  f"{percent(h / x['all']):>5}")
    print(f"  {'a step of':<30} {'sampling':>9} {'updates':>9} {'traffic':>9} "
          f"{'other':>9} {'together':>10}")
    for arm, s in x["steps"].items():
        t = s["seconds"]
        other = sum(t.values()) - t["sampling"] - t["updates"] - t["traffic"]
        print(f"  {arm:<30} {t['sampling']:8.1f}s {t['updates']:8.1f}s "
              f"{t['traffic']:8.1f}s {other:8.1f}s {sum(t.values()):9.1f}s")
    print(f"  {'in it idle':<30} {'ranks':>9} {'sequences':>9} {'shards':>9} "
          f"{'batch':>9}  memory")
    for arm, s in x["steps"].items():
        w = s["waits"]
        more = f" with {way_options(s['way'])}" if s["way"] else ""
        print(f"  {arm:<30} {percent(w['ranks']):>9} {percent(w['slots']):>9} "
              f"{percent(w['shards']):>9} {s['batch']:>9}  "
              f"{size(s['at_most'])}{more}")
    if ranks > 1:
        print(f"  {'traffic of a rank in a step':<30} {'out':>9} {'in':>9} "
              f"{'NVLink':>9} {'PCIe':>9} {'network':>10}")
        for arm, s in x["steps"].items():
            t = s["traffic"]
            read = t["gathered_a_step"]
            print(f"  {arm:<30} {size(t['sent_a_step']):>9} "
                  f"{size(t['received_a_step']):>9} "
                  f"{seconds(t['seconds_nvlink']):>9} "
                  f"{seconds(t['seconds_pcie']):>9} "
                  f"{seconds(t['seconds_network']):>10}" +
                  (f"  and {size(read)} of weights in slices" if read else ""))


def show_disk(found):
    print("\nDisk")
    for keep, d in found["disk"].items():
        more = f", {d['older']} older weights as differences " \
            f"{size(d['older_bytes'])}" if d["older"] else ""
        print(f"  KEEP={keep:<7} {d['checkpoints']} checkpoints "
              f"{size(d['checkpoint_bytes'])}{more}; rollouts "
              f"{size(d['rollout_bytes'])}")
    part = found["delta"]["part_of_bf16_weights"]
    print(f"  (a difference of bf16 weights is 1/{1 / part:.0f} of them: "
          f"{found['delta']['source']};\n  of others the whole is counted)")


def show_cost(x):
    """What one more of each costs."""
    c, n = x["run_hours"], len(x["steps"])
    run = c["train"] + c["eval"] + c["rest"]
    print(f"  a run: {hours(c['train'])} GPU-hours of training, "
          f"{hours(c['eval'])} of evaluation, {hours(c['rest'])} of KL; "
          f"a seed of {n} arms and one draw {hours(n * run + c['eval'])}, a "
          f"further draw of it {hours(n * run)}, its samples once more "
          f"{hours((n + 1) * c['eval'])}")


def show_assumed(found):
    g = found["gpu"]
    print(f"\nFrom: {g['name']}, {g['source']}: {g['memory_bandwidth']:.3g} "
          f"bytes/s of memory, of which {g['bandwidth_utilisation']:g} is "
          "assumed")
    for key, r in found["rates"].items():
        print(f"  {key}: {r['sampling']:.3g} and {r['scoring']:.3g} FLOP/s, "
              f"sampling and scoring, {r['source']}")
    link = "NVLink" if g.get("nvlink_bandwidth") else "PCIe"
    inside = f"NVLink {g['nvlink_bandwidth']:.3g}, " if link == "NVLink" else ""
    print(f"  links, bytes/s one way: {inside}PCIe {g['host_bandwidth']:.3g} "
          f"({g['links_source']}),\n    network {g['network_bandwidth']:.3g} "
          f"(assumed); {link} counts inside a node of {g['gpus_per_node']}, "
          "weights in slices and those for the\n    sampler go over PCIe\n"
          f"  disk: {g['disk_bandwidth']:.3g} bytes/s a run (assumed)")
    mean = found["lengths"]["mean_tokens"]
    print(f"  lengths: {found['lengths']['source']}; as parts of MAX_NEW" +
          (f", {mean:g} tokens a response in the mean" if mean else ""))


def show(p, tmp, arms, counts, table):
    if not arms or table:
        raise Wrong("PLAN_GPUS plans training runs of ARMS, and here are none")
    plan = ScalePlan(p, tmp, arms, Gpu(p.PLAN_GPU))
    page = Page(plan, counts, table)
    found = Scale(plan, page, counts["chunks"]).result()
    if p.PLAN_JSON == "1":
        page.quietly()
        print(json.dumps(dict(page.record(), scale=found), indent=1))
        return
    print(f"preset {p.PRESET}: {page.runs} training runs of {p.STEPS} steps "
          f"and {page.again} replicates; {len(plan.sets) - 1} tasks; "
          f"{found['gpu']['name']}, {size(found['memory_bytes'])}")
    show_gpus(found)
    for ranks, x in found["ranks"].items():
        show_ranks(ranks, x)
        show_cost(x)
    show_disk(found)
    if "pilot" in found:
        pilot.show(found["pilot"])
    show_assumed(found)
    for text in page.wrong:
        print("  " + text)

