# dapo-step: a run that does not learn says so, --quiet or not
set -u -o pipefail
. tests/lib.sh health
root=$PWD
cd "$T"
. "$root/tests/cli/sums.bash"
P=8 N=8
loop() { # OUT STEPS OPTIONS...: stderr of dapo-step in err
    local out=$1 n=$2
    shift 2
    rm -f fifo; mkfifo fifo
    "$BIN/draw" --quiet --resume base --seed 5 tokens |
        "$BIN/rollout" --quiet --device cpu --model base --seed 5 --sync fifo --samples $N --max-new 8 --threads 1 |
        "$BIN/tokenize" --quiet --decode --tokenizer base | "$BIN/reward" --quiet --max-len 8 |
        "$BIN/dapo-step" --quiet --device cpu --seed 5 --prompts $P --mini-batch 4 --samples $N --threads 1 --model base \
            --sync fifo --steps "$n" --keep "$out.zst" --out "$out" --json -o "$out.json" "$@" 2>err
}
said() { # NAME STATUS LINES...: dapo-step's status and warnings are these patterns, one a line
    local name=$1 rc=$2 w n=0
    shift 2
    for w in "$@"; do
        grep -Eq "^dapo-step: warning: [a-z]*: $w" err || { no "$name" "no '$w' in: $(head -c 400 err)"; return; }
        n=$((n + 1))
    done
    if [ $rc = 0 ] && [ "$(wc -l <err)" = $n ]; then ok "$name"; else no "$name" "exit $rc: $(head -c 400 err)"; fi
}
loop good 16 --lr 2e-3; said a_run_that_learns_says_nothing $?
# a learning rate that ruins the policy: first it says what it always says, then nothing is mixed
loop ruined 6 --lr 1
said a_collapsed_policy_is_told $? 'step [0-9]*: the batch lacks [0-9] of 8 groups: of [0-9]* generated in 10 rounds, [0-9]* were all right or all wrong' \
    'step [0-9]*: the policy has collapsed: all samples of each prompt are the same, and 0 of [0-9]* are right' \
    '[0-9] of 6 batches lacked groups, [0-9]* of 48 in all' 'in [0-9] of 6 steps all samples of each prompt were the same' \
    'the policy has collapsed: in 6 steps accuracy went from 0.[0-9]* to 0.000, the share of mixed groups from'
grep -q '"groups_one_response":[1-9]' ruined.json && ok the_metrics_have_it || no the_metrics_have_it "$(tail -n 1 ruined.json)"

gen() { awk -f "$root/tests/golden/train/rollouts.awk" "$@"; }
step() { "$BIN/dapo-step" --quiet --device cpu --threads 1 --off-policy --prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 --model base --out x --json -o x.json "$@" 2>err; }
gen -v SEED=7 -v STEPS=2 -v P=4 -v N=4 -v SAME=1 >same.jsonl
step --steps 2 same.jsonl
said a_run_without_an_update_is_told $? 'step 0: the batch lacks 4 of 4 groups: of 4 generated in 1 round, 4 were all right or all wrong' \
    'no update was made in 2 steps: every group was dropped' '2 of 2 batches lacked groups, 8 of 8 in all'
gen -v SEED=7 -v STEPS=2 -v P=4 -v N=4 >some.jsonl
sed 's/"reward":[-0-9]*/"reward":0.1/' some.jsonl >equal.jsonl
step --steps 2 equal.jsonl
said a_run_without_an_advantage_is_told $? 'nothing was learnt in 2 steps: in every group all rewards are equal, every advantage is 0'
step --steps 2 --lr 0 some.jsonl
said a_run_that_changes_no_weight_is_told $? 'no weight changed in 2 steps: every update was less than a rounding of the master weights, or --lr is 0'
head -n 16 some.jsonl | sed 's/"step":0/"step":1/; /"id":"p[23]"/d' | cat <(head -n 16 some.jsonl) - >short.jsonl
step --steps 2 short.jsonl
said one_short_batch_is_told $? 'step 1: the batch lacks 2 of 4 groups: of 2 generated in 1 round, 0 were'
sed 's/"reward":1,/"reward":1e30,/; s/"reward":1}/"reward":1e30}/' some.jsonl >large.jsonl
step --steps 2 --no-std --arm fp16-mixed large.jsonl
said skipped_updates_alone_are_told $? 'no update was made in 2 steps: all [0-9]* were skipped, the norm of the gradient was not finite'
cat <(head -n 16 large.jsonl) <(tail -n 16 some.jsonl) >half.jsonl
step --steps 2 --no-std --arm fp16-mixed half.jsonl
said some_skips_of_loss_scaling_are_no_warning $?
[ "$(grep -o '"skipped_updates":[0-9]*' x.json | tr '\n' ' ')" = '"skipped_updates":2 "skipped_updates":0 ' ] && ok they_were_skipped || no they_were_skipped "$(cat x.json)"
# rewards that are others than those of the run that kept the rollouts
"$BIN/show" --json good.zst >kept
again() { "$BIN/dapo-step" --quiet --device cpu --seed 5 --prompts $P --mini-batch 4 --samples $N --threads 1 --model base --steps 1 --out x -o x.json --lr 2e-3 "$@" 2>err; }
again kept; said a_replay_of_the_same_rewards_says_nothing $?
at=$(grep -n '"advantage":' kept | head -n 1 | cut -d: -f1)
sed -E "$at s/\"reward\":[-0-9.]*/\"reward\":-3/" kept >edited
again edited; said other_rewards_than_before_are_told $? 'step 0: 1 group had other advantages when the rollouts were kept: other rewards, or other settings'
