# LAUNCH=slurm on a real Slurm of one node: the same bytes; cancelled, out of time,
# interrupted, drained, requeued, the controller away: nothing is left running,
# nothing is lost, and make goes on. Most programs are stand-ins (dag_stubs.bash).
set -u
. tests/e2e/dag_stubs.bash
. tests/long/slurm.bash
verdict_prefix=slurm_
lacks=$(slurm_lacks)
[ -z "$lacks" ] || { echo "skip slurm: $lacks"; exit 0; }
trap slurm_down EXIT
slurm_up $((20000 + $$ % 20000)) || { no starts "$(tail -n 2 "$T/slurm/slurmctld.log" "$T/slurm/slurmd.log" | tr '\n' ' ')"; exit 1; }
ok starts
export DAG_JOBS=4 TMPDIR=$T
R=$T/r gate=$T/gate goal=train_logs/fp32_seed1/step-4
slurm=("${small[@]}" LAUNCH=slurm)
jobs_left() { squeue -h -o '%T %j' | grep -Evc '^COMPLETING| late$'; }
until_() { # COMMAND...: 1 when it does not come true
    for _ in $(seq 300); do "$@" && return 0; sleep 0.1; done
    return 1
}
begun() { [ "$(cat "$gate/log" 2>/dev/null | grep -c '^begin')" -ge "$1" ]; }
no_jobs() { [ "$(jobs_left)" = 0 ]; }
left() { # what is still there of a stage: jobs, its programs, half-made results
    echo "$(jobs_left) $(pgrep -fc "$T/bin/") $(find "$R" -name '.new.*' 2>/dev/null | wc -l)"
}
gated() { # ARGS...: make in the background, whose first sampler waits for its gate
    rm -rf "$R/train_logs" "$R/.make/train_logs" "$gate"
    mkdir -p "$gate"
    (STUB_GATE=$gate dag_make R="$R" "${slurm[@]}" "$@" "$R/$goal"; echo "$status" >"$T/status") &
    running=$!
    until_ begun 1
}
ended() {
    wait "$running"
    status=$(cat "$T/status")
    until_ no_jobs
}
goes_on() { # NAME: make again makes all of it, as without Slurm
    dag_make R="$R" "${slurm[@]}" "$R/$goal"
    is "$1_make_goes_on" '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same)"
}

dag_make R="$R" "${small[@]}" "$R/$goal"
bytes "$R" >"$T/want"
rm -rf "$R"
dag_make R="$R" "${slurm[@]}" "$R/$goal"
is same_bytes '0 same' "$status $(bytes "$R" | cmp -s - "$T/want" && echo same || tail -n 3 "$T/err")"
is ran_as_jobs 1 "$(($(scontrol show job -o | grep -c 'JobName=ulp-train.*JobState=COMPLETED') >= 2))"
is leaves_nothing '0 0 0' "$(left)"

# A minute is the least limit: this one runs into it beside all else. Slurm looks
# twice a minute, and not while its controller is away.
late=$T/late
mkdir "$late"
cp -r "$T/bin" "$T/path" "$T/tasks.json" "$late"
mkdir "$late/gate"
(old=${old//$T\/bin/$late/bin} T=$late STUB_GATE=$late/gate DAG_LIMIT=400
    dag_make R="$late/r" "${small[@]}" LAUNCH='slurm --time=1 --job-name=late' "$late/r/$goal"
    echo "$status" >"$late/status") &
too_late=$!

gated
scancel --name=ulp-train
ended
is cancelled '2 0 0 0' "$status $(left)"
grep -q '^failed: train fp32 seed 1 to step 2: ' "$T/err" && ok cancelled_is_said || no cancelled_is_said "$(tail -n 4 "$T/err")"
goes_on cancelled

gated
# make's own process; what timeout gets it does not always pass on
kill -TERM "$(pgrep -f "^make -j4 .*$R/$goal" | head -n 1)"
ended
is interrupted '0 0 0' "$(left)"
goes_on interrupted

scontrol update NodeName="$(uname -n)" State=DRAIN Reason=test
rm -rf "$R/train_logs" "$R/.make/train_logs" "$gate"
(dag_make R="$R" "${slurm[@]}" "$R/$goal"; echo "$status" >"$T/status") &
running=$!
waits() { squeue -h -o %T --name=ulp-train | grep -q PENDING; }
until_ waits
is drained_waits PENDING "$(squeue -h -o %T --name=ulp-train)"
scontrol update NodeName="$(uname -n)" State=RESUME
ended
is drained_and_goes_on '0 0 0 0' "$status $(left)"

gated
controller_down
sleep 0.5
touch "$gate/open" # the stage ends while there is no controller
sleep 0.5
controller_up
ended
is controller_restarted '0 0 0 0' "$status $(left)"
bytes "$R" | diff - "$T/want" >"$T/diff" && ok controller_restarted_same_bytes || no controller_restarted_same_bytes "$(head -n 3 "$T/diff")"

# --- make itself in a job, which is requeued in the midst
rm -rf "$R/train_logs" "$R/.make/train_logs" "$gate"
mkdir -p "$gate"
cat >"$T/job" <<S
#!/bin/bash
cd "$PWD" || exit 1
export STUB_GATE=$gate
exec env -u MAKEFLAGS -u MAKELEVEL make -j4 $old BIN="$T/bin" B="$T/none" CUDA=0 MPI=0 DEVICE=cpu LAUNCH=slurm R="$R" \
    PRESET=smoke TASKS_FILE="$T/tasks.json" TOKENIZER="$T/tok" ARMS=fp32 SEEDS=1 "$R/$goal"
S
job=$(sbatch --parsable --requeue -n 2 -o "$T/job.out" "$T/job")
until_ begun 1
scontrol requeue "$job"
until_ begun 2
touch "$gate/open"
state() { scontrol show job -o "$job" | grep -o 'JobState=[A-Z_]*'; }
done_() { [[ $(state) =~ COMPLETED|FAILED|CANCELLED ]]; }
until_ done_
is requeued 'JobState=COMPLETED 0 0 0' "$(state) $(left)"
is requeued_ran_again 1 "$(scontrol show job -o "$job" | grep -o 'Restarts=[0-9]*' | cut -d= -f2)"
bytes "$R" | diff - "$T/want" >"$T/diff" && ok requeued_same_bytes || no requeued_same_bytes "$(head -n 3 "$T/diff")"

# --- steps side by side in an allocation that has memory and devices for both
cat >"$T/job" <<S
#!/bin/bash
cd "$PWD" || exit 1
export STUB_GATE=$gate
exec env -u MAKEFLAGS -u MAKELEVEL make -j4 $old BIN="$T/bin" B="$T/none" CUDA=0 MPI=0 DEVICE=cuda LAUNCH=slurm R="$T/r2" \
    PRESET=smoke TASKS_FILE="$T/tasks.json" TOKENIZER="$T/tok" ARMS=fp32 SEEDS='1 2 3' train
S
rm -rf "$gate"
mkdir -p "$gate"
sbatch --parsable -n 2 --gpus=2 --mem=1000 -o "$T/job.out" "$T/job" >"$T/id"
job=$(cat "$T/id")
until_ begun 2
sleep 1
is two_steps_on_two_devices 2 "$(grep -c '^begin' "$gate/log")"
touch "$gate/open"
until_ done_
is steps_end 'JobState=COMPLETED 3' "$(state) $(find "$T/r2/train_logs" -name step-4 | wc -l)"

# --- ranks in an allocation, by srun and by mpirun, from a step as a stage's
roll=(rollout --quiet --device cpu --threads 1 --model tests/golden/model/tied --samples 3 --max-new 24 --seed 4 --batch 8)
for i in $(seq 10); do echo "{\"id\":\"p$i\",\"prompt_tokens\":[$((i % 9 + 1)),7]}"; done >"$T/p.jsonl"
"$BIN/${roll[0]}" "${roll[@]:1}" -o "$T/alone" "$T/p.jsonl"
ranked() { # NAME MPI LAUNCHER
    mpi_launcher "$2" >/dev/null || { echo "skip slurm_$1: no $2"; return; }
    rm -f "$T/got"
    ULP_MPI=$2 timeout 60 srun --quiet --input=none --nodes=1 --ntasks=1 --cpus-per-task=2 "$BIN/${roll[0]}" "${roll[@]:1}" --ranks 2 --launcher "$3" \
        -o "$T/got" "$T/p.jsonl" 2>"$T/err"
    is "$1" '0 same ' "$? $(cmp -s "$T/alone" "$T/got" && echo same) $(head -n 2 "$T/err")"
}
beside='srun --nodes=1 --ntasks=2 --cpus-per-task=1'
ranked openmpi_by_srun openmpi "$beside --mpi=pmix"
ranked mpich_by_srun mpich "$beside --mpi=pmi2"
ranked openmpi_by_mpirun openmpi 'mpirun.openmpi --oversubscribe -n 2'
ranked mpich_by_mpirun mpich 'mpirun.mpich -n 2'

wait "$too_late"
is out_of_time '2 0 0' "$(cat "$late/status") $(squeue -h --name=late | wc -l) $(pgrep -fc "$late/bin/")"
grep -q '^failed: train fp32 seed 1 to step 2: exit status' "$late/err" && grep -q 'DUE TO TIME LIMIT' "$late/err" && ok out_of_time_is_said ||
    no out_of_time_is_said "$(tail -n 4 "$late/err")"
