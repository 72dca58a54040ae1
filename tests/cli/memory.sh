# memory: recomputation and giving memory back change no bit; the plan; what
# programs say where memory runs out
set -u -o pipefail
. tests/lib.sh memory
check() { local n=$1; shift; if "$@" >/dev/null 2>&1; then ok "$n"; else no "$n" "$(tail -n 5 err | tr '\n' ' ')"; fi; }
root=$PWD
cd "$T"
: >err
rows() { for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done; }
shape="--hidden 16 --layers 3 --heads 2 --kv-heads 1 --ffn 24 --max-pos 32"
rows >rows.jsonl
pretrain() { "$BIN/pretrain" --quiet --device cpu --tokenizer "$root/data/tokenizer/tiny" $shape --batch 4 \
    --lr 1e-2 --warmup 0 --threads 1 "$@" rows.jsonl; }
pretrain --steps 3 -o base || no base "pretrain failed"
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=2 -v P=4 -v N=4 >r.jsonl
opts="--prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 --seed 3 --quiet --device cpu --threads 1"
# the rollouts are made up: of no policy
step() { "$BIN/dapo-step" $opts --off-policy -o /dev/null --model base "$@"; }

bad=
for arm in fp32 bf16 bf16-weights bf16-mixed bf16-sr llmc-sr bf16-kahan fp16-mixed fp32,dropout=0.3 bf16-mixed,order=shuffled:7; do
    step --arm $arm --steps 2 --out kept r.jsonl 2>err &&
        step --arm $arm --steps 2 --recompute --micro-batch 40 --out again r.jsonl 2>err || bad="$bad $arm(failed)"
    case $arm in
    *shuffled* | bf16 | bf16-weights | llmc-sr) step --arm $arm --steps 2 --micro-batch 40 --out kept r.jsonl 2>err ;;
    esac
    diff -r kept again >/dev/null 2>&1 || bad="$bad $arm"
done
if [ -z "$bad" ]; then ok recomputation_changes_no_bit; else no recomputation_changes_no_bit "differs:$bad"; fi
bad=
for arm in fp32 bf16-sr bf16-kahan fp16-mixed; do
    step --arm $arm --steps 2 --out kept r.jsonl 2>err &&
        step --arm $arm --steps 1 --offload --out half <(head -n 16 r.jsonl) 2>err &&
        "$BIN/dapo-step" $opts --off-policy -o /dev/null --model half --arm $arm --until 2 --offload --out again <(tail -n +17 r.jsonl) 2>err ||
        bad="$bad $arm(failed)"
    diff -r kept again >/dev/null 2>&1 || bad="$bad $arm"
done
if [ -z "$bad" ]; then ok moments_in_host_memory_change_no_bit; else no moments_in_host_memory_change_no_bit "differs:$bad $(cat err)"; fi
pretrain --steps 3 --recompute -o base.again
check recomputation_in_pretraining diff -r base base.again

# The loop, with and without giving memory back between rounds.
awk '{ sub(/^\{/, "{\"id\":\"p" NR "\",\"verifier\":\"math\",\"answer\":\"" NR + 1 "\","); print }' rows.jsonl |
    "$BIN/tokenize" --quiet --tokenizer base -o prompts 2>err || no prompts "$(cat err)"
loop() { # OUT OPTIONS...
    local out=$1
    shift
    rm -f fifo && mkfifo fifo
    "$BIN/draw" --quiet --resume base --seed 5 --per-step 4 prompts |
        "$BIN/rollout" --quiet --device cpu --model base --seed 5 --sync fifo --samples 4 --max-new 8 --threads 1 "$@" |
        "$BIN/tokenize" --quiet --decode --tokenizer base |
        "$BIN/reward" --quiet --max-len 8 |
        "$BIN/dapo-step" $opts --model base --seed 5 --sync fifo --steps 2 --no-dynamic --keep "$out.kept" \
            --out "$out" -o "$out.metrics" --timing "$out.timing" --json "$@"
}
loop plain 2>err || no loop "$(tail -n 1 err)"
loop parked --offload 2>err || no loop_offload "$(tail -n 1 err)"
loop given --release 2>err || no loop_release "$(tail -n 1 err)"
check giving_memory_back_changes_no_bit diff -r plain given
check nor_do_weights_and_moments_in_host_memory bash -c 'diff -r plain parked && cmp plain.kept parked.kept'
check nor_of_rollouts_and_metrics bash -c 'cmp plain.kept given.kept && cmp plain.metrics given.metrics'
held() { sed -n "2s/.*\"$2\":\([0-9]*\).*/\1/p" "$1.timing"; }
check timing_says_the_memory test "$(held plain memory_peak)" -ge "$(held plain memory)"
# weights, master weights and moments, not gradients and passes
check who_waits_holds_less test $(($(held given memory) * 3)) -lt $(($(held plain memory) * 2))

# The plan.
plan() { "$BIN/dapo-step" --plan --model base "$@" 2>err; }
plan >p1 && plan --recompute >p2
mib() { sed -n "s/^$2 *\([0-9.]*\) MiB.*/\1/p" "$1" | tr -d .; }
check plan_of_recomputation test "$(mib p2 activations)" -lt "$(mib p1 activations)"
full=$root/tests/golden/hf/qwen2.5-math-7b
fits() { "$BIN/dapo-step" --plan --model "$full" --device cuda --arm bf16-mixed "$@" >p 2>err; }
fits --device-memory 80G
check the_7b_model_does_not_fit_80G grep -q '^on 80.0 GiB *does not fit' p
fits --device-memory 144G
check and_fits_144G_alone grep -Eq '^on 144.0 GiB *fits' p
check beside_the_sampler_it_does_not grep -Eq '^  with the sampler *does not fit' p
largest() { sed -n 's/^largest micro-batch *\([0-9]*\) tokens, with --recompute \([0-9]*\)/\1 \2/p' p; }
read -r a b <<<"$(largest)"
fits --device-memory 144G --micro-batch "$a"
check largest_fits grep -Eq '^on 144.0 GiB *fits' p
fits --device-memory 144G --micro-batch $((a + 1))
check one_more_does_not grep -Eq '^on 144.0 GiB *does not' p
fits --device-memory 144G --micro-batch "$b" --recompute
check largest_recomputed_fits grep -Eq '^on 144.0 GiB *fits' p
check recomputation_takes_a_larger_one test "$b" -gt $((3 * a))

# Out of memory on the CPU; a sanitizer reserves terabytes for itself.
if [ "$SAN" = 1 ]; then
    echo "skip memory_out_of_memory: ulimit -v and a sanitizer do not go together"
else
    for i in $(seq 500); do cat rows.jsonl; done >many
    (ulimit -v 400000 && "$BIN/pretrain" --quiet --device cpu --threads 1 --tokenizer "$root/data/tokenizer/tiny" --hidden 64 \
        --layers 6 --heads 2 --kv-heads 1 --ffn 256 --max-pos 32 --steps 1 --batch 4000 --micro-batch 100000000 -o oom many) 2>err
    rc=$?
    if [ $rc = 1 ] && grep -q 'out of memory: [0-9]* MiB asked for .* held, .* ulimit -v at 390 MiB; a smaller --micro-batch (it is 100000000 tokens).*--recompute' err; then
        ok out_of_memory_says_what_to_lower
    else
        no out_of_memory_says_what_to_lower "exit $rc: $(tail -n 1 err)"
    fi
fi
