# A shorter form of PRESET=smollm2-135m: a real pretrained model learns choice
# questions, in fp32 and bf16.
#
#   SMOLLM2=DIR           the model, as data/smollm2.sh makes it
#   SMOLLM2_SETS=DIR      mmlu_train, mmlu_val and mmlu_stem (docs/REAL.md)
#   SMOLLM2_PEAK (3900)   MiB that a process of the experiment holds, at most
#
# What must hold, whatever the model learns: training with one thread and with
# two gives the same bytes; the trainer finds the sampler's log-probabilities, all
# bits; an update holds what `dapo-step --plan` says, within 10%; J is there for
# each run and task. J, KL, the gradient's norm, times and memory are printed.
set -u
name=smollm2
skip() { echo "skip $name: $1"; exit 0; }
verdict() { # NAME STATUS WHY
    if [ "$2" = 0 ]; then echo "ok ${name}_$1"; else echo "not ok ${name}_$1: $3"; fi
    [ "$2" = 0 ] || failed=1
}
failed=0
[ -n "${SMOLLM2:-}" ] || skip 'no model is given (SMOLLM2=DIR, made by data/smollm2.sh)'
[ -n "${SMOLLM2_SETS:-}" ] || skip 'no sets are given (SMOLLM2_SETS=DIR, docs/REAL.md)'
for f in "$SMOLLM2/model.safetensors" "$SMOLLM2_SETS"/mmlu_{train,val,stem}.jsonl; do
    [ -s "$f" ] || { echo "not ok $name: no file $f"; exit 1; }
done
mem=$(($(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) / 1048576))
[ "$mem" -ge 6 ] || skip "$mem GiB of memory are free, 6 are needed"
model=$(cd "$SMOLLM2" && pwd) sets=$(cd "$SMOLLM2_SETS" && pwd)
unset MAKEFLAGS MFLAGS MAKELEVEL

# held FILE COMMAND...: runs it; FILE gets the KiB that the largest of its
# processes held, processor seconds, and seconds of the clock.
held() {
    python3 -c '
import os, resource, subprocess, sys, time
began = time.time()
status = subprocess.call(sys.argv[2:])
u = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as f:
    print(u.ru_maxrss, u.ru_utime + u.ru_stime, time.time() - began, file=f)
sys.exit(status)' "$@"
}
say() { awk -v n="$1" '{ printf "%-28s %6.0f MiB at most   %7.1f s of processors   %7.1f s\n", n, $1 / 1024, $2, $3 }' "$2"; }

# --- the experiment, once as it is and once with other threads ----------------
small=(CUDA=0 PRESET=smollm2-135m MODEL="$model" DATA="$sets" DEVICE=cpu SEEDS=1 NOISE=1 STEPS=2 CHUNK=1
    PROMPTS=2 MINI_BATCH=1 QUESTIONS=8 KL_PROMPTS=2 MAX_PROMPT=96)
run() { # NAME MAKE'S WORDS
    local what=$1
    shift
    held "$T/$what.held" make -j1 "${small[@]}" R="$T/$what" "$@" >"$T/$what.log" 2>&1
    local status=$?
    verdict "$what" $status "$(tail -n 3 "$T/$what.log" | tr '\n' ' ')"
    say "$what" "$T/$what.held"
    return $status
}
run experiment THREADS=2 "$T/experiment/analysis/summary.txt" || exit 1
runs=$(cd "$T/experiment/train_logs" && ls | grep -v _again) # the preset's own replicate aside
run one_thread THREADS=1 $(for r in $runs; do echo "$T/one_thread/train_logs/$r/step-2/checkpoint/model.safetensors"; done) || exit 1
for r in $runs; do
    (cd "$T/experiment/train_logs/$r" && find step-* -name '*.safetensors' | LC_ALL=C sort | xargs sha256sum) >"$T/two.sum"
    (cd "$T/one_thread/train_logs/$r" && find step-* -name '*.safetensors' | LC_ALL=C sort | xargs sha256sum) >"$T/one.sum"
    [ "$(wc -l <"$T/two.sum")" -ge 2 ] && cmp -s "$T/two.sum" "$T/one.sum"
    verdict "${r}_has_the_bytes_of_one_thread" $? "$(diff "$T/two.sum" "$T/one.sum" | sed -n 2p)"
done

# --- what the trainer saw -----------------------------------------------------
for r in $runs; do
    find "$T/experiment/train_logs/$r" -path '*step-*' -name 'metrics*' | LC_ALL=C sort |
        while read -r f; do "$BIN/show" --json "$f"; done | grep '"grad_norm"' >"$T/metrics"
    python3 - "$T/metrics" "$r" <<'P'
import json, sys
rows = [json.loads(x) for x in open(sys.argv[1])]
gap = max((r["logp_gap_max"] for r in rows), default=None)
for r in rows:
    print(f'{sys.argv[2]:<20} step {r["step"]}: accuracy {r["accuracy"]:.2f}, gradient norm {r["grad_norm"]:.4f}')
sys.exit(not (len(rows) == 2 and gap == 0 and all(r["grad_norm"] > 0 for r in rows)))
P
    verdict "${r}_trainer_has_the_samplers_bits" $? "$(wc -l <"$T/metrics") steps; $(head -c 300 "$T/metrics")"
done

# --- how often the base and each run were right: every one, on both sets ------
for f in "$T"/experiment/eval_metrics/*/scores.msgpack; do
    "$BIN/show" --json "$f" | python3 -c '
import json, sys
for r in map(json.loads, sys.stdin):
    who, task, n, j, se = sys.argv[1], r["task"], r["n_samples"], r["j"], r["se"]
    print(f"{who:<20} {task:<9} J {j:.3f} (standard error {se:.3f}, {n} answers)")
' "$(basename "$(dirname "$f")")"
done >"$T/j"
cat "$T/j"
[ "$(grep -v '_again ' "$T/j" | grep -c ' J [01]\.[0-9]')" = $((2 * ($(wc -w <<<"$runs") + 1))) ]
verdict j_of_each_run_and_the_base $? "$(wc -l <"$T/j") rows for $(wc -w <<<"$runs") runs and a base, of two sets each"
grep -q fp32 "$T/experiment/analysis/summary.txt" && grep -q bf16 "$T/experiment/analysis/summary.txt"
verdict summary_has_both_arms $? "$(head -n 3 "$T/experiment/analysis/summary.txt" | tr '\n' ' ')"

# --- memory: an update of the groups that were kept, against the plan ----------
for arm in fp32 bf16; do
    words=(--model "$model" --arm "$arm" --device cpu --threads 2 --prompts 2 --mini-batch 2 --samples 4 --micro-batch 512)
    held "$T/update.held" "$BIN/dapo-step" --quiet "${words[@]}" --off-policy --steps 1 --out "$T/update.$arm" --json \
        -o /dev/null "$T/experiment/train_logs/${arm}_seed1/step-1/rollouts.msgpack.zst" 2>"$T/err"
    status=$?
    verdict "update_$arm" $status "$(tail -n 1 "$T/err")"
    [ $status = 0 ] || continue
    say "update, $arm" "$T/update.held"
    "$BIN/dapo-step" --plan --json "${words[@]}" --longest 112 >"$T/plan"
    python3 - "$T/plan" "$T/update.held" <<'P'
import json, sys
plan = json.load(open(sys.argv[1]))["training_bytes"]
peak = 1024 * int(open(sys.argv[2]).read().split()[0])
print(f"its plan is {plan / 2**20:.0f} MiB: {peak / plan - 1:+.1%} beside it")
sys.exit(abs(peak / plan - 1) > 0.1)
P
    verdict "memory_of_the_plan_$arm" $? "$(cut -d' ' -f1 "$T/update.held") KiB"
done
most=$(cut -d' ' -f1 "$T/experiment.held")
[ "$most" -le $((${SMOLLM2_PEAK:-3900} * 1024)) ]
verdict memory_of_the_experiment $? "a process held $((most / 1024)) MiB"
exit $failed
