# dapo-step: resume, invariance, refusals, faults, replay, the FIFO
set -u
. tests/lib.sh dapo_step
root=$PWD
cd "$T"
rows() { for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done; }
rows | "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 \
    --layers 2 --heads 2 --kv-heads 1 --ffn 24 --max-pos 32 --steps 3 --batch 4 \
    --lr 1e-2 --warmup 0 --threads 1 -o base || no base "pretrain failed"
gen() { awk -f "$root/tests/golden/train/rollouts.awk" "$@"; }
gen -v SEED=1 -v STEPS=5 -v P=4 -v N=4 >all.jsonl
head -n 32 all.jsonl >first2.jsonl
tail -n +33 all.jsonl >last3.jsonl
# the rollouts are made up: of no policy
opts="--prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 --seed 3 --quiet --off-policy"
step() { "$BIN/dapo-step" $opts --threads 1 -o /dev/null "$@"; }
same() { # NAME DIR DIR
    if diff -r "$2" "$3" >diff.txt 2>&1; then ok "$1"; else no "$1" "$(head -n 1 diff.txt)"; fi
}

for arm in fp32 bf16 bf16-weights bf16-mixed verl bf16-sr llmc-sr bf16-kahan areal fp16-mixed; do
    step --arm $arm --model base --out $arm.5 --steps 5 all.jsonl
    step --arm $arm --model base --out $arm.2 --steps 2 first2.jsonl
    step --arm $arm --model $arm.2 --out $arm.23 --until 5 last3.jsonl
    same "resume_is_bit_exact_$arm" $arm.5 $arm.23
done
for arm in fp32 bf16-mixed bf16-weights,order=canonical,dropout=0.1; do
    step --arm $arm --model base --out m.1 --steps 2 --micro-batch 1 first2.jsonl
    step --arm $arm --model base --out m.all --steps 2 --micro-batch 100000 first2.jsonl
    same "micro_batch_changes_no_bit_$arm" m.1 m.all
done
# shards: the bits are theirs, and nothing else's
for arm in fp32,shards=3 bf16,shards=3 fp16-mixed,shards=8 bf16-kahan,shards=2; do
    step --arm $arm --model base --out s.5 --steps 5 --micro-batch 40 all.jsonl
    step --arm $arm --model base --out s.2 --steps 2 --micro-batch 40 --threads 3 --recompute first2.jsonl
    step --arm $arm --model s.2 --out s.23 --until 5 --micro-batch 40 --offload last3.jsonl
    same "shards_resume_is_bit_exact_$arm" s.5 s.23
done
for arm in fp32,shards=2 bf16-mixed,shards=5 bf16-weights,order=canonical,dropout=0.1,shards=2; do
    step --arm $arm --model base --out m.1 --steps 2 --micro-batch 1 first2.jsonl
    step --arm $arm --model base --out m.all --steps 2 --micro-batch 100000 first2.jsonl
    same "micro_batch_changes_no_bit_$arm" m.1 m.all
done
step --model base --out m.t3 --steps 2 --threads 3 first2.jsonl
step --model base --out m.all --steps 2 first2.jsonl
same threads_change_no_bit m.t3 m.all
step --arm fp32,shards=16 --model base --out m.s16 --steps 2 first2.jsonl
step --arm fp32,shards=99 --model base --out m.s99 --steps 2 first2.jsonl
for f in model optimizer; do # a mini-batch has two groups, which 16 shards keep apart as well as 99
    cmp -s m.s16/$f.safetensors m.s99/$f.safetensors || no empty_shards_are_skipped $f
done
cmp -s m.s16/model.safetensors m.all/model.safetensors && no empty_shards_are_skipped "nothing is cut"
ok empty_shards_are_skipped

# metrics: one record a step, counted from 0, and the same twice
"$BIN/dapo-step" $opts --json --model base --out m.x --steps 2 first2.jsonl >metrics.1
"$BIN/dapo-step" $opts --json --model base --out m.x --steps 2 first2.jsonl >metrics.2
same metrics_are_reproducible metrics.1 metrics.2
if [ "$(grep -o '^{"step":[0-9]*' metrics.1 | tr '\n' ' ')" = '{"step":0 {"step":1 ' ]; then ok metrics_per_step; else no metrics_per_step "$(cat metrics.1)"; fi
for f in reward_mean accuracy response_length_mean clip_low clip_high clip_dual approx_kl entropy grad_norm \
    groups_kept groups_dropped groups_surplus logp_gap_max changed_fraction updates skipped_updates tokens lr; do
    grep -q "\"$f\":" metrics.1 || no metrics_complete "$f is missing"
done
ok metrics_complete

# refusals: exit 2, and a message with both sides
refused() { # NAME TEXT OPTIONS...
    local name=$1 text=$2 rc=0
    shift 2
    "$BIN/dapo-step" $opts -o /dev/null "$@" 2>err.txt || rc=$?
    if [ $rc = 2 ] && grep -qF -- "$text" err.txt; then ok "$name"; else no "$name" "exit $rc: $(cat err.txt)"; fi
}
refused another_arm_is_refused 'this run has bf16: there master=fp32 and not bf16,' --arm bf16 --model fp32.2 --out x last3.jsonl
refused bf16_gradients_need_their_micro_batch 'micro_batch 4096, this run has 77' --arm bf16 --model bf16.2 --micro-batch 77 --out x last3.jsonl
refused another_number_of_shards_is_refused 'there shards=1 and not 8' --arm fp32,shards=8 --model fp32.2 --out x last3.jsonl
refused fewer_shards_are_refused 'there shards=16 and not 1' --model m.s16 --out x last3.jsonl
refused another_seed_is_refused 'seed 3, this run has 4' --seed 4 --model fp32.2 --out x last3.jsonl
refused another_rate_is_refused 'lr 0.001, this run has 0.002' --lr 2e-3 --model fp32.2 --out x last3.jsonl
refused nothing_left_is_an_error 'already at step 5' --model fp32.5 --out x --until 5 all.jsonl
mkdir other && echo precious >other/file
refused foreign_directory_is_not_replaced 'is no model directory' --model base --out other --steps 1 first2.jsonl
[ -f other/file ] || no foreign_directory_is_not_replaced "file gone"

# bad data: exit 3, record and field named, nothing written
bad() { # NAME TEXT FILE
    local rc=0
    step --model base --out bad --steps 2 "$3" 2>err.txt || rc=$?
    if [ $rc = 3 ] && grep -qF -- "$2" err.txt && [ ! -e bad ] && [ ! -e bad.tmp ]; then ok "$1"; else no "$1" "exit $rc: $(cat err.txt)"; fi
}
sed '5s/"reward":[-0-9]*/"reward":null/' first2.jsonl >b1
bad missing_reward_is_named 'record 5: reward' b1
sed '7s/"response_tokens":\[/&999,/' first2.jsonl >b2
bad foreign_token_is_named 'record 7: response_tokens: value 0 is 999' b2
head -n 30 first2.jsonl >b3
bad group_cut_short 'of the 4 samples of a group' b3
head -n 16 first2.jsonl >b4
bad input_ends_before_a_step 'ended before step 1' b4
step --model base --out k --steps 2 --keep kept.zst first2.jsonl
"$BIN/dapo-step" $opts -o /dev/null --model k --out x --steps 1 </dev/null 2>err.txt; rc=$?
[ $rc = 3 ] && ok empty_input || no empty_input "exit $rc: $(cat err.txt)"
head -c 900 kept.zst >cut.zst
bad cut_stream_is_noticed 'cut' cut.zst

# replay of what was kept; surplus and dropped groups are in it
{ gen -v SEED=5 -v STEPS=1 -v P=4 -v N=4 -v SAME=1; gen -v SEED=6 -v STEPS=1 -v P=8 -v N=4; } >mixed.jsonl
"$BIN/dapo-step" $opts --json --model base --out live --steps 1 --keep kept2.zst mixed.jsonl >live.json
"$BIN/dapo-step" $opts --json --model base --out replay --steps 1 kept2.zst >replay.json
same kept_rollouts_replay_to_the_same_bytes live replay
cmp -s live.json replay.json && grep -q '"groups_dropped":4' live.json && ok replay_decides_alike || no replay_decides_alike "$(cat live.json)"

# nothing to learn: no update, and it says so
gen -v SEED=7 -v STEPS=1 -v P=4 -v N=4 -v SAME=1 >same.jsonl
"$BIN/dapo-step" $opts --json --model base --out idle --steps 1 same.jsonl >idle.json
if grep -q '"groups_missing":4' idle.json && grep -q '"updates":0' idle.json && cmp -s base/model.safetensors idle/model.safetensors; then ok empty_batch_makes_no_update; else no empty_batch_makes_no_update "$(cat idle.json)"; fi
"$BIN/dapo-step" $opts --json --model base --out all --no-dynamic --steps 1 same.jsonl | grep -q '"groups_kept":4' && ok no_dynamic_keeps_all || no no_dynamic_keeps_all "groups lost"

# equal rewards that are not exact in binary: nothing to learn from
bad=
for x in 0.1 0.35 -1.1; do for n in 3 7 8; do
    gen -v SEED=8 -v STEPS=1 -v P=4 -v N=$n | sed "s/\"reward\":[-0-9]*/\"reward\":$x/" >equal.jsonl
    step --samples $n --weight-decay 0 --model base --out equal --steps 1 equal.jsonl && cmp -s base/model.safetensors equal/model.safetensors || bad="$bad ${n}x$x"
done; done
[ -z "$bad" ] && ok equal_rewards_move_no_weight || no equal_rewards_move_no_weight "moved:$bad"

# a write that fails leaves the old checkpoint, and no half one
cp -r k k.before
(trap '' XFSZ; ulimit -f 11; step --model base --out k --steps 2 first2.jsonl 2>err.txt); rc=$?
if [ $rc = 1 ] && grep -q 'k.*safetensors' err.txt && [ ! -e k.tmp ] && diff -r k k.before >/dev/null; then ok failed_write_leaves_the_old; else no failed_write_leaves_the_old "exit $rc: $(cat err.txt)"; fi
step --model base --out k --steps 2 first2.jsonl && step --model k --out k --steps 3 last3.jsonl
same in_place_is_the_same k fp32.5

# the FIFO: go, weights after each step, end
mkfifo f
cat f >sent & cat_pid=$!
step --model base --out fifo --steps 2 --sync f first2.jsonl
wait $cat_pid
same live_is_as_replayed fifo m.all
goes=$(LC_ALL=C grep -ao 'prompts' sent | wc -l); weights=$(LC_ALL=C grep -ao xxh64 sent | wc -l); ends=$(LC_ALL=C tail -c 9 sent)
[ "$goes,$weights,${ends#*type?}" = "2,2,end" ] && ok fifo_messages || no fifo_messages "$goes,$weights,$ends"
cat f >/dev/null & cat_pid=$!
"$BIN/dapo-step" $opts -o /dev/null --model base --out x --steps 3 --sync f first2.jsonl 2>err.txt; rc=$?
wait $cat_pid
[ $rc = 3 ] && ok live_input_must_not_end || no live_input_must_not_end "exit $rc: $(cat err.txt)"

began=$SECONDS
: | "$BIN/dapo-step" $opts -o /dev/null --model base --out x --steps 1 --sync f 2>err.txt; rc=$?
if [ $rc = 1 ] && grep -q 'no sampler opened it' err.txt && [ $((SECONDS - began)) -lt 20 ]; then ok dead_sampler_is_noticed; else no dead_sampler_is_noticed "exit $rc: $(cat err.txt)"; fi

# what a killed run left is cleared
mkdir left.tmp && echo junk >left.tmp/model.safetensors
step --model base --out left --steps 2 first2.jsonl
[ ! -e left.tmp ] && same leftovers_are_cleared left m.all || no leftovers_are_cleared "$(ls left.tmp)"
# also of a run that was killed after its checkpoint was in place
mkdir left.tmp && echo junk >left.tmp/model.safetensors
refused a_run_that_is_done_leaves_none 'already at step 2' --model left --out left --until 2 last3.jsonl
[ ! -e left.tmp ] || no a_run_that_is_done_leaves_none "$(ls left.tmp)"

# the place of one that runs: a second process is refused, and harms nothing
mkfifo slow
step --model base --out both --steps 2 slow 2>first.txt & first=$!
exec 9>slow
for i in $(seq 100); do [ -e both.tmp ] && break; sleep 0.05; done
for i in 1 2; do
    "$BIN/dapo-step" $opts -o /dev/null --model base --out both --steps 2 first2.jsonl 2>err.txt; rc=$?
    [ $rc = 1 ] && [ "$(wc -l <err.txt)" = 1 ] && grep -q 'both: another process is writing it' err.txt || no two_at_once_are_refused "exit $rc: $(cat err.txt)"
done
cat first2.jsonl >&9
exec 9>&-
wait $first; rc=$?
[ $rc = 0 ] && [ ! -e both.tmp ] && same two_at_once_are_refused both m.all || no two_at_once_are_refused "the first: exit $rc: $(cat first.txt)"
"$BIN/dapo-step" $opts --json --lr-warmup 4 --tis 2 --epochs 2 --timing time.jsonl --model base --out w --steps 2 first2.jsonl >w.json
if [ "$(grep -o '"lr":[0-9.]*' w.json | tr '\n' ' ')" = '"lr":0.00025 "lr":0.0005 ' ]; then ok warmup_and_epochs; else no warmup_and_epochs "$(cat w.json)"; fi
grep -q '"updates":4' w.json && ok epochs_make_updates || no epochs_make_updates "$(cat w.json)"
[ "$(grep -c '"train_s":' time.jsonl)" = 2 ] && ok timing_is_apart || no timing_is_apart "$(cat time.jsonl)"
"$BIN/dapo-step" $opts --plan --model base | grep -q '^parameters  *[0-9]' && ok plan || no plan "no parameters line"
