# make plan: from config.json and task sets alone; the full setting is planned
# in seconds
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # those of the make that runs the tests
. tests/lib.sh plan
check() { local n=$1; shift; if "$@" >/dev/null 2>&1; then ok "$n"; else no "$n" "$(tail -n 5 "$T/plan" | tr '\n' ' ')"; fi; }
config=tests/golden/hf/qwen2.5-math-7b
mkdir "$T/data"
for t in dm_train dm_val aime24 aime25 amc23 math500 gsm8k mmlu_stem humaneval; do
    printf '{"id":"%s/0","task":"%s","prompt":"What is 1+1? Say it at length.","answer":"2","verifier":"math"}\n' $t $t
done | while read -r row; do t=${row#*\"id\":\"}; echo "$row" >"$T/data/${t%%/*}.jsonl"; done
old=()
for p in prepare pretrain tokenize draw rollout reward dapo-step logprob kl sparsity stats show checksum; do old+=(-o "$BIN/$p"); done
plan() { make "${old[@]}" BIN="$BIN" R="$T/results" "$@" plan >"$T/plan" 2>"$T/err"; }
full=(SANDBOX=1 PRESET=qwen2.5-math-7b MODEL="$config" DATA="$T/data" ARMS='fp32 bf16-weights bf16-mixed bf16-sr bf16-kahan fp16-mixed')

plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=80G
check parameters_of_the_7b_model grep -q ' 7615616512 parameters; device cuda' "$T/plan"
# 30 runs of 30 chunks and a replicate of each of 6 arms
check stages_by_kind grep -Eq '^Stages: ([0-9]+) to run of \1 .* 906 train' "$T/plan"
# the compute weights are the master's; 2 + 4 + 4 bytes of state; 4 of gradient
check memory_of_bf16_weights grep -Eq '^  bf16-weights +[0-9.]+ MiB +70\.9 GiB +28\.4 GiB .* does not fit' "$T/plan"
# the cause and the cure, arm by arm
check moments_in_host_memory bash -c "grep -A 1 '^  bf16-weights needs' '$T/plan' | grep -q \"TRAIN_OPTS='--recompute --offload' makes it [56]\""
check the_samplers_weights_too bash -c "grep -A 1 '^  fp32 needs' '$T/plan' | grep -q \"ROLLOUT_OPTS='--offload' makes it 7\""
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=40G ARMS=fp32
check what_would_fit grep -q 'smaller MODEL: about' "$T/plan"
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=80G
check disk grep -Eq 'checkpoints  906 of .* TiB' "$T/plan"
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=80G KEEP=last ARMS='fp32 bf16,dropout=0,lr=2e-6'
check keep_last_keeps_two_of_a_run grep -Eq 'checkpoints  22 of .* TiB \(KEEP=last\)' "$T/plan"
check an_arm_with_factors grep -Eq '^  bf16,dropout=0 +[0-9.]+' "$T/plan"
check weights_are_missing grep -q 'has no weights' "$T/plan"
check time_at_the_rate grep -q '1e+15 and 1e+15 FLOP/s.*given by RATE' "$T/plan"
check nothing_was_made test ! -e "$T/results"
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=320G ARMS=bf16-weights
check it_fits_a_larger_device bash -c "grep -q '^What does' '$T/plan' && ! grep -q 'bf16-weights needs' '$T/plan'"
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=120G ARMS=bf16-weights
check options_that_make_it_fit grep -q "TRAIN_OPTS='--recompute' makes it 1" "$T/plan"
rm "$T/data/gsm8k.jsonl"
plan "${full[@]}" RATE=1e15
check a_set_that_is_not_there grep -q 'gsm8k.jsonl is not there' "$T/plan"
rate='measured on this cpu' given=
[ "${SAN:-0}" = 0 ] || { rate='given by RATE' given=1e9; } # a sanitizer measures itself
plan PRESET=smoke DEVICE=cpu RATE=$given
check smoke_all_fits grep -q 'nothing: it all fits' "$T/plan"
check rate_is_measured grep -q "FLOP/s, sampling and scoring, $rate" "$T/plan"
plan MODEL="$T/none" PRESET=qwen2.5-math-7b DATA="$T/data" && no no_model "planned" || ok no_model

# Every stage that runs a model is told the device, and stages share a GPU one
# at a time.
make "${old[@]}" BIN="$BIN" R="$T/results" PRESET=smoke DEVICE=cuda -pn train >"$T/p" 2>"$T/err"
check stages_on_a_gpu_one_at_a_time grep -q '^AT_ONCE := 1$' "$T/p"
make "${old[@]}" BIN="$BIN" R="$T/results" PRESET=smoke DEVICE=cpu -n "$T/results/analysis/summary.txt" >"$T/p" 2>"$T/err"
for p in pretrain rollout dapo-step logprob; do
    grep -v -- '--programs' "$T/p" | grep -oE "[^ ]*/$p [^|>]*" | grep -v -- '--device cpu'
done >"$T/plan"
check the_device_is_told test -s "$T/p" -a ! -s "$T/plan"

# The whole DAG of the full setting; processor time, so that a busy machine does
# not decide. Its model is a config alone, with a file in place of its weights.
echo '{"id":"gsm8k/0"}' >"$T/data/gsm8k.jsonl"
cp -r "$config" "$T/model"
echo >"$T/model/model.safetensors"
full+=(MODEL="$T/model" BIN="$BIN" R="$T/results" CUDA=0 DEVICE=cpu)
TIMEFORMAT='%U %S'
{ time make "${old[@]}" "${full[@]}" -n "$T/results/analysis/summary.txt" >"$T/n" 2>"$T/err"; } 2>"$T/time"
n=$(grep -c 'pipelines/stage ' "$T/n")
if [ "$n" = 1705 ] && awk '{ exit !($1 + $2 < 3) }' "$T/time"; then ok dry_run_of_the_full_setting_under_3_s; else no dry_run_of_the_full_setting_under_3_s "$n stages, $(cat "$T/time") s, $(tail -n 1 "$T/err")"; fi

# Nothing to do there: every stage's result is put in place, and its record.
cat >"$T/done.py" <<'P'
import os, sys
sys.path.insert(0, "pipelines")
from fresh import State, identity, sha256, shape
from parameters import Parameters
from stages import experiment
p = Parameters(os.environ)
stages = experiment(p).stages
state = State(p.R, stages)
for s in stages.values():
    names = [""]
    if s.kind in ("train", "base"):
        names = ["metrics.msgpack", "rollouts.msgpack.zst"] + [
            f"checkpoint/{n}" for n in ("config.json", "generation_config.json", "tokenizer.json", "model.safetensors",
                                        "optimizer.safetensors", "trainer_state.json")]
    elif s.merge:
        names = ["summary.txt", "report.html"]
    outputs = {}
    for n in names:
        path = os.path.join(s.out, n) if n else s.out
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(s.label)
        outputs[n] = [sha256(path), *shape(path)]
    state.write(s.out, dict(command=identity(s.command), programs={x: state.source(x) for x in s.programs},
                            inputs={i: state.digest(i) for i in s.inputs}, outputs=outputs))
P
rm -rf "$T/results"
make "${old[@]}" "${full[@]}" -n why 2>/dev/null | sed -n "s|pipelines/dag why .*|python3 $T/done.py|p" >"$T/done.sh"
bash "$T/done.sh" 2>"$T/err"
echo '{}' >"$T/results/.make/setting.json"
make "${old[@]}" "${full[@]}" OVERWRITE=1 "$T/results/analysis/summary.txt" >"$T/n" 2>"$T/err"
{ time make "${old[@]}" "${full[@]}" "$T/results/analysis/summary.txt" >"$T/n" 2>"$T/err"; } 2>"$T/time"
if [ ! -s "$T/err" ] && awk '{ exit !($1 + $2 < 2) }' "$T/time"; then ok nothing_to_do_in_the_full_setting_under_2_s; else no nothing_to_do_in_the_full_setting_under_2_s "$(cat "$T/time") s, $(tail -n 1 "$T/err")"; fi
