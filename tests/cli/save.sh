# dapo-step --save: a run that was killed goes on from its last save, and writes
# the bytes of one that was not
set -u
. tests/lib.sh save
root=$PWD
cd "$T" || exit 1
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done |
    "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 --heads 2 --kv-heads 1 \
        --ffn 24 --max-pos 32 --steps 3 --batch 4 --lr 1e-2 --warmup 0 --threads 1 -o base || no base "pretrain failed"
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=6 -v P=4 -v N=4 >all.jsonl # 16 rows a step
opts=(--prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 --seed 3 --quiet --off-policy --threads 1)
step() { "$BIN/dapo-step" "${opts[@]}" "$@"; }
same() { # NAME DIR DIR
    if diff -r "$2" "$3" >diff.txt 2>&1; then ok "$1"; else no "$1" "$(head -n 1 diff.txt)"; fi
}
saved() { (cd "$1" && echo *); }

# Killed while it waits for step 4, after saves of steps 1 to 3. The input comes
# from a FIFO that this script holds open.
killed() { # ARM ROWS ARGS...: trains on so many rows of the first, and is killed
    local arm=$1 rows=$2 writer pid
    shift 2
    rm -f in && mkfifo in
    "$BIN/dapo-step" "${opts[@]}" --arm "$arm" "$@" --out k/out --keep k/rollouts.msgpack.zst -o k/metrics.msgpack <in 2>err &
    pid=$!
    exec {writer}>in
    head -n "$rows" all.jsonl >&"$writer"
    for _ in $(seq 600); do
        [ -e "k/save/step-00000000$((rows / 16))/trainer_state.json" ] && break
        sleep 0.1
    done
    sleep 0.3 # older ones go
    kill -9 $pid
    wait $pid 2>/dev/null
    exec {writer}>&-
}
whole() { # ARM: the run that nothing stopped
    rm -rf w && mkdir w
    step --arm "$1" --model base --steps 6 --out w/out --keep w/rollouts.msgpack.zst -o w/metrics.msgpack all.jsonl
}
for arm in fp32 bf16 fp16-mixed,shards=2 bf16-kahan; do
    whole $arm
    rm -rf k && mkdir k
    killed $arm 48 --model base --steps 6 --save k/save --save-every 0
    [ -e k/out ] && no "${arm}_was_killed" "it ended"
    gives "${arm}_what_is_saved" "$(saved k/save)" 'metrics-000000000.msgpack metrics-000000001.msgpack metrics-000000002.msgpack rollouts-000000000.msgpack.zst rollouts-000000001.msgpack.zst rollouts-000000002.msgpack.zst step-000000003'
    tail -n +49 all.jsonl >rest.jsonl
    cp -r k/save before
    step --arm $arm --model k/save/step-000000003 --until 6 --save k/save --save-every 0 --out k/out \
        --keep k/rollouts.msgpack.zst -o k/metrics.msgpack rest.jsonl 2>err || no "${arm}_goes_on" "$(cat err)"
    rm -rf k/save
    same "${arm}_same_bytes" w k
    # killed twice
    [ $arm = fp32 ] || { rm -rf before; continue; }
    rm -rf k && mkdir k && mv before k/save
    rm -f in && mkfifo in
    step --arm $arm --model k/save/step-000000003 --until 6 --save k/save --save-every 0 --out k/out \
        --keep k/rollouts.msgpack.zst -o k/metrics.msgpack <in 2>err &
    pid=$!
    exec 9>in
    sed -n 49,64p all.jsonl >&9
    for _ in $(seq 600); do [ -e k/save/step-000000004/trainer_state.json ] && break; sleep 0.1; done
    kill -9 $pid
    wait $pid 2>/dev/null
    exec 9>&-
    tail -n +65 all.jsonl >rest.jsonl
    step --arm $arm --model k/save/step-000000004 --until 6 --save k/save --save-every 9999 --out k/out \
        --keep k/rollouts.msgpack.zst -o k/metrics.msgpack rest.jsonl 2>err || no killed_twice "$(cat err)"
    gives parts_of_a_run_are_kept "$(saved k/save | tr ' ' '\n' | grep -c metrics)" 4
    rm -rf k/save
    same killed_twice_the_same_bytes w k
done

# a run that begins before what is there begins anew
whole fp32
rm -rf k && mkdir k
killed fp32 48 --model base --steps 6 --save k/save --save-every 0
step --arm fp32 --model base --steps 6 --save k/save --save-every 9999 --out k/out --keep k/rollouts.msgpack.zst \
    -o k/metrics.msgpack all.jsonl 2>err
gives later_ones_are_gone "$(saved k/save)" '*'
rm -rf k/save
same from_the_beginning_the_same_bytes w k

# on ranks, gone on from by another number of them
rm -rf k && mkdir k
whole fp32,shards=2
killed fp32,shards=2 48 --ranks 2 --model base --steps 6 --save k/save --save-every 0
tail -n +49 all.jsonl >rest.jsonl
step --arm fp32,shards=2 --model k/save/step-000000003 --until 6 --save k/save --out k/out \
    --keep k/rollouts.msgpack.zst -o k/metrics.msgpack rest.jsonl 2>err || no ranks_go_on "$(cat err)"
rm -rf k/save
same ranks_save_as_one_process w k

# time alone: nothing is saved before it has passed
rm -rf k && mkdir k
step --arm fp32 --model base --steps 6 --save k/save --save-every 9999 --out k/out -o k/metrics.msgpack all.jsonl
gives not_before_its_time "$(saved k/save)" '*'
fails a_file_for_a_directory 1 'all.jsonl' step --model base --steps 1 --save all.jsonl/x --out k/out2 -o /dev/null all.jsonl
fails a_time_below_nothing 2 'save-every' step --model base --steps 1 --save k/s --save-every -1 --out k/out2 all.jsonl
