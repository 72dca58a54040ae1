#!/bin/bash
# kill_points - a program that is killed before each of its calls that change names
# of files, one after the other, and then run again by the same command: it ends
# well, and the files are those of a run that nothing stopped, no more and no less
set -u
. tests/lib.sh kill_points
[ "${SAN:-0}" = 0 ] || { echo 'skip kill_points: a sanitizer wants to be loaded first'; exit 0; }
command -v "${CC:-cc}" >/dev/null || { echo 'skip kill_points: no compiler'; exit 0; }
root=$PWD
cd "$T" || exit 1
"${CC:-cc}" -shared -fPIC -o lib.so "$root/tests/fault/kill_at.c" -ldl || exit 1
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done >corpus.jsonl
pretrain() {
    "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 --heads 2 --kv-heads 1 \
        --ffn 24 --max-pos 32 --steps 2 --batch 4 --lr 1e-2 --warmup 0 --threads 1 "$@" corpus.jsonl
}
pretrain -o base || no base "pretrain failed"
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=3 -v P=4 -v N=4 >all.jsonl # 16 rows a step
step() { "$BIN/dapo-step" --prompts 4 --mini-batch 2 --samples 4 --lr 1e-4 --seed 3 --quiet --off-policy --threads 1 --arm bf16 "$@"; }
for i in 1 2 3; do step --model base --steps "$i" --out "$i" -o /dev/null all.jsonl; done

files() { (cd k && find . -mindepth 1 -type d | LC_ALL=C sort && find . -type f | LC_ALL=C sort | xargs -r sha256sum); }
# every NAME BEFORE COMMAND: COMMAND in a folder k, as BEFORE has made it
every() {
    local n i bad=
    rm -rf k count && mkdir k && $2 && LD_PRELOAD=$T/lib.so $3 2>err && files >want || { no "$1" "$(head -c 300 err)"; return; }
    rm -rf k && mkdir k && $2 && KILL_COUNT=$T/count LD_PRELOAD=$T/lib.so $3
    n=$(wc -l <count)
    for i in $(seq "$n"); do
        rm -rf k && mkdir k && $2
        (KILL_AT=$i LD_PRELOAD=$T/lib.so $3) >/dev/null 2>&1
        [ $? = 137 ] || bad="$bad [$i: it was not killed]"
        LD_PRELOAD=$T/lib.so $4 2>err || bad="$bad [$i, $(sed -n "${i}p" count): $(head -c 200 err)]"
        LD_PRELOAD=$T/lib.so $3 2>err || bad="$bad [$i, $(sed -n "${i}p" count): exit status $?: $(head -c 200 err)]"
        files >got
        cmp -s want got || bad="$bad [$i, $(sed -n "${i}p" count): $(diff want got | sed -n 's/^[<>]/&/p' | head -n 2 | tr '\n' ' ')]"
    done
    echo "note $1: $n points"
    [ -z "$bad" ] && [ "$n" -gt 2 ] && ok "$1" || no "$1" "$bad"
}
nothing() { :; }

train() { step --model base --steps 2 --out k/out --keep k/rollouts.zst -o k/metrics.msgpack --timing /dev/null all.jsonl; }
every dapo_step nothing train nothing
export NO_UNNAMED=1
every dapo_step_where_files_have_names nothing train nothing
unset NO_UNNAMED
base() { pretrain -o k/base --metrics k/metrics.msgpack; }
every pretrain nothing base nothing

# from the newest that was saved; it leaves no older one, nor a half of one
saving() {
    local s model=base done=0
    for s in k/save/step-?????????; do [ -e "$s" ] && model=$s done=$((10#${s##*-})); done
    tail -n +$((done * 16 + 1)) all.jsonl >rest.jsonl
    step --model $model --until 3 --save k/save --save-every 0 --out k/out --keep k/rollouts.zst -o k/metrics.msgpack rest.jsonl
}
every dapo_step_save nothing saving nothing

# a checkpoint that a run takes from, and puts there again: what says that it is
# done comes last
in_place() { cp -r 1 k/run; }
on() {
    if [ "$("$BIN/show" --count k/metrics.msgpack 2>/dev/null)" = 1 ] && grep -q '"step": *2' k/run/trainer_state.json; then
        step --model k/run --until 2 --out k/run -o /dev/null </dev/null 2>/dev/null
        return $(($? != 2)) # misuse: it is done
    fi
    tail -n +17 all.jsonl >rest.jsonl
    step --model k/run --until 2 --out k/run -o k/metrics.msgpack rest.jsonl
}
every dapo_step_in_place in_place on nothing

for i in 1 2; do python3 "$root/tests/shard.py" $i shards-$i; done
whole() { cp -r 1 k/1 && cp -r 2 k/2; }
shards() { cp -r shards-1 k/1 && cp -r shards-2 k/2; }
deltas() { $1 && "$BIN/delta" k/1 k/2; }
whole_deltas() { deltas whole; }
shards_deltas() { deltas shards; }
delta() { "$BIN/delta" k/1 k/2; }
drop() { "$BIN/delta" --drop-optimizer k/1 k/2; }
expand() { "$BIN/delta" --expand k/1; }
readable() { "$BIN/sparsity" --quiet 3 k/1 >/dev/null; } # at every point
every delta whole delta readable
every delta_drop_optimizer whole drop readable
every delta_expand whole_deltas expand readable
every delta_shards shards delta readable
every delta_shards_expand shards_deltas expand readable

# Who is still at work keeps its file: one that stands before its rename, and another
# that writes the same output meanwhile.
draw() { "$BIN/draw" --quiet --count "$1" -o out.msgpack "$root/tests/golden/record/small.msgpack"; }
for mode in unnamed named; do
    [ $mode = unnamed ] || export NO_UNNAMED=1
    rm -f out.msgpack .out* count
    KILL_COUNT=$T/count LD_PRELOAD=$T/lib.so draw 5
    at=$(sed -n 's/ rename$//p' count)
    rm out.msgpack
    (export STOP_AT=$at LD_PRELOAD=$T/lib.so; exec "$BIN/draw" --quiet --count 5 -o out.msgpack "$root/tests/golden/record/small.msgpack") 2>err & pid=$!
    for _ in $(seq 100); do grep -q '^State:.T' /proc/$pid/status && break; sleep 0.05; done
    gives "${mode}_has_a_name" "$(echo .out*)" .out.msgpack.ulp-0
    (export LD_PRELOAD=$T/lib.so; draw 7)
    gives "${mode}_beside_one_that_writes" "$(echo .out*) $("$BIN/show" --count out.msgpack)" '.out.msgpack.ulp-0 7'
    kill -CONT $pid
    wait $pid
    gives "${mode}_ends_well" "$? $(echo .out*) $("$BIN/show" --count out.msgpack)" '0 .out* 5'
    [ $mode = unnamed ] || unset NO_UNNAMED
done
echo mine >.out.msgpack.ulp-mine
mkfifo .out.msgpack.ulp-0
draw 5
gives others_stay "$(cat .out.msgpack.ulp-mine) $(ls -A | grep -c ulp-0)" 'mine 1'

# A place of a checkpoint: a link is followed, to a folder that is there or not; and
# what cannot be written is said before any work.
mkdir real
ln -s real link; ln -s nothing_yet to_nothing; ln -s round round
for out in link link/ to_nothing; do
    step --model base --steps 1 --out $out -o m all.jsonl 2>err
    gives "out_${out/\//_again}" "$? $(readlink ${out%/}) $(ls $out/trainer_state.json) $(cat err)" "0 $(readlink ${out%/}) $out/trainer_state.json "
done
rm m
fails out_round 1 'Too many levels' step --model base --steps 1 --out round -o m all.jsonl
mkfifo silent # nothing comes
for out in all.jsonl/x /proc/x; do
    fails "out_that_cannot_be_${out%%/*}" 1 "$out" timeout 20 "$BIN/dapo-step" --quiet --off-policy --threads 1 --model base --out $out -o m <>silent
    fails "model_that_cannot_be_${out%%/*}" 1 "$out" pretrain -o $out
done
gives no_metrics_then "$(ls m 2>&1 | grep -c 'No such')" 1
