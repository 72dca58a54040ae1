# dapo-step and pretrain on several ranks: the bytes of one process
set -u
. tests/lib.sh ranks_train
. tests/golden/bits/run.bash
same() { # NAME DIR DIR
    if diff -r "$2" "$3" >"$T/diff" 2>&1; then ok "$1"; else no "$1" "$(head -n 1 "$T/diff")"; fi
}
# sums DIR METRICS: the checkpoint, its optimizer, the metrics
sums() { cat "$1"/model.safetensors "$1"/optimizer.safetensors "$1"/trainer_state.json "$2" | sha256sum | cut -c 1-64; }

# 7 rows an update: 8 shards, of which some are empty
small="--quiet --device cpu --tokenizer $golden/tokenizer $shape --steps 5 --batch 7 \
    --lr 1e-2 --warmup 2 --threads 1 --limit 40"
for arm in fp32,shards=8 bf16,shards=3 fp16-mixed,shards=8 fp32,grads=bf16,shards=2; do
    "$BIN/pretrain" $small --arm $arm --metrics "$T/p.m" -o "$T/p" $golden/corpus.jsonl
    for R in 2 5; do
        "$BIN/pretrain" $small --arm $arm --ranks $R --metrics "$T/q.m" -o "$T/q" \
            - <$golden/corpus.jsonl 2>"$T/err"
        diff -r "$T/p" "$T/q" >/dev/null && cmp -s "$T/p.m" "$T/q.m" ||
            no "pretrain_$arm" "other bytes on $R ranks: $(head -n 1 "$T/err")"
    done
    ok "pretrain_$arm"
done

base "$T/base" && tokens || no the_base failed
awk -f tests/golden/train/rollouts.awk -v SEED=1 -v STEPS=3 -v P=9 -v N=4 >"$T/all.jsonl"
head -n 36 "$T/all.jsonl" >"$T/first.jsonl"
tail -n +37 "$T/all.jsonl" >"$T/last.jsonl"
# made-up rollouts; mini-batches of 5 and of 4 groups, which are not alike
opts="--quiet --device cpu --off-policy --prompts 9 --mini-batch 5 --samples 4 --lr 1e-3 --seed 3 --threads 1"
step() { # OUT OPTIONS...
    local out=$1
    shift
    rm -rf "$out"
    "$BIN/dapo-step" $opts --json -o "$out.m" --out "$out" "$@"
}
while read -r arm ranks more; do
    step "$T/one" --arm $arm --model "$T/base" --steps 3 $more "$T/all.jsonl" 2>"$T/err" ||
        no "$arm" "$(head -n 1 "$T/err")"
    bad=
    for R in ${ranks//,/ }; do
        step "$T/$R" --arm $arm --model "$T/base" --steps 3 --ranks $R $more - \
            <"$T/all.jsonl" 2>"$T/err" || bad="$bad $(head -n 1 "$T/err")"
        [ "$(sums "$T/one" "$T/one.m")" = "$(sums "$T/$R" "$T/$R.m")" ] ||
            bad="$bad other bytes on $R ranks"
    done
    [ -z "$bad" ] && ok "$arm${more// /_}" || no "$arm${more// /_}" "$bad"
done <<'A'
fp32,shards=8 2,3,5,8
fp32,shards=8 9 --epochs 2 --micro-batch 30
bf16,shards=8 2,5
bf16-mixed,shards=8 3 --recompute
bf16-kahan,shards=8 3 --offload --tis 2
bf16-sr,shards=8,order=shuffled:4 2
llmc-sr,shards=5 3
fp16-mixed,shards=8 8
fp32,dropout=0.1,shards=8 3
fp32,head=fp32,step=foreach,shards=1 2
A

# whatever carries the bytes, and however late
step "$T/one" --arm fp32,shards=8 --model "$T/base" --steps 2 "$T/all.jsonl"
carried() { # NAME OPTIONS...
    local name=$1
    shift
    step "$T/y" --arm fp32,shards=8 --model "$T/base" --steps 2 --ranks 3 "$@" "$T/all.jsonl" 2>"$T/err"
    is "$name" "$(sums "$T/one" "$T/one.m") " "$(sums "$T/y" "$T/y.m") $(cat "$T/err")"
}
ULP_COMM_DELAY_US=3000 carried random_delays
for mpi in openmpi mpich; do
    if launch=$(mpi_launcher $mpi); then
        carried "over_$mpi" --launcher "$launch -n 3"
    else
        echo "skip ranks_train_over_$mpi: it is not installed"
    fi
done

# a run goes on with another number of ranks
step "$T/whole" --arm bf16-kahan,shards=8 --model "$T/base" --steps 3 "$T/all.jsonl"
step "$T/c1" --arm bf16-kahan,shards=8 --model "$T/base" --steps 1 --ranks 3 "$T/first.jsonl"
step "$T/c2" --arm bf16-kahan,shards=8 --model "$T/c1" --until 3 --ranks 2 "$T/last.jsonl"
(cd "$T" && same resumed_on_another_number whole c2)

# with a sampler on the FIFO, on ranks or not; then the replay of what was kept, whose
# groups that were not trained on are checked by all ranks
live() { # OUT ROLLOUT_OPTIONS DAPO_STEP_OPTIONS
    loop "$T/base" "$1" 2 fp32,shards=4 "$2" "$3" 2>"$T/err" || no live "$(head -n 1 "$T/err")"
}
live "$T/l1" "" ""
live "$T/l2" "--ranks 2" "--ranks 3"
same a_loop_with_ranks_on_both_sides "$T/l1" "$T/l2"
cmp -s "$T/l1.metrics" "$T/l2.metrics" && ok its_metrics || no its_metrics "differ"
"$BIN/dapo-step" --quiet --device cpu --model "$T/base" --arm fp32,shards=4 $step --steps 2 \
    --threads 1 --ranks 3 --out "$T/l3" -o "$T/l3.metrics" "$T/l2.zst"
same a_replay_on_ranks "$T/l1" "$T/l3"

step "$T/eight" --arm fp32,shards=8 --model "$T/base" --steps 1 --ranks 2 "$T/first.jsonl"

# what is wrong is said once, with the status of one process, and nothing is left
fails_on_ranks() { # NAME STATUS TEXT OPTIONS...
    local name=$1 status=$2 text=$3
    shift 3
    rm -rf "$T/x" "$T/x.tmp"
    fails "$name" "$status" "$text" "$BIN/dapo-step" $opts --ranks 3 --arm fp32,shards=3 \
        --out "$T/x" -o "$T/x.m" "$@"
    [ "$(wc -l <"$T/err")" = 1 ] || no "${name}_once" "$(head -n 3 "$T/err" | tr '\n' ' ')"
    [ ! -e "$T/x" ] && [ ! -e "$T/x.tmp" ] && [ ! -e "$T/x.m" ] || no "${name}_whole" "something is left"
}
sed '5s/"reward":[-0-9]*/"reward":null/' "$T/first.jsonl" >"$T/bad.jsonl"
fails_on_ranks a_bad_record 3 'record 5: reward' --model "$T/base" --steps 1 "$T/bad.jsonl"
fails_on_ranks an_input_that_ends 3 'ended before step 1' --model "$T/base" --steps 2 "$T/first.jsonl"
fails_on_ranks another_number_of_shards 2 'there shards=8 and not 3' --model "$T/eight" --steps 1 "$T/last.jsonl"
fails_on_ranks no_model 1 "$T/none" --model "$T/none" --steps 1 "$T/first.jsonl"

# the plan of a rank
"$BIN/dapo-step" --plan --json --ranks 4 --arm fp32,shards=8 --model "$T/base" >"$T/plan"
grep -q '"ranks":4' "$T/plan" && grep -q '"sent_bytes":[1-9]' "$T/plan" && ok plan || no plan "$(cat "$T/plan")"

# what each rank did when: every shard once, and exchanges beside later shards
overlaps() {
    python3 - "$1" <<'P'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
spans = [(e["pid"], e["tid"], e["name"], e["ts"], e["ts"] + e["dur"]) for e in events if e["ph"] == "X"]
shards = sorted(s[2] for s in spans if s[2].startswith("shard "))
assert shards == sorted([f"shard {k}" for k in range(8)] * 2), shards
for rank in 0, 1:
    mine = [s for s in spans if s[0] == rank]
    # of each pair one, twice, in order; which one, its rows say
    assert [int(s[2][6:]) // 2 for s in mine if s[2].startswith("shard ")] == [0, 1, 2, 3] * 2, mine
    assert all(s[4] >= s[3] >= 0 for s in mine)
    assert any(x[3] < s[4] and s[3] < x[4] for x in mine if x[1] == 1 for s in mine if s[2].startswith("shard ")), mine
P
}
timeline() { # NAME OPTIONS...
    local name=$1
    shift
    rm -f "$T/line"
    ULP_COMM_DELAY_US=20000 step "$T/y" --arm fp32,shards=8 --model "$T/base" --steps 1 --mini-batch 9 --epochs 2 --ranks 2 --timeline "$T/line" \
        "$@" "$T/first.jsonl" 2>"$T/err" && overlaps "$T/line" 2>"$T/err" && ok "$name" || no "$name" "$(tail -n 1 "$T/err")"
}
timeline a_timeline
if launch=$(mpi_launcher openmpi); then timeline a_timeline_over_openmpi --launcher "$launch -n 2"; fi
"$BIN/dapo-step" $opts --arm fp32,shards=2 --model "$T/base" --steps 1 --timeline "$T/line" --out "$T/y" -o "$T/y.m" "$T/first.jsonl" &&
    [ "$(grep -c '"shard [01]"' "$T/line")" = 4 ] && ok a_timeline_of_one_process || no a_timeline_of_one_process "$(tail -n 1 "$T/line")"
