# factors - each factor set alone by --arm NAME,factor=value: the loop runs, the
# sampler agrees with the trainer in every bit, the checkpoint says what it is,
# the same twice, and another arm cannot go on from it
set -u -o pipefail
. tests/golden/bits/run.bash
. tests/lib.sh
metric() { "$BIN/show" --field "$1" "$T/$2.metrics" | sort -u | tr '\n' ' '; }

base "$T/base" && tokens && loop "$T/base" "$T/fp32" 1 fp32 "" "" ||
    no the_run failed
# arm, what the checkpoint records of it
while read -r arm recorded; do
    name=${arm//[^a-z0-9]/_}
    loop "$T/base" "$T/a" 1 "$arm" "" "" 2>"$T/log" ||
        { no "$name" "$(head -n 1 "$T/log")"; continue; }
    loop "$T/base" "$T/b" 1 "$arm" "--batch 7" "--threads 2"
    why=
    grep -q "\"arm\": \".*,${recorded}[,\"]" "$T/a/trainer_state.json" ||
        why="$why recorded: $(grep '"arm"' "$T/a/trainer_state.json")"
    [ "$(metric logp_gap_max a)" = '0.0 ' ] ||
        why="$why gap $(metric logp_gap_max a)"
    diff -r "$T/a" "$T/b" >/dev/null || why="$why not the same twice"
    cmp -s "$T/a/model.safetensors" "$T/fp32/model.safetensors"
    [ $? = 1 ] || why="$why nothing changed"
    "$BIN/dapo-step" --quiet $step --model "$T/a" --arm fp32 --steps 1 \
        --out "$T/c" -o /dev/null "$T/a.zst" 2>"$T/err"
    [ $? = 2 ] && grep -q "this run has fp32" "$T/err" ||
        why="$why goes on as fp32: $(head -n 1 "$T/err")"
    [ -z "$why" ] && ok "$name" || no "$name" "$why"
    rm -rf "$T/a" "$T/b" "$T/c"
done <<'A'
fp32,master=bf16 master=bf16
fp32,master=fp16 master=fp16
fp32,compute=bf16 compute=bf16
fp32,compute=fp16 compute=fp16
fp32,adam=bf16 adam=bf16
fp32,dropout=0.1 dropout=0.1
fp32,order=shuffled order=shuffled
fp32,order=shuffled:9 order=shuffled:9
fp32,master=bf16,rounding=stochastic rounding=stochastic
fp32,master=bf16,kahan=1 kahan=1
bf16,dropout=0.1 dropout=0.1
fp32,grads=bf16 grads=bf16
fp32,step=fused step=fused
fp32,step=foreach step=foreach
bf16-mixed,head=fp32 head=fp32
bf16-sr,order=shuffled:3 order=shuffled:3
bf16-kahan,step=foreach step=foreach
bf16-sr,step=fused step=fused
bf16-mixed,adam=bf16,step=foreach adam=bf16
fp16-mixed,grads=bf16 grads=bf16
fp32,shards=2 shards=2
bf16,shards=2 shards=2
bf16-weights master=bf16
verl step=foreach
llmc-sr grads=bf16
bf16,master=fp32 master=fp32
bf16,compute=fp32 compute=fp32
bf16,order=canonical order=canonical
A

# shuffled: different bits for another seed, the same for one seed, and close to
# fp32: two AdamW updates at lr 1e-3 move a weight by at most 2e-3 or so; a
# rounding moves the gradient by 1e-6 of its size and the update as little,
# but where the gradient is nearly 0
for s in 1 2; do
    "$BIN/dapo-step" --quiet --device cpu --off-policy $step --model "$T/base" \
        --arm fp32,order=shuffled:$s --steps 1 --out "$T/s$s" -o /dev/null "$T/fp32.zst"
done
"$BIN/dapo-step" --quiet --device cpu --off-policy $step --model "$T/base" \
    --arm fp32,order=shuffled:1 --steps 1 --threads 3 --out "$T/s1b" -o /dev/null "$T/fp32.zst"
cmp -s "$T/s1/model.safetensors" "$T/s2/model.safetensors"
[ $? = 1 ] && [ -f "$T/s2/model.safetensors" ] && ok shuffled_seeds_differ ||
    no shuffled_seeds_differ "the same bits, or none"
diff -r "$T/s1" "$T/s1b" >/dev/null && ok shuffled_seed_repeats ||
    no shuffled_seed_repeats "different bits"
near=$("$BIN/sparsity" --quiet "$T/fp32" "$T/s1" |
    "$BIN/show" --field scope --field sparsity_abs1e-5 | awk '$1 == "total" { print $2 }')
awk -v x="$near" 'BEGIN { exit !(x > 0.98) }' && ok shuffled_stays_near ||
    no shuffled_stays_near "only $near of the weights within 1e-5"
