# --shard-weights: each rank keeps its slice of the weights and reads a layer when
# it is needed, in place or by messages; the bytes are those of a run without it, and
# of one process
#
# takes: 120 s
set -u
. tests/lib.sh shard_weights
. tests/golden/bits/run.bash
# sums OUT: the checkpoint, its optimizer, the metrics
sums() { cat "$1"/model.safetensors "$1"/optimizer.safetensors "$1"/trainer_state.json "$1.m" | sha256sum | cut -c 1-64; }

# three layers in two places; and embedding and head that take turns in one
shape=${shape/--layers 2/--layers 3}
make_base() { # OUT OPTIONS...
    local out=$1
    shift
    "$BIN/pretrain" --quiet --device cpu --tokenizer $golden/tokenizer $shape --steps 10 --batch 8 --lr 5e-3 \
        --warmup 5 --threads 1 -o "$out" "$@" $golden/corpus.jsonl
}
make_base "$T/tied" && make_base "$T/untied" --untied || no the_bases failed
awk -f tests/golden/train/rollouts.awk -v SEED=1 -v STEPS=2 -v P=9 -v N=4 >"$T/all.jsonl"
opts="--quiet --device cpu --off-policy --prompts 9 --mini-batch 5 --samples 4 --steps 2 --lr 1e-3 --seed 3 --threads 1"
step() { # OUT OPTIONS...
    local out=$1
    shift
    rm -rf "$out"
    "$BIN/dapo-step" $opts --json -o "$out.m" --out "$out" "$@" "$T/all.jsonl"
}
while read -r base arm ranks more; do
    name=${base}_$arm${more// /_} bad=
    step "$T/one" --arm $arm --model "$T/$base" $more 2>"$T/err" || no "$name" "$(head -n 1 "$T/err")"
    for R in ${ranks//,/ }; do
        step "$T/x" --arm $arm --model "$T/$base" --ranks $R --shard-weights $more 2>"$T/err" || bad="$bad $(head -n 1 "$T/err")"
        [ "$(sums "$T/one")" = "$(sums "$T/x")" ] || bad="$bad other bytes on $R ranks"
    done
    [ -z "$bad" ] && ok "$name" || no "$name" "$bad"
done <<'A'
tied fp32,shards=8 1,2,3
untied fp32,shards=8 2,3 --micro-batch 40 --epochs 2
tied bf16,shards=8 2,5
untied bf16-mixed,shards=8 3 --recompute --micro-batch 40
tied bf16-mixed,shards=8,prefixes=apart 2
untied bf16-kahan,shards=8 2 --offload
tied fp16-mixed,shards=8 9
tied fp32,dropout=0.1,shards=8 2 --recompute
A
ULP_COMM_DELAY_US=3000 step "$T/x" --arm fp16-mixed,shards=8 --model "$T/tied" --ranks 3 --shard-weights 2>"$T/err"
step "$T/one" --arm fp16-mixed,shards=8 --model "$T/tied"
is random_delays "$(sums "$T/one") " "$(sums "$T/x") $(cat "$T/err")"

train() { # OUT OPTIONS...
    make_base "$@" --arm bf16-mixed,shards=4 --untied --metrics "$1.m" 2>"$T/err"
}
train "$T/p" && train "$T/q" --ranks 3 --shard-weights
diff -r "$T/p" "$T/q" >/dev/null && cmp -s "$T/p.m" "$T/q.m" && ok pretrain || no pretrain "other bytes: $(head -n 1 "$T/err")"

# ranks of an MPI ask for a layer by messages, which are answered while they compute
mpis=
for mpi in openmpi mpich; do
    if mpi_launcher $mpi >/dev/null; then mpis="$mpis $mpi"; else echo "skip shard_weights_over_$mpi: it is not installed"; fi
done
for mpi in $mpis; do
    bad=
    while read -r base arm ranks more; do
        step "$T/one" --arm $arm --model "$T/$base" $more 2>"$T/err" || bad="$bad $(head -n 1 "$T/err")"
        step "$T/x" --arm $arm --model "$T/$base" --shard-weights --ranks $ranks --launcher "$(mpi_launcher $mpi) -n $ranks" $more 2>"$T/err"
        [ "$(sums "$T/one") " = "$(sums "$T/x") $(cat "$T/err")" ] || bad="$bad $arm $more on $ranks ranks: $(head -c 200 "$T/err")"
    done <<'A'
tied fp32,shards=8 2
untied bf16-mixed,shards=8 3 --recompute --micro-batch 40
untied bf16-kahan,shards=8 5 --offload --epochs 2
A
    [ -z "$bad" ] && ok "over_$mpi" || no "over_$mpi" "$bad"
    step "$T/one" --arm fp16-mixed,shards=8 --model "$T/tied"
    ULP_COMM_DELAY_US=3000 step "$T/x" --arm fp16-mixed,shards=8 --model "$T/tied" --shard-weights --ranks 3 --launcher "$(mpi_launcher $mpi) -n 3" 2>"$T/err"
    is "random_delays_over_$mpi" "$(sums "$T/one") " "$(sums "$T/x") $(cat "$T/err")"
    train "$T/q" --ranks 2 --shard-weights --launcher "$(mpi_launcher $mpi) -n 2"
    diff -r "$T/p" "$T/q" >/dev/null && cmp -s "$T/p.m" "$T/q.m" && ok "pretrain_over_$mpi" || no "pretrain_over_$mpi" "other bytes: $(head -n 1 "$T/err")"
done

# beside a sampler, to which memory goes back
tokens
loop "$T/untied" "$T/l1" 2 bf16-mixed,shards=4 "" "" 2>"$T/err" && loop "$T/untied" "$T/l2" 2 bf16-mixed,shards=4 "" "--ranks 2 --shard-weights --release" 2>>"$T/err"
diff -r "$T/l1" "$T/l2" >/dev/null && cmp -s "$T/l1.metrics" "$T/l2.metrics" && ok a_live_loop || no a_live_loop "other bytes: $(head -n 1 "$T/err")"

# less memory, and weights of others that are read again and again
field() { sed -n "1s/.*\"$2\":\([0-9]*\).*/\1/p" "$T/$1"; }
less() { # NAME OPTIONS...
    local name=$1 how more
    shift
    for how in whole shared; do
        more=
        [ $how = whole ] || more=--shard-weights
        step "$T/x" --arm fp32,shards=8 --model "$T/untied" --ranks 4 --sync-full --timing "$T/$how" $more "$@"
    done
    awk -v a="$(field whole rank_memory_peak)" -v b="$(field shared rank_memory_peak)" -v c="$(field whole rank_received)" -v d="$(field shared rank_received)" \
        'BEGIN { exit !(b > 0 && b < a && d > c) }' && ok "$name" || no "$name" "$(cat "$T/whole" "$T/shared")"
}
less less_memory_more_reading
for mpi in $mpis; do less "less_memory_over_$mpi" --launcher "$(mpi_launcher $mpi) -n 4"; done

# what came when: every layer on every rank, one after the other, while shards computed
timeline() { # NAME OPTIONS...
    local name=$1
    shift
    step "$T/x" --arm fp32,shards=4 --model "$T/untied" --ranks 2 --shard-weights --micro-batch 60 --timeline "$T/line" "$@" 2>"$T/err"
    python3 - "$T/line" 2>>"$T/err" <<'P' && ok "$name" || no "$name" "$(tail -n 1 "$T/err")"
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
spans = [(e["pid"], e["tid"], e["name"], e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X"]
for rank in 0, 1:
    came = sorted((s[3], s[4], s[2]) for s in spans if s[:2] == (rank, 2))
    shards = [s for s in spans if s[:2] == (rank, 0) and s[2].startswith("shard ")]
    assert {s[2] for s in came} == {"layer 0", "layer 1", "layer 2", "embedding or head"}, came
    assert all(a[1] <= b[0] + 0.01 for a, b in zip(came, came[1:])), came
    assert all(any(s[3] <= c[0] and c[1] <= s[4] for c in came) for s in shards), (came, shards)
P
}
timeline a_timeline
for mpi in $mpis; do timeline "a_timeline_over_$mpi" --launcher "$(mpi_launcher $mpi) -n 2"; done

# a rank is killed in the middle of a step: one line, nothing left, and the same bytes then
step "$T/one" --arm fp32,shards=8 --model "$T/untied"
ranks() { # those that compute
    local p
    for p in $(pgrep -f -- "--live $T/live"); do
        [ "$p" != "$(pgrep -P $wrap | head -n 1)" ] && [ "$(readlink "/proc/$p/exe")" = "$BIN/dapo-step" ] && echo "$p"
    done
}
killed() { # NAME OPTIONS...
    local name=$1
    shift
    rm -rf "$T/x"* "$T/live"
    ULP_COMM_DELAY_US=200000 step "$T/x" --arm fp32,shards=8 --model "$T/untied" --ranks 3 --shard-weights --live "$T/live" "$@" 2>"$T/err" & wrap=$!
    while kill -0 $wrap 2>/dev/null && [ ! -s "$T/live" ]; do sleep 0.05; done
    kill -9 "$(ranks | sed -n 2p)"
    wait $wrap
    is "$name" "1 1" "$? $(grep -cE "^dapo-step: rank [012] on .*has died: " "$T/err")"
    for _ in $(seq 50); do pgrep -f -- "--live $T/live" >"$T/left" || break; sleep 0.1; done
    { [ "$(wc -l <"$T/err")" = 1 ] && [ ! -e "$T/x" ] && [ ! -e "$T/x.m" ] && [ ! -s "$T/left" ]; } && ok "${name}_leaves_nothing" ||
        no "${name}_leaves_nothing" "$(cat "$T/err" "$T/left")"
    step "$T/x" --arm fp32,shards=8 --model "$T/untied" --ranks 3 --shard-weights "$@"
    is "${name}_begun_again" "$(sums "$T/one")" "$(sums "$T/x")"
}

# a rank that stops: all wait for it, ten seconds at most
begin_and_stop() { # OPTIONS...: until a step is done, then stops a rank
    rm -rf "$T/x"* "$T/live"
    ULP_COMM_DELAY_US=20000 step "$T/x" --arm fp32,shards=8 --model "$T/untied" --ranks 3 --shard-weights --live "$T/live" "$@" 2>"$T/err" & wrap=$!
    while kill -0 $wrap 2>/dev/null && [ ! -s "$T/live" ]; do sleep 0.05; done
    victim=$(ranks | sed -n 2p)
    kill -STOP "$victim"
}
stopped() { # NAME OPTIONS...
    local name=$1 began
    shift
    begin_and_stop "$@"
    sleep 2
    kill -CONT "$victim"
    wait $wrap
    is "${name}_and_goes_on" "0 $(sums "$T/one")" "$? $(sums "$T/x")"
    begin_and_stop "$@"
    began=$SECONDS
    wait $wrap
    is "${name}_for_ever" "1 1 1" "$? $(grep -cE '^dapo-step: rank [012] on .*has sent no sign of life' "$T/err") $((SECONDS - began < 40))"
    for _ in $(seq 50); do pgrep -f -- "--live $T/live" >"$T/left" || break; sleep 0.1; done
    { [ "$(wc -l <"$T/err")" = 1 ] && [ ! -e "$T/x" ] && [ ! -e "$T/x.m" ] && [ ! -s "$T/left" ]; } && ok "${name}_leaves_nothing" ||
        no "${name}_leaves_nothing" "$(cat "$T/err" "$T/left")"
}
stopped a_rank_that_stops
for mpi in $mpis; do stopped "a_rank_that_stops_over_$mpi" --launcher "$(mpi_launcher $mpi) -n 3"; done
killed a_rank_that_is_killed
for mpi in $mpis; do killed "a_rank_that_is_killed_over_$mpi" --launcher "$(mpi_launcher $mpi) -n 3"; done
