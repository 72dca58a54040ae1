# dapo-step on kept rollouts: what a run learnt from replays to its bytes, and
# whatever was done to the records since is refused by record and field
set -u -o pipefail
. tests/lib.sh replay
root=$PWD
cd "$T"
. "$root/tests/cli/sums.bash"
P=4 N=4
opts="--seed 5 --prompts $P --mini-batch 2 --samples $N --lr 1e-3 --threads 1 --device cpu --quiet"
loop() { # ARM MODEL OUT STEPS DRAW_OPTIONS
    rm -f fifo; mkfifo fifo
    "$BIN/draw" --quiet --resume "$2" --seed 5 $5 tokens |
        "$BIN/rollout" --quiet --device cpu --model "$2" --arm $1 --seed 5 --sync fifo --samples $N --temperature 1 --max-new 8 --threads 1 |
        "$BIN/tokenize" --quiet --decode --tokenizer "$2" | "$BIN/reward" --quiet --max-len 8 |
        "$BIN/dapo-step" $opts --arm $1 --model "$2" --sync fifo --steps "$4" --keep "$3.zst" --out "$3" --json -o "$3.json"
}
replay() { # MODEL OUT STEPS FILE OPTIONS...
    local m=$1 out=$2 n=$3 in=$4
    shift 4
    "$BIN/dapo-step" $opts --arm "${arm:-fp32}" --model "$m" --steps $n --out "$out" --json -o "$out.json" "$@" $in
}

# --- what must work ---
for arm in fp32 bf16; do
    loop $arm base $arm.live 3 "--per-step $P" && loop $arm base $arm.a 1 "" && loop $arm $arm.a $arm.b 2 "" || no loop failed
    bad=
    "$BIN/show" --json $arm.live.zst >lines
    replay base r 3 $arm.live.zst --keep again.zst || bad="$bad replay"
    diff -r $arm.live r >/dev/null && cmp -s $arm.live.json r.json && "$BIN/show" --json again.zst | cmp -s - lines || bad="$bad whole"
    replay base ra 1 $arm.live.zst && replay $arm.a rb 2 $arm.b.zst || bad="$bad chunks"
    diff -r $arm.a ra >/dev/null && diff -r $arm.live rb >/dev/null || bad="$bad chunks"
    replay base r 3 "$arm.a.zst $arm.b.zst" && diff -r $arm.live r >/dev/null || bad="$bad two_files"
    cat $arm.a.zst $arm.b.zst >cat.zst
    replay base r 3 cat.zst && diff -r $arm.live r >/dev/null || bad="$bad concatenated"
    replay base r 3 lines && diff -r $arm.live r >/dev/null || bad="$bad lines"
    # a record without what the trainer does not read
    "$BIN/show" --json $arm.live.zst | sed -E 's/"(response|extracted_answer)":"[^"]*",//; s/,"advantage":[^,}]*//' >fewer
    replay base r 3 fewer && diff -r $arm.live r >/dev/null || bad="$bad fewer_fields"
    [ -z "$bad" ] && ok "gives_the_live_bytes_$arm" || no "gives_the_live_bytes_$arm" "$bad"
done
arm=fp32
# advantages of what was trained on, and only of that
"$BIN/show" --json fp32.live.zst >all
awk -v n=$N 'function num(f) { if (!match($0, "\"" f "\":[-+0-9.e]*")) return "none"; return substr($0, RSTART + length(f) + 3, RLENGTH - length(f) - 3) }
    { r[NR % n] = num("reward"); a[NR % n] = num("advantage"); c += /"correct":true/ }
    NR % n == 0 { s = 0; for (i = 0; i < n; i++) s += r[i]; m = s / n; v = 0
        for (i = 0; i < n; i++) v += (r[i] - m) ^ 2; v = sqrt(v / (n - 1)) + 1e-6
        for (i = 0; i < n; i++) if (a[i] == "none") { absent++; mixed += c % n != 0 } else { there++; d = a[i] - (r[i] - m) / v; if (d * d > 1e-20) bad++ }
        c = 0 }
    END { exit !(there > 0 && !bad && absent > 0 && (there + absent) == NR) }' all && ok advantages_are_kept ||
    no advantages_are_kept "$(cut -c1-200 all | head -n 3)"
kept=$(sed 's/.*"groups_kept":\([0-9]*\).*/\1/' fp32.live.json | awk '{ s += $1 } END { print s }')
[ "$(grep -c '"advantage":' all)" = $((kept * N)) ] && ok advantages_of_kept_groups_alone ||
    no advantages_of_kept_groups_alone "$(grep -c '"advantage":' all) of $kept groups"

# a prompt that the sampler leaves out: trained on, counted, resumed after it, replayed
"$BIN/show" --json tokens | sed '5,7s/"prompt_tokens":\[[^]]*/&,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9/' >long
rm -f fifo; mkfifo fifo
"$BIN/draw" --quiet --resume base --seed 5 long |
    "$BIN/rollout" --quiet --skip-bad 99 --device cpu --model base --seed 5 --sync fifo --samples $N --temperature 1 --max-new 8 --threads 1 2>/dev/null |
    "$BIN/tokenize" --quiet --decode --tokenizer base | "$BIN/reward" --quiet --max-len 8 |
    "$BIN/dapo-step" $opts --model base --sync fifo --steps 3 --keep gaps.zst --out gaps --json -o gaps.json 2>err
rc=$?
last=$("$BIN/show" --json gaps.zst | tail -n 1 | sed 's/.*"position":\([0-9]*\).*/\1/')
[ $rc = 0 ] && grep -q '"prompts_skipped":[1-9]' gaps.json && grep -q 'warning: gaps: step [0-9]: [1-9][0-9]* prompts* never came' err &&
    grep -q "\"cursor\": $((last + 1))," gaps/trainer_state.json && replay base r 3 gaps.zst 2>err && diff -r gaps r >/dev/null && cmp -s gaps.json r.json && ok prompts_left_out ||
    no prompts_left_out "exit $rc: $(head -c 300 err); $last; $(grep cursor gaps/trainer_state.json)"
"$BIN/show" --json gaps.zst | sed -E 's/,"skipped":[0-9]+//' >x
replay base bad 3 x 2>err; rc=$?
[ $rc = 3 ] && grep -q 'position: found' err && ok a_gap_that_was_not_there || no a_gap_that_was_not_there "exit $rc: $(cat err)"

# --- what must be refused: exit 3, record, field, found and expected; nothing written ---
refuse() { # NAME TEXT [OPTIONS...]: of the file x
    local name=$1 text=$2 rc=0
    shift 2
    replay base bad 3 x "$@" 2>err || rc=$?
    if [ $rc = 3 ] && grep -qE -- "^dapo-step: $text" err && [ ! -e bad ] && [ ! -e bad.json ]; then ok "$name"
    else no "$name" "exit $rc: $(head -c 300 err)"; fi
    rm -rf bad bad.json
}
group() { sed -n "$((($1 - 1) * N + 1)),$(($1 * N))p" all; } # group 1, 2, ...
total=$(($(wc -l <all) / N))
first=$(($(grep -c '"step":0,' all) / N)) # groups of step 0
from() { for g in "$@"; do group $g; done; }
rest() { for g in $(seq "$1" $total); do group $g; done; }
at=$((N + 1))
{ group 1; rest 3; } >x; refuse a_group_dropped "x: record $at: position: found 2, expected 1"
rest 2 >x; refuse the_first_group_dropped "x: record 1: position: found 1, expected 0"
{ for g in $(seq 1 $((first - 1))); do group $g; done; rest $((first + 1)); } >x
refuse the_last_group_of_a_step_dropped "x: record $(((first - 1) * N + 1)): step: found 1, expected 0, which has $((first - 1)) groups"
for g in $(seq 1 $((total - 1))); do group $g; done >x
refuse the_last_group_dropped "x: the input ended in step 2 after [0-9]* of the [0-9]* groups that its sampler made"
{ group 1; rest 1; } >x; refuse a_group_doubled "x: record $at: position: found 0, expected 1"
{ rest 1; group $total; } >x; refuse the_last_group_doubled "x: record $((total * N + 1)): step: found 2 again, expected 3"
{ group 1; group 1 | sed 's/"position":0/"position":1/'; rest 3; } >x
refuse a_group_doubled_under_a_new_position "x: record $at: id: found .* in epoch 0 a second time"
{ from 2 1; rest 3; } >x; refuse groups_swapped "x: record 1: position: found 1, expected 0"
{ from 1 $((first + 1)); rest 3; } >x; refuse a_group_of_another_step "x: record $at: step: found 1, expected 0"
{ group 1; group $((first + 1)) | sed 's/"step":1/"step":0/; s/"position":[0-9]*/"position":1/'; rest 3; } >x
refuse a_group_of_another_policy "x: record $at: policy: sampled from [0-9a-f]*, the weights here are [0-9a-f]*"
grep -v '"step":1,' all >x; refuse a_step_dropped "x: record $((first * N + 1)): step: found 2, expected 1"
{ from 1; sed -n "$((first * N + 1)),\$p" all; } >x
refuse most_of_a_step_dropped "x: record $at: step: found 1, expected 0, which has 1 groups so far of the [0-9]*"
sed '6s/"position":1/"position":7/' all >x; refuse a_sample_of_another_position "x: record 6: position: found 7, expected 1 as the group"
sed '5,$s/"position":[0-9]*,//' all >x; refuse a_position_missing "x: record $at: position: found none, expected 1"
sed '6s/"epoch":0/"epoch":1/' all >x; refuse a_sample_of_another_epoch "x: record 6: epoch: found 1, expected 0"
sed '6s/"sample":1/"sample":0/' all >x; refuse a_sample_twice "x: record 6: sample: found 0, expected 1"
{ sed -n 1,2p all; sed -n 2,2p all; sed '1,2d' all; } >x; refuse a_record_twice "x: record 3: sample: found 1, expected 2"
sed 6d all >x; refuse a_record_dropped "x: record 6: sample: found 2, expected 1"
sed -E '6s/"prompt_tokens":\[[0-9]+,/"prompt_tokens":[9,/' all >x; refuse a_prompt_unlike_its_group "x: record 6: prompt_tokens: value 0 is 9, expected [0-9]+ as the group's first"
sed -E '6s/"prompt_tokens":\[/"prompt_tokens":[9,/' all >x; refuse a_prompt_longer_than_its_group "x: record 6: prompt_tokens: found [0-9]+ values, expected [0-9]+"
sed -E '6s/"prompt":"[^"]*"/"prompt":"8-8="/' all >x; refuse a_prompt_text_unlike_its_group "x: record 6: prompt: found 8-8=, expected"
sed -E '6s/"reward":[-0-9.]*/"reward":1e308/' all >x; refuse a_reward_out_of_range "x: record 6: reward: found 1e\+308, expected -1e\+30 to 1e\+30"
sed -E '6s/"reward":[-0-9.]*/"reward":1e999/' all >x; refuse an_infinite_reward "x: .*"
sed -E '6s/,"policy":"[^"]*"//' all >x; refuse a_policy_missing "x: record 6: policy: found none, expected [0-9a-f]{32}"
sed -E '6s/("policy":"[^"]*)"/\1\\u0000"/' all >x; refuse a_policy_with_more_behind "x: record 6: policy: sampled from"
sed -E '6s/"policy":"[^"]*"/"policy":"0"/' all >x; refuse another_policy "x: record 6: policy: sampled from 0,"
sed -E '6s/"seed":[0-9]*/"seed":3/' all >x; refuse another_sampler_in_a_step "x: record 6: seed: found 3, expected"
edit() { # RECORD DELTA: of the first log-probability
    awk -v n="$1" -v d="$2" 'NR == n { match($0, /"response_logprobs":\[[^],]*/); v = substr($0, RSTART + 21, RLENGTH - 21)
        $0 = substr($0, 1, RSTART + 20) sprintf("%.9g", v + d) substr($0, RSTART + RLENGTH) } { print }' all
}
one=$(grep -n '"advantage":' all | head -n 1 | cut -d: -f1) # of a group trained on
sed -E "$one,$((one + N - 1))s/\"prompt_tokens\":\[[0-9]+,/\"prompt_tokens\":[9,/" all >x
refuse another_prompt_of_a_whole_group "x: record [0-9]*: response_logprobs: value 0 is [-0-9.e]*, expected"
edit $one -5 >x; refuse a_log_probability_off_by_5 "x: record $one: response_logprobs: value 0 is -[0-9.]*, expected -[0-9.e]* \(\+- 0\)"
edit $one -1e-5 >x; refuse a_log_probability_off_by_little "x: record $one: response_logprobs: value 0 is"
other=$(grep -vn '"advantage":' all | head -n 1 | cut -d: -f1) # of a group that was dropped
edit $other -5 >x; refuse a_log_probability_of_a_dropped_group "x: record $other: response_logprobs: value 0 is"
sed -E "$other s/\"response_tokens\":\[[0-9]+/\"response_tokens\":[9/" all >x; refuse another_token_of_a_dropped_group "x: record $other: response_logprobs"
sed '1,4s/"epoch":0/"epoch":1/' all >x; refuse an_epoch_that_goes_back "x: record 5: epoch: found 0, expected 1 or more"
edit $one 50 >x; refuse a_log_probability_above_0 "x: record $one: response_logprobs: value 0 is [0-9.]*, expected a finite number up to 0"
last=$(grep -n '"advantage":' all | tail -n 1 | cut -d: -f1)
edit $last -1e-3 >x; refuse the_last_one_off "x: record $last: response_logprobs"
"$BIN/show" --json bf16.live.zst >all; one=$(grep -n '"advantage":' all | head -n 1 | cut -d: -f1)
edit $one -5 >x; arm=bf16 refuse off_by_5_in_a_shuffled_arm "x: record $one: response_logprobs: value 0 is -[0-9.]*, expected -[0-9.e]* \(\+- [1-9]"
"$BIN/show" --json fp32.live.zst >all
cat fp32.live.zst >x; refuse another_temperature "x: record [0-9]*: response_logprobs" --temperature 0.5
replay fp32.a bad 2 fp32.live.zst 2>err; rc=$?
[ $rc = 3 ] && grep -q 'step: found 0, expected 1' err && ok another_chunk || no another_chunk "exit $rc: $(cat err)"
# of the next chunk from a checkpoint that stands elsewhere
"$BIN/show" --json fp32.b.zst | sed 's/"position":\([0-9]*\)/"position":1\1/' >x
replay fp32.a bad 2 x 2>err; rc=$?
[ $rc = 3 ] && grep -q 'record 1: position: found 1[0-9]*, expected [0-9]*, the next prompt' err && ok positions_of_another_cursor || no positions_of_another_cursor "exit $rc: $(cat err)"

# --- rollouts of other weights, on request and said so ---
replay base off 3 all --off-policy && diff -r fp32.live off >/dev/null && [ "$(grep -c '"off_policy":true' off.json)" = 3 ] &&
    ! grep -q off_policy fp32.live.json && ok off_policy_is_said || no off_policy_is_said "$(cat off.json)"
{ rest 2 | sed -E 's/"policy":"[^"]*",//'; } >x
replay base off 3 x --off-policy && ok off_policy_takes_others || no off_policy_takes_others "refused"
sed -E '6s/"prompt_tokens":\[[0-9]+,/"prompt_tokens":[9,/' all >x; refuse off_policy_still_wants_one_prompt "x: record 6: prompt_tokens" --off-policy
sed -E '6s/"reward":[-0-9.]*/"reward":-1e308/' all >x; refuse off_policy_still_wants_a_reward "x: record 6: reward" --off-policy
