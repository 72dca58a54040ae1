# make plan PLAN_GPUS=...: the packing, the simulated sampler and the sums by cases
# worked by hand; JSON has the figures of the page
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # those of the make that runs the tests
. tests/lib.sh plan_gpus
export PYTHONDONTWRITEBYTECODE=1

cat >"$T/hand.py" <<'P'
"""What packing.py and batching.py find, by hand."""
import sys
sys.path.insert(0, "pipelines")
from types import SimpleNamespace
from batching import Lengths, micro_batches, rounds, sample, shards
from packing import Job, pack
from place import shards_of
from scale import Gpu, Scale

def case(name, found, wanted):
    print("ok" if found == wanted else "no", name,
          "" if found == wanted else f"found {found}, wanted {wanted}")

# longest first: 5 and 4, then 3 after 4, 3 after 5: 8; any order by name takes 9
jobs = [Job("a", 3), Job("b", 3), Job("c", 4), Job("d", 5)]
case("longest_first", pack(jobs, 2), dict(seconds=8, chain=5, busy=15))
case("one_slot_is_the_sum", pack(jobs, 1)["seconds"], 15)
case("more_slots_than_stages", pack(jobs, 100)["seconds"], 5)
# a chain of 4 + 3 goes before a stage of 5, though each of its parts is shorter
a = Job("train", 4)
jobs = [a, Job("eval", 3, a), Job("alone", 5), Job("small", 2)]
case("the_longest_chain_first", pack(jobs, 2), dict(seconds=7, chain=7, busy=14))
case("a_chain_is_not_divided", pack(jobs, 8)["seconds"], 7)
case("no_stages", pack([], 4), dict(seconds=0.0, chain=0.0, busy=0))

def flat(n):
    return 1.0
def linear(n):
    return float(n)
# batch 1, prompts of one sample of 4, 1, 1 and 1 tokens on two ranks: 4 and 3
x = sample([[4], [1], [1], [1]], 2, 1, flat)
case("a_free_rank_takes_the_next_prompt", (x["seconds"], sorted(x["of_ranks"])), (4.0, [3.0, 4.0]))
case("slots_in_use", x["slots"], 7 / 8)
# batch 2: 3 and 1 together, at token 1 the next 1 enters, at 2 the next 1
x = sample([[3], [1], [1], [1]], 1, 2, flat)
case("a_free_sequence_is_filled_at_once", (x["seconds"], x["slots"]), (3.0, 1.0))
# passes cost as many seconds as sequences: two for a token, then one for two
x = sample([[3, 1]], 1, 2, linear)
case("a_pass_costs_by_its_sequences", x["seconds"], 4.0)
# all samples of a prompt are of one rank; the other has nothing
x = sample([[2, 2]], 2, 1, flat)
case("a_prompt_is_one_ranks", (x["seconds"], sorted(x["of_ranks"])), (4.0, [0.0, 4.0]))
x = sample([[2], [2]], 1, 1, flat, 0.5)
case("a_prompts_own_tokens", x["seconds"], 5.0)
n = sample([[5] * 4] * 8, 4, 8, flat)
case("equal_lengths_leave_nothing_idle", (n["slots"], n["seconds"]), (1.0, 5.0))

# shards end where they do in lib/train/shards.c: 8 rows in 2: 3 + 1, 4
case("shards_by_rows", shards([3, 1, 2, 2], 2), [4, 4])
case("a_shard_passes_its_part", shards([3, 3, 2], 2), [6, 2])
case("an_empty_shard", shards([9, 1], 3), [9, 1, 0])
case("the_slowest_of_each_round", rounds([6, 2, 4, 4], 2), 10)
case("one_rank_has_all_rounds", rounds([6, 2, 4, 4], 1), 16)
# shards of 300 and 100 rows: 3 + 1 micro-batches of 128; 200 and 50: 2 + 1
case("micro_batches_of_the_rank_with_most", micro_batches([300, 200, 100, 50], 2, 128), 4)
case("shards_of_an_arm", [shards_of(a) for a in ("fp32", "bf16,shards=8", "'fp32,shards=2,shards=4'")], [1, 8, 4])

# two updates of 450e9 bytes each way: 450e9 bytes/s over NVLink, 50e9 between
# nodes; 32e9 on a card without NVLink
def traffic(gpu, ranks, micros=0, sent=450e9, received=450e9, of_pass=0):
    return Scale.traffic(SimpleNamespace(gpu=Gpu(gpu)), dict(
        updates_per_step=2, sent_bytes=sent, received_bytes=received,
        pass_received_bytes=of_pass), ranks, micros)
case("nvlink_within_a_node", traffic("h100", 8)["seconds"], 2.0)
case("network_between_nodes", traffic("h100", 16)["seconds"], 18.0)
x = traffic("l40s", 8)
case("pcie_where_there_is_no_nvlink", (x["seconds"], x["seconds_nvlink"]), (28.125, None))
# weights in slices over PCIe at 64e9: four micro-batches read 64e9 in a forward
# and backward and half of that where they are scored; each update 64e9 more
x = traffic("h100", 8, 4, received=514e9, of_pass=64e9)
case("weights_in_slices", (x["gathered_a_step"], x["seconds"], x["received_a_step"]), (8 * 64e9, 10.0, 900e9))

x = Lengths([0, 0.5, 1], "by hand")
case("quantiles_are_joined", x.at(0.25), 0.25)
case("lengths_are_at_least_1", min(x.draw(100, 10, 0, 1)), 1)
case("lengths_are_cut_at_the_longest", max(x.draw(100, 10, 9, 1)), 10)
case("the_mean_that_was_asked_for",
     abs(sum(x.draw(4000, 1000, 300, 1)) / 4000 - 300) < 1, True)
case("a_seed_is_an_order", sorted(x.draw(50, 9, 0, 1)) == sorted(x.draw(50, 9, 0, 2))
     and x.draw(50, 9, 0, 1) != x.draw(50, 9, 0, 2), True)
P
python3 "$T/hand.py" >"$T/cases" 2>"$T/err" || no hand "$(tail -n 1 "$T/err")"
while read -r word name text; do if [ "$word" = ok ]; then ok "$name"; else no "$name" "$text"; fi; done <"$T/cases"

built=()
for p in bin/*.c; do p=${p%.c}; built+=(-o "$BIN/${p#bin/}"); done
smoke=(PRESET=smoke BIN="$BIN" R="$T/results" SHARDS=4 SEEDS='1 2 3' NOISE=2 RATE='fp32=2e9 bf16=4e9')
plan() { make --no-print-directory "${built[@]}" "${smoke[@]}" "$@" plan >"$T/plan" 2>"$T/err"; }
plan PLAN_GPUS='1 2 4 8 64' || no planned "$(tail -n 1 "$T/err")"
cp "$T/plan" "$T/page"
plan PLAN_GPUS='1 2 4 8 64' PLAN_JSON=1 || no planned_json "$(tail -n 1 "$T/err")"
cp "$T/plan" "$T/json"
cat >"$T/sums.py" <<'P'
"""Sums that must hold, and the page against JSON."""
import json
import math
import re
import sys
sys.path.insert(0, "pipelines")
from plan_page import duration
whole = json.load(open(sys.argv[1]))
page = open(sys.argv[2]).read()
scale = whole["scale"]
points, ranks = scale["points"], scale["ranks"]

def case(name, fine, text=""):
    print("ok" if fine else "no", name, "" if fine else text)

close = lambda a, b: math.isclose(a, b, rel_tol=1e-9)
case("a_point_for_each", [x["gpus"] for x in points] == [1, 2, 4, 8, 64])
case("more_gpus_take_no_longer", all(a["seconds"] >= b["seconds"] for a, b in zip(points, points[1:])),
     str([x["seconds"] for x in points]))
case("no_point_is_below_its_bounds", all(
    x["seconds"] >= max(x["chain"], x["gpu_hours"] * 3600 / x["gpus"]) * (1 - 1e-9) for x in points))
case("the_same_ranks_the_same_gpu_hours", all(
    close(x["gpu_hours"], ranks[str(x["ranks"])]["all"]) for x in points))
case("busy_and_idle_are_all_there_is", all(
    close(x["gpu_hours"] * 3600, x["gpus"] * x["seconds"] * (1 - x["idle"])) for x in points))
case("one_gpu_is_never_idle", abs(points[0]["idle"]) < 1e-9)
for name in ("arms", "kinds"):
    case(f"gpu_hours_by_{name}", all(close(sum(r[name].values()), r["all"]) for r in ranks.values()))
# a run: its steps, evaluation and KL; runs of 2 arms, 3 seeds, 2 draws
r1 = ranks["1"]
train = sum(sum(s["seconds"].values()) for s in r1["steps"].values()) / 2 * 4 / 3600
case("a_runs_training", close(r1["run_hours"]["train"], train))
c = r1["run_hours"]
case("all_runs_by_hand", close(r1["all"], 14 * c["train"] + (12 + 2 + 3) * c["eval"] + (12 + 2) * c["rest"]),
     f"{r1['all']} {c}")
# the update's seconds are those of the page of one device, up to the longest
# response: both count 4 forwards of all rows
work = {(w["name"], w["type"]): w for w in whole["work"]}
fp32 = work["training: scoring and updating", "fp32"]
case("the_rate_is_the_given_one", close(fp32["flop"] / fp32["seconds"], 2e9) and
     scale["rates"]["fp32"]["source"] == "given by RATE")
a = [x for x in r1["steps"] if x.startswith("fp32")][0]
case("no_more_than_the_longest", 0.4 < r1["steps"][a]["seconds"]["updates"] * 7 * 4 / fp32["seconds"] < 1,
     str(r1["steps"][a]["seconds"]["updates"] * 7 * 4 / fp32["seconds"]))
case("bf16_at_twice_the_rate", all(close(
    r1["steps"][a]["seconds"]["updates"], 2 * r1["steps"][b]["seconds"]["updates"])
    for b in r1["steps"] if b.startswith("bf16")), str(r1["steps"]))
case("one_rank_sends_nothing", all(s["seconds"]["traffic"] == 0 for s in r1["steps"].values()))
case("two_ranks_send", all(s["traffic"]["sent_a_step"] > 0 for s in ranks["2"]["steps"].values())
     if "2" in ranks else True)
d = scale["disk"]
case("disk_by_keep", d["all"]["checkpoint_bytes"] >= d["deltas"]["checkpoint_bytes"] == d["last"]["checkpoint_bytes"])
# the page
for x in points:
    line = re.search(rf"^ +{x['gpus']} +{x['ranks']} +{x['stages_at_once']} +(\S+ \S+) +(\S+ \S+) ", page, re.M)
    case(f"page_of_{x['gpus']}", line and (line[1], line[2]) == (duration(x["seconds"]), duration(x["chain"])),
         str(line))
for n, r in ranks.items():
    part = re.search(rf"^Stages on {n} GPU.*?(?=^Stages|^Disk)", page, re.M | re.S)
    for kind, h in r["kinds"].items():
        line = part and re.search(rf"by kind +{kind} +(\S+) +(\d+)%", part[0])
        case(f"page_{kind}_on_{n}".replace(" ", "_"), line and abs(float(line[1]) - h) <= 0.006 * h + 1e-12 and
             line[2] == f"{100 * h / r['all']:.0f}", f"{line} {h}")
P
python3 "$T/sums.py" "$T/json" "$T/page" >"$T/cases" 2>"$T/err" || no sums "$(tail -n 1 "$T/err")"
while read -r word name text; do if [ "$word" = ok ]; then ok "$name"; else no "$name" "$text"; fi; done <"$T/cases"
check nothing_was_made test ! -e "$T/results"

# without RATE a type has the rate of the data sheet, and the page says so
smoke=(PRESET=smoke BIN="$BIN" R="$T/results" ARMS='fp32 bf16,order=hardware')
plan PLAN_GPUS=8 PLAN_GPU=h100
check the_data_sheets_rate grep -q '^  fp32: 2.68e+13 and 2.68e+13 FLOP/s, .*6.7e+13 of the data sheet x 0.4 assumed' "$T/plan"
check tensor_cores_under_hardware_order grep -q '^  bf16 hardware: 3.96e+14 .*9.89e+14 of the data sheet' "$T/plan"
plan PLAN_GPUS=1 DEVICE_MEM=1M
check what_does_not_fit grep -Eq '^ +1 does not fit: fp32 needs [0-9.]+ MiB, bf16,order-hardware needs' "$T/plan"
refuses() { # NAME TEXT ARGS...
    local name=$1 text=$2
    shift 2
    plan "$@" && { no "$name" planned; return; }
    cp "$T/err" "$T/said"
    check "$name" grep -q "$text" "$T/said"
}
# weights in slices: less memory on each card, and more to read
smoke=(PRESET=smoke BIN="$BIN" R="$T/results" SHARDS=4 ARMS=fp32 RATE=1e9 RANKS=4 PLAN_GPUS=4
    MODEL_SHAPE='--hidden 32 --layers 24 --heads 2 --kv-heads 1 --ffn 64 --max-pos 160') # two layers are held whole
of() { python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))["scale"]["ranks"]["4"]["steps"]
s = next(iter(s.values()))
print(s["at_most"], int(s["traffic"]["gathered_a_step"]), s["seconds"]["traffic"])' "$T/plan"; }
plan PLAN_JSON=1 || no whole_weights "$(tail -n 1 "$T/err")"
whole=$(of)
plan PLAN_JSON=1 SHARD_WEIGHTS=1 || no sliced_weights "$(tail -n 1 "$T/err")"
sliced=$(of)
is slices_take_less_memory less "$([ "${sliced%% *}" -lt "${whole%% *}" ] && echo less || echo "whole $whole, in slices $sliced")"
slices_are_read() { awk "BEGIN { split(\"$whole $sliced\", x); exit !(x[2] == 0 && x[5] > 0 && x[6] > x[3]) }"; }
check slices_are_read slices_are_read
plan PLAN_JSON=1 TRAIN_OPTS=--shard-weights || no slices_by_option "$(tail -n 1 "$T/err")"
option=$(of)
is an_option_says_it_too "$sliced" "$option"
plan PLAN_GPUS='1 4' RANKS=1 DEVICE_MEM=1M
check slices_are_offered grep -Eq '^ +4 does not fit: fp32.* needs [0-9.]+ MiB \(SHARD_WEIGHTS=1: [0-9.]+ MiB\)$' "$T/plan"
check not_to_one_rank grep -Eq '^ +1 does not fit: fp32.* needs [0-9.]+ MiB$' "$T/plan"
refuses slices_or_not 'SHARD_WEIGHTS: found' SHARD_WEIGHTS=2
smoke=(PRESET=smoke BIN="$BIN" R="$T/results" ARMS='fp32 bf16,order=hardware')
refuses gpus_that_do_not_grow 'expected growing numbers' PLAN_GPUS='8 1'
refuses gpus_that_are_no_number 'expected a whole number' PLAN_GPUS=some
refuses a_gpu_nobody_knows 'expected a100 or h100 or h200 or l40s' PLAN_GPUS=1 PLAN_GPU=abacus
refuses json_or_not 'PLAN_JSON: found' PLAN_JSON=2
smoke=(PRESET=smoke BIN="$BIN" R="$T/results" RATE=1e9 DEVICE=cpu)
plan PLAN_JSON=1
check json_of_one_device python3 -c 'import json, sys
x = json.load(open(sys.argv[1]))
assert x["runs"] == 4 and x["work"][0]["seconds"] == x["work"][0]["flop"] / 1e9' "$T/plan"

# A pilot: the spread of its records, the GPU-hours of the plan. The difference of
# the arms is -0.01, 0 and 0.01 in turn, and sampling adds nothing.
mkdir -p "$T/pilot/.make"
echo "{\"TASKS_FILE\": \"$T/pilot/tasks.json\"}" >"$T/pilot/.make/setting.json"
echo '{"tasks":[{"name":"t","role":"on"},{"name":"u","role":"off"}]}' >"$T/pilot/tasks.json"
for s in 1 2 3 4 5 6; do
    mkdir -p "$T/pilot/eval_metrics/fp32_seed$s" "$T/pilot/eval_metrics/bf16_seed$s"
    for arm in fp32 bf16; do
        d=$(awk -v s=$s -v a=$arm 'BEGIN { print 0.5 + (a == "bf16" ? 0.01 * (s % 3) - 0.01 : 0) }')
        echo "{\"arm\":\"$arm\",\"seed\":$s,\"draw\":0,\"task\":\"t\",\"j\":$d,\"j_even\":$d,\"j_odd\":$d}"
    done >"$T/rows"
    grep fp32 "$T/rows" >"$T/pilot/eval_metrics/fp32_seed$s/scores.msgpack"
    grep bf16 "$T/rows" >"$T/pilot/eval_metrics/bf16_seed$s/scores.msgpack"
done
smoke=(PRESET=smoke BIN="$BIN" R="$T/results" RATE=1e9)
plan PLAN_GPUS='1 8' PLAN_PILOT="$T/pilot" PLAN_JSON=1 || no planned_by_a_pilot "$(tail -n 1 "$T/err")"
cp "$T/plan" "$T/json"
cat >"$T/pilot.py" <<'P'
import json
import math
import sys
scale = json.load(open(sys.argv[1]))["scale"]
c, rows = scale["ranks"]["1"]["run_hours"], scale["pilot"]["rows"]
assert scale["pilot"]["arms"] == ["fp32", "bf16"], scale["pilot"]["arms"]
h1 = [r for r in rows if r["quantity"] == "H1" and r["gpu_hours"]]
assert len(h1) > 2 and [bool(r.get("tried")) for r in h1].count(False) == 1, rows
for r in h1:
    runs = 2 * r["seeds"] * r["draws"] * (c["train"] + c["rest"] + r["samples"] * c["eval"])
    assert math.isclose(r["gpu_hours"], runs + r["seeds"] * r["samples"] * c["eval"], rel_tol=1e-4), r
assert all(h1[0]["gpu_hours"] <= r["gpu_hours"] for r in h1)
P
check designs_in_gpu_hours python3 "$T/pilot.py" "$T/json"
plan PLAN_GPUS='1 8' PLAN_PILOT="$T/pilot"
check designs_on_the_page grep -Eq '^  H1, at a true difference of 0: [0-9]+ seeds, 1 draws, .* GPU-hours$' "$T/plan"
refuses a_pilot_without_results 'PLAN_PILOT=.*: no results of make there' PLAN_GPUS=1 PLAN_PILOT="$T"
