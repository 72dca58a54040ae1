#!/bin/bash
# watch - running stages as they append lines: dapo-step --live writes them, one a
# step, whole; pipelines/watch shows them
set -u
. tests/lib.sh watch
root=$PWD
cd "$T" || exit 1
rows() { for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done; }
rows | "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 --heads 2 \
    --kv-heads 1 --ffn 24 --max-pos 32 --steps 3 --batch 4 --lr 1e-2 --warmup 0 --threads 1 -o base || no base "pretrain failed"
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=2 -v P=4 -v N=4 >all.jsonl
"$BIN/dapo-step" --quiet --off-policy --prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 --seed 3 --threads 1 --json \
    --model base --steps 2 --out made --live made.live all.jsonl >metrics.jsonl || no live "dapo-step failed"
gives live_lines_are_the_metrics_with_memory_and_seconds "$(python3 - <<'P'
import json
live = [json.loads(s) for s in open("made.live")]
rows = [json.loads(s) for s in open("metrics.jsonl")]
more = [{k: x.pop(k) for k in ("memory", "seconds")} for x in live]
print(live == rows, len(live), all(m["memory"] > 0 and m["seconds"] > 0 for m in more))
P
)" "True 2 True"
fails a_folder_that_is_missing 1 'nowhere/x' "$BIN/dapo-step" --quiet --off-policy --prompts 4 --mini-batch 2 \
    --samples 4 --lr 1e-3 --seed 3 --threads 1 --model base --steps 2 --out made2 -o /dev/null --live nowhere/x all.jsonl

# a run at step 23 of a chunk to step 40, another line on its way, and a chunk that ended
run=results/train_logs/bf16_seed1
mkdir -p $run/step-20 results/.make
"$BIN/stats" --tag --quiet -o $run/step-20/metrics.msgpack < <(for i in $(seq 0 19); do
    echo "{\"step\":$i,\"reward_mean\":$i.0,\"accuracy\":0.5,\"approx_kl\":0.001,\"entropy\":1.5,\"updates\":2}"; done)
for i in 20 21 22; do
    echo "{\"step\":$i,\"reward_mean\":$i.0,\"accuracy\":0.25,\"approx_kl\":0.001,\"entropy\":1.5,\"tokens\":600,\"memory\":3221225472,\"seconds\":2.0}"
done >$run/.new.step-40.live
printf '{"step":23,"reward_me' >>$run/.new.step-40.live
printf '{"total": 10, "kinds": {}, "t0": 0, "jobs": 2, "expect": {}}' >results/.make/run.json
printf 'train 2.0\neval -\n' >results/.make/run.done
watch="$root/pipelines/watch"
gives a_line_in_a_log "$("$watch" results --bin "$BIN" --once)" \
    "bf16_seed1: step 23 of 40, reward 22.000, accuracy 0.250, KL 0.001, entropy 1.500, 300 tokens/s, 3.0 GiB, 34 s left"
# on a terminal the whole run, the bar of a value v being the floor of (v - least) / (greatest - least) * 7.999
gives a_view_on_a_terminal "$(python3 - "$watch" "$BIN" <<'P'
import os, pty, sys
text = b""
def read(fd):
    global text
    got = os.read(fd, 4096); text += got
    return b""
sys.stdout.flush()
pty.spawn([sys.argv[1], "results", "--bin", sys.argv[2], "--once"], read)
lines = text.decode().replace("\r", "").split("\n")
print(lines[0].startswith("\x1b[H\x1b[J2 of 10 stages done"), *[x.strip() for x in lines[2:5]], sep="\n")
P
)" "True
bf16_seed1  step 23 of 40  300 tokens/s  3.0 GiB  34 s left
reward       22.000  ▁▁▁▂▂▂▃▃▃▄▄▄▅▅▆▆▆▇▇▇███
accuracy      0.250  ████████████████████▁▁▁"
rm $run/.new.step-40.live
gives nothing_trains "$("$watch" results --bin "$BIN" --once | sed 's/, [0-9]* h .*//')" "nothing trains; 2 of 10 stages done"
fails no_results 1 'no such folder' "$watch" nowhere --once
