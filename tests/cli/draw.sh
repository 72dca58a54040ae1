# draw: order, resume, cookies of the stream, endless output
set -u
. tests/lib.sh draw
root=$PWD
cd "$T"
for i in 1 2 3 4 5 6 7; do echo "{\"id\":\"p$i\",\"prompt\":\"q\",\"extra\":{\"n\":$i}}"; done >p.jsonl
draw() { "$BIN/draw" --quiet --json "$@" p.jsonl; }
ids() { grep -o '"id":"[^"]*"' | cut -d'"' -f4 | tr '\n' ' '; }

draw --count 21 >a
gives each_epoch_has_all "$(head -n 7 a | ids | tr ' ' '\n' | sort | tr '\n' ' ')$(sed -n 8,14p a | ids | tr ' ' '\n' | sort | tr '\n' ' ')" \
   "p1 p2 p3 p4 p5 p6 p7 p1 p2 p3 p4 p5 p6 p7 "
[ "$(head -n 7 a | ids)" != "$(sed -n 8,14p a | ids)" ] && ok epochs_differ || no epochs_differ "same order twice"
gives epoch_and_position "$(sed -n 9p a | grep -o '"epoch":.*')" '"epoch":1,"position":8}'
gives fields_pass "$(head -n 1 a | grep -o '"extra":{"n":[0-9]}' | cut -c1-13)" '"extra":{"n":'
gives from_a_position "$(draw --from 10 --count 11)" "$(tail -n 11 a)"
[ "$(draw --seed 2 --count 14 | ids)" != "$(head -n 14 a | ids)" ] && ok seeds_differ || no seeds_differ "same order"
gives step "$(draw --per-step 4 --from 8 --count 1 | grep -o '"step":[0-9]*')" '"step":2'

mkdir base
"$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 1 --heads 2 --kv-heads 1 --ffn 16 --max-pos 32 --steps 0 -o model
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=2 -v P=5 -v N=4 |
    "$BIN/dapo-step" --quiet --off-policy --model model --prompts 5 --samples 4 --mini-batch 5 --steps 2 --threads 1 --out ckpt -o metrics
gives the_run_consumed_ten "$(grep -o '"cursor": [0-9]*' ckpt/trainer_state.json)" '"cursor": 10'
gives resume_from_a_checkpoint "$(draw --resume ckpt --count 11)" "$(tail -n 11 a)"
gives resume_from_a_base_model "$(draw --resume base --count 21)" "$(cat a)"
"$BIN/draw" --resume nowhere p.jsonl >/dev/null 2>err.txt; gives resume_from_nowhere $? 1

{ "$BIN/draw" p.jsonl 2>err.txt; echo $? >rc; } | head -c 100000 >part
gives endless_ends_quietly "$(cat rc)$(cat err.txt)" 0
[ "$(wc -c <part)" = 100000 ] && ok endless_goes_on || no endless_goes_on "$(wc -c <part) bytes"
{ "$BIN/draw" --count 100000 p.jsonl 2>err.txt; echo $? >rc; } | head -c 1000 >part
gives counted_needs_its_reader "$(cat rc) $(cat err.txt)" "141 "
: >none.jsonl
"$BIN/draw" --count 1 none.jsonl >/dev/null 2>err.txt; gives nothing_to_draw $? 3
