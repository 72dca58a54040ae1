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
for p in $(cd bin && ls -- *.c); do p=${p%.c}; old+=(-o "$BIN/$p"); done
plan() { make "${old[@]}" BIN="$BIN" R="$T/results" "$@" plan >"$T/plan" 2>"$T/err"; }
full=(SANDBOX=1 SHARDS=1 PRESET=qwen2.5-math-7b MODEL="$config" DATA="$T/data" ARMS='fp32 bf16-weights bf16-mixed bf16-sr bf16-kahan fp16-mixed')

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
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=80G KEEP=deltas ARMS='fp32 bf16,dropout=0,lr=2e-6'
check keep_deltas_counts_them grep -Eq '^  deltas       280 older ones, at most about .* TiB' "$T/plan"
check an_arm_with_factors grep -Eq '^  bf16,dropout=0 +[0-9.]+' "$T/plan"
check weights_are_missing grep -q 'has no weights' "$T/plan"
check time_at_the_rate grep -q '1e+15 and 1e+15 FLOP/s.*given by RATE' "$T/plan"
check nothing_was_made test ! -e "$T/results"
plan "${full[@]}" RATE=1e15 DEVICE=cuda DEVICE_MEM=320G ARMS=bf16-weights
check it_fits_a_larger_device bash -c "grep -q '^What does' '$T/plan' && ! grep -q 'bf16-weights needs' '$T/plan'"
plan "${full[@]}" SHARDS=8 RATE=1e15 DEVICE=cuda DEVICE_MEM=320G ARMS='bf16-weights bf16-mixed,shards=1'
# the running shard's gradient and the sum: 8 bytes
check memory_of_shards grep -Eq '^  bf16-weights,shards=8 +[0-9.]+ MiB +70\.9 GiB +56\.7 GiB ' "$T/plan"
check an_arms_own_shards grep -Eq '^  bf16-mixed,shards=1 +14\.2 GiB +85\.1 GiB +28\.4 GiB ' "$T/plan"
plan "${full[@]}" SHARDS=8 RATE=1e15 DEVICE=cuda DEVICE_MEM=60G ARMS=fp32
# 28.4 of them are a shard's gradient, whole
check slices_of_weights_on_more_devices grep -Eq "^    RANKS=4 SHARD_WEIGHTS=1 TRAIN_OPTS='[-a-z ]*' .*makes it 5[0-9.]+ GiB on each of 4 devices" "$T/plan"
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
# A type of arithmetic has a rate of its own.
both() { grep -q '^  (fp32: 2e+09 and 2e+09 .*given by RATE' "$T/plan" && grep -q '^  (bf16: 4e+09 and 4e+09 .*given by RATE' "$T/plan"; }
plan PRESET=smoke DEVICE=cpu RATE='fp32=2e9 bf16=4e9'
check a_rate_for_each_type both
row() { sed -n "s/^  $1, $2 *//p" "$T/plan" | awk '{ print $2 / $1 }'; }
check the_same_work_in_each_type test "$(row 'training: sampling' fp32)" = "$(row 'training: sampling' bf16)"
plan PRESET=smoke DEVICE=cpu RATE=1e9 NOISE=3
check noise_draws_are_runs grep -q '; 12 training runs of 4 steps' "$T/plan"
plan PRESET=smoke DEVICE=cpu RATE='fp32=2e9' && no a_rate_that_is_missing planned ||
    { cp "$T/err" "$T/plan"; check a_rate_that_is_missing grep -q "RATE='fp32=2e9' has no rate of bf16, which bf16 computes in" "$T/err"; }
plan PRESET=smoke DEVICE=cpu RATE=fast && no a_rate_that_is_no_number planned ||
    { cp "$T/err" "$T/plan"; check a_rate_that_is_no_number grep -q "RATE: found 'fast', expected a number" "$T/err"; }
plan PRESET=smoke DEVICE=cpu RATE=1e9 DEVICE_MEM=much && no a_size_that_is_none planned ||
    { cp "$T/err" "$T/plan"; check a_size_that_is_none grep -q 'DEVICE_MEM=much: a size such as 80G' "$T/err"; }

# What the page is made of: one record a program, the numbers of its text.
json() { local p=$1; shift; "$BIN/$p" --plan --json --model "$config" --device cpu "$@" >"$T/json" 2>"$T/err"; }
text() { local p=$1; shift; "$BIN/$p" --plan --model "$config" --device cpu "$@" >"$T/text" 2>"$T/err"; }
value() { python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).read())[sys.argv[2]])' "$T/json" "$1"; }
one_line() { [ "$(wc -l <"$T/json")" = 1 ] && ! grep -q rlvr "$T/json"; }
json rollout --arm bf16 && text rollout --arm bf16
check rollout_in_one_record one_line
check rollout_weights test "$(value weight_bytes)" = "$(awk '/^weights/ { print $2 }' "$T/text")"
# 7615616512 parameters of 2 bytes
check rollout_weights_by_hand test "$(value weight_bytes)" = 15231233024
check rollout_cache test "$(value cache_bytes_per_token)" = $((2 * 28 * 4 * 128 * 2))
json logprob --micro-batch 100 && text logprob --micro-batch 100
check logprob_in_one_record one_line
check logprob_micro_batch test "$(value micro_batch_tokens)" = 100
check logprob_parameters test "$(value parameters)" = "$(awk '/^parameters/ { print $2 }' "$T/text")"
json dapo-step --arm bf16-mixed --device-memory 400G --prompts 8 --samples 4 --mini-batch 2
text dapo-step --arm bf16-mixed --device-memory 400G --prompts 8 --samples 4 --mini-batch 2
check dapo_step_in_one_record one_line
mib_of() { python3 -c 'import sys; print("%.1f" % (int(sys.argv[1]) / 2**20))' "$(value "$1")"; }
for pair in 'compute_weight_bytes compute weights' 'master_weight_bytes master weights' 'moment_bytes moments' \
    'gradient_bytes gradients' 'activation_bytes activations' 'scratch_bytes scratch' 'training_bytes total' \
    'waiting_bytes waiting' 'sampler_weight_bytes sampler weights' 'sampler_cache_bytes sampler cache' \
    'sampler_pass_bytes sampler pass' 'together_bytes both at once' 'parked_bytes with its --offload'; do
    [ "$(mib_of "${pair%% *}")" = "$(sed -n "s/^${pair#* }  *\([0-9.]*\) MiB.*/\1/p" "$T/text")" ] || echo "$pair"
done >"$T/plan"
check dapo_step_says_what_its_text_says test ! -s "$T/plan"
check moments_of_fp32 test "$(value moment_bytes)" = $((7615616512 * 8))
check updates_a_step test "$(value updates_per_step) $(value rollouts_per_round)" = '4 32'
check largest_micro_batch grep -q "^largest micro-batch *$(value largest_micro_batch_tokens) tokens, with --recompute $(value largest_recomputed_tokens)$" "$T/text"
fields() { for p in rollout logprob 'dapo-step --device-memory 100G'; do json $p; python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)))' <"$T/json"; done | sort -u; }
fields >"$T/fields"
sed -n '/^## plans/,/^## what/p' lib/record/SCHEMA.md | awk -F'|' 'NF > 3 { n = split($2, f, /[ ,]+/); for (i = 1; i <= n; i++) if (f[i] ~ /^[a-z_]+$/ && f[i] != "field") print f[i] }' | sort -u >"$T/documented"
diff "$T/fields" "$T/documented" >"$T/plan"
check the_schema_lists_the_fields test ! -s "$T/plan"

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
if [ "$n" = 1736 ] && awk '{ exit !($1 + $2 < 3) }' "$T/time"; then ok dry_run_of_the_full_setting_under_3_s; else no dry_run_of_the_full_setting_under_3_s "$n stages, $(cat "$T/time") s, $(tail -n 1 "$T/err")"; fi

echo "note plan_dry_run: $n stages in $(cat "$T/time") s of the processor (user, system)"

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
    if s.files:
        names = [os.path.relpath(f, s.out) for f in s.files]
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
nothing_to_do() { # NAME SECONDS ARGS...: the processor's time of a make that runs nothing
    local name=$1 limit=$2
    shift 2
    rm -rf "$T/results"
    make "${old[@]}" "$@" -n why 2>/dev/null | sed -n "s|pipelines/dag why .*|python3 $T/done.py|p" >"$T/done.sh"
    bash "$T/done.sh" 2>"$T/err"
    echo '{}' >"$T/results/.make/setting.json"
    make "${old[@]}" "$@" OVERWRITE=1 "$T/results/analysis/summary.txt" >"$T/n" 2>"$T/err"
    { time make "${old[@]}" "$@" "$T/results/analysis/summary.txt" >"$T/n" 2>"$T/err"; } 2>"$T/time"
    echo "note plan_$name: $(cat "$T/time") s of the processor (user, system)"
    if [ ! -s "$T/err" ] && awk -v limit="$limit" '{ exit !($1 + $2 < limit) }' "$T/time"; then ok "$name"; else no "$name" "$(cat "$T/time") s, $(tail -n 1 "$T/err")"; fi
}
nothing_to_do nothing_to_do_in_the_full_setting_under_2_s 2 "${full[@]}"
# 0.3 s on a machine of its own; others' caches make the same work longer
nothing_to_do nothing_to_do_on_tiny_in_an_instant 0.5 PRESET=tiny BIN="$BIN" R="$T/results" CUDA=0 DEVICE=cpu
