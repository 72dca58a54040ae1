# Stages take the devices of GPUS in turn: never two on one device, none waits
# while one is free, a killed stage frees its own. Programs are stand-ins.
set -u
. tests/e2e/dag_stubs.bash
verdict_prefix=grid_
export TMPDIR=$T DAG_JOBS=10
unset CUDA_VISIBLE_DEVICES
R=$T/r gate=$T/gate goal=analysis/summary.txt
two=("${small[@]}" SEEDS='1 2') three=("${small[@]}" SEEDS='1 2 3')
begun() { cat "$gate/log" 2>/dev/null | grep -c '^begin'; }
until_begun() { # N: that many stages have begun; 1 when they do not
    for _ in $(seq 400); do [ "$(begun)" -ge "$1" ] && return 0; sleep 0.05; done
    return 1
}
gated() { # NAME ARGS...: make in the background, its stages on devices wait for their gates
    rm -rf "$R" "$gate"
    mkdir -p "$gate"
    (STUB_GATE=$gate dag_make DEVICE=cuda R="$R" "$@"; echo "$status" >"$T/status") &
    running=$!
}
open_gates() {
    touch "$gate/open"
    wait "$running"
    status=$(cat "$T/status")
}
most_at_once() { # by the log: the most stages that a device ever had
    awk '{ k = split($3, on, ",") } $1 == "begin" { for (i = 1; i <= k; i++) if (++n[on[i]] > most) most = n[on[i]] }
        $1 == "end" { for (i = 1; i <= k; i++) n[on[i]]-- } END { print most + 0 }' "$gate/log"
}
device_of() { sed -n "s/^begin $1 //p" "$gate/log"; }
tree() { # PID: it and all that it started
    local c
    echo "$1"
    for c in $(cat "/proc/$1/task/"*/children 2>/dev/null); do tree "$c"; done
}
stage_of() { # PID of a program: the stage that runs it
    local p=$1
    until grep -qa pipelines/stage "/proc/$p/cmdline"; do p=$(awk '{ print $4 }' "/proc/$p/stat"); done
    echo "$p"
}

dag_make DEVICE=cuda R="$R" "${two[@]}" "$R/$goal"
bytes "$R" >"$T/want"
is without_pool_all_is_made 0 "$status"

gated GPUS=0,1 "${two[@]}" "$R/$goal"
until_begun 2
sleep 0.7
is two_devices_two_stages '2 0 1' "$(begun) $(awk '{ print $3 }' "$gate/log" | sort | tr '\n' ' ' | sed 's/ $//')"
read -r _ first device <<<"$(head -n 1 "$gate/log")"
touch "$gate/$first"
until_begun 3
is a_free_device_is_taken_at_once "3 $device" "$(begun) $(grep '^begin' "$gate/log" | sed -n '3s/.* //p')"
# the third stage dies, with all its programs; then the script of one alone
third=$(grep '^begin' "$gate/log" | sed -n '3s/begin \([0-9]*\) .*/\1/p')
# shellcheck disable=SC2046 # processes
kill -9 $(tree "$(stage_of "$third")") 2>/dev/null # some end by themselves
until_begun 4
is a_killed_stage_frees_its_device "$device" "$(grep '^begin' "$gate/log" | sed -n '4s/.* //p')"
fourth=$(grep '^begin' "$gate/log" | sed -n '4s/begin \([0-9]*\) .*/\1/p')
kill -9 "$(stage_of "$fourth")"
sleep 0.7
is programs_that_outlive_their_stage_hold_the_device 4 "$(begun)"
touch "$gate/$fourth"
until_begun 5
is and_free_it_when_they_end "$device" "$(grep '^begin' "$gate/log" | sed -n '5s/.* //p')"
open_gates
is a_killed_stage_fails_the_make 2 "$status"
sed -i "/^begin $third /d" "$gate/log" # it did not say its end
is never_two_on_a_device 1 "$(most_at_once)"
dag_make DEVICE=cuda GPUS=2 R="$R" "${two[@]}" "$R/$goal"
is make_goes_on 0 "$status"
bytes "$R" | diff - "$T/want" >"$T/diff" && ok same_bytes || no same_bytes "$(head -n 3 "$T/diff")"
dag_make DEVICE=cuda R="$R" "${two[@]}" RANKS=2 "$R/$goal"
is where_it_runs_makes_nothing_stale '0 ' "$status $labels"

# --- ranks: a stage has a device for each, and a trainer no more than shards
rm -rf "$gate" "$R"
mkdir -p "$gate"
touch "$gate/open"
STUB_GATE=$gate dag_make DEVICE=cuda GPUS=4 RANKS=2 SHARDS=2 -j8 R="$R" "${two[@]}" "$R/$goal"
is ranks_take_a_device_each '0 1 0' "$status $(most_at_once) $(grep -cv ' [0-3],[0-3]$' "$gate/log")"
placed() { ULP_STAGE_RANKS=$1 python3 -c "import sys; sys.path.insert(0, 'pipelines'); import place; print(*place.on_ranks(sys.argv[1]))" "$2"; }
is trainer_of_one_shard 'a/rollout --ranks 3 --arm fp32 | a/dapo-step --arm fp32 3' "$(placed 3 'a/rollout --arm fp32 | a/dapo-step --arm fp32')"
is trainer_of_two_shards 'a/rollout --ranks 3 --arm fp32,shards=2 | a/dapo-step --ranks 2 --arm fp32,shards=2 3' \
    "$(placed 3 'a/rollout --arm fp32,shards=2 | a/dapo-step --arm fp32,shards=2')"

is slices_of_a_trainers_weights 'a/rollout --ranks 2 --arm fp32,shards=2 | a/dapo-step --ranks 2 --shard-weights --arm fp32,shards=2 2' \
    "$(ULP_STAGE_SHARD_WEIGHTS=1 placed 2 'a/rollout --arm fp32,shards=2 | a/dapo-step --arm fp32,shards=2')"
is no_slices_on_one_rank 'a/dapo-step --arm fp32 1' "$(ULP_STAGE_SHARD_WEIGHTS=1 placed 2 'a/dapo-step --arm fp32')"

# --- memory of stages that share a device is counted first
cat >"$T/plan" <<'P'
{"context_tokens": 160, "together_bytes": 1073741824, "parked_bytes": 1073741824, "master_weight_bytes": 0, "moment_bytes": 0, "compensation_bytes": 0,
 "sampler_weight_bytes": 1073741824, "sampler_cache_bytes": 0, "sampler_pass_bytes": 0, "compute_weight_bytes": 0, "activation_bytes": 0, "scratch_bytes": 0}
P
export STUB_PLAN=$T/plan
# a training stage counts for 2 GiB with its two contexts, an evaluation for 1.5 GiB
gated GPUS=0,0,0 DEVICE_MEM=4G "${three[@]}" train
until_begun 2
sleep 0.7
is two_that_fit_share_a_device '2 2' "$(begun) $(most_at_once)"
open_gates
is and_never_three '0 2' "$status $(most_at_once)"
gated GPUS=0,0,0 DEVICE_MEM=3G "${three[@]}" train
until_begun 1
sleep 0.7
is what_does_not_fit_waits 1 "$(begun)"
open_gates
is and_then_runs '0 1' "$status $(most_at_once)"
gated GPUS=0,0,0 DEVICE_MEM=6.5G "${three[@]}" train
until_begun 3
open_gates
is three_fit_in_more '0 3' "$status $(most_at_once)"
export STUB_PLAN=

# --- the front door
refused gpus "GPUS: found 'all', expected how many devices, or their numbers" GPUS=all DEVICE=cuda
refused gpus_0 "GPUS: found '0'" GPUS=0 DEVICE=cuda
refused gpus_shell "GPUS: found '.touch none.'" GPUS="'touch none'" DEVICE=cuda
refused gpus_of_a_cpu 'GPUS=2: with DEVICE=cpu no stage takes a device' GPUS=2
refused ranks "RANKS: found '0', expected a whole number from 1" RANKS=0
refused ranks_above_devices 'RANKS=3: GPUS=0,1 names 2 devices' RANKS=3 GPUS=0,1 DEVICE=cuda
refused ranks_twice 'RANKS=2: TRAIN_OPTS has --ranks as well' RANKS=2 TRAIN_OPTS='--ranks 2'
CUDA_VISIBLE_DEVICES=5 refused more_than_cuda_shows 'GPUS=2: CUDA_VISIBLE_DEVICES=5 has 1' GPUS=2 DEVICE=cuda
printf '#!/bin/sh\necho "GPU 0: H200"\n' >"$T/path/nvidia-smi"
chmod +x "$T/path/nvidia-smi"
refused a_device_that_is_not_there 'GPUS=0,1: device 1 is not there, this host has 1' GPUS=0,1 DEVICE=cuda
