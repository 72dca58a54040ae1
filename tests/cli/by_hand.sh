#!/bin/bash
# by_hand - rows as people write them: integers where text is meant, a stage
# left out, gzipped files
set -u
M=tests/golden/model/tied
tok="$BIN/tokenize --quiet --tokenizer data/tokenizer/tiny"
. tests/lib.sh hand
says() { # NAME MESSAGE COMMAND...: exit status 3, one line
    local name=$1 want=$2 rc=0
    shift 2
    "$@" >/dev/null 2>"$T/err" || rc=$?
    is "$name" "3 $want" "$rc $(cat "$T/err")"
}
show() { "$BIN/show" "$@"; }
rollout() { "$BIN/rollout" --quiet --device cpu --model $M --max-new 4 --seed 1 "$@"; }

# an integer is its decimal text, from both formats
row='{"id":7,"task":2024,"prompt":"1+1=","answer":2,"response":"\\boxed{2}"'
echo "$row}" | "$BIN/stats" --tag -o "$T/row.msgpack"
for f in json msgpack; do
    input() { if [ $f = json ]; then echo "$row}"; else cat "$T/row.msgpack"; fi; }
    is tokenize_$f '7 [49,43,49,61]' "$(input | $tok --json | show --field id --field prompt_tokens | tr '\t' ' ')"
    is reward_$f 'true 2' "$(input | "$BIN/reward" --json | show --field correct --field answer | tr '\t' ' ')"
    is score_$f '2024 1.0' "$(input | "$BIN/reward" | "$BIN/stats" --score --json | show --field task --field j | tr '\t' ' ')"
    is explain_$f 'record    7' "$(input | "$BIN/reward" --explain | head -n 1)"
done
is a_negative_answer true "$(echo '{"answer":-3,"response":"\\boxed{-3}"}' | "$BIN/reward" --json | show --field correct)"
is the_samples_of_7_are_those_of_its_text \
    "$(echo '{"id":"7","prompt_tokens":[1,2]}' | rollout --json | show --field response_tokens)" \
    "$(echo '{"id":7,"prompt_tokens":[1,2]}' | rollout --json | show --field response_tokens)"
says a_float_has_no_one_text 'reward: stdin: record 1: answer: found float, expected str or int' \
    "$BIN/reward" <<<'{"id":"x","answer":0.50,"response":"1"}'
says a_float_is_no_id 'tokenize: stdin: record 1: id: found float, expected str or int' \
    $tok <<<'{"id":1.0,"prompt":"1"}'
says a_number_is_no_prompt 'tokenize: stdin: record 1: prompt: found int, expected str' \
    $tok <<<'{"id":1,"prompt":1}'

# what is missing says who writes it
p='{"id":"x","task":"t","answer":"1"'
says prompt_tokens 'rollout: stdin: record 1: prompt_tokens is missing: run tokenize' \
    rollout <<<"$p}"
says response 'reward: stdin: record 1: response is missing: run tokenize --decode' \
    "$BIN/reward" --quiet <<<"$p}"
says response_tokens 'tokenize: stdin: record 1: response_tokens is missing: run rollout' \
    $tok --decode <<<"$p}"
says length 'reward: stdin: record 1: response_tokens is missing: run rollout (--overlong-buffer needs the length)' \
    "$BIN/reward" --quiet --overlong-buffer 2 <<<"$p,\"response\":\"1\"}"
says logprobs 'kl: stdin: record 1: logprobs.policy is missing: run logprob' \
    "$BIN/kl" --quiet <<<"$p,\"response_tokens\":[1]}"
says correct 'stats: stdin: record 1: correct is missing: run reward' \
    "$BIN/stats" --score <<<"$p}"
says kl 'stats: stdin: record 1: kl.sequence is missing: run kl' \
    "$BIN/stats" --kl-score <<<"$p,\"response_tokens\":[1]}"
says task 'stats: stdin: record 1: task is missing: run stats --tag --set task=NAME' \
    "$BIN/stats" --score <<<'{"id":"x","correct":true}'
says train_response_tokens 'dapo-step: stdin: record 1: response_tokens is missing: run rollout' \
    "$BIN/dapo-step" --quiet --off-policy --device cpu --model $M --out "$T/c" --prompts 1 --mini-batch 1 --samples 1 \
    <<<"$p,\"sample\":0,\"prompt_tokens\":[1]}"
says scored_tokens 'logprob: stdin: record 1: response_tokens is missing: run rollout' \
    "$BIN/logprob" --quiet --device cpu --model $M --as m <<<"$p,\"prompt_tokens\":[1]}"
says id_comes_with_the_row 'tokenize: stdin: record 1: id is missing' $tok <<<'{"prompt":"1"}'

# gzip wherever zstd is, by its bytes, members and formats one after the other
for i in 1 2 3 4; do echo "{\"id\":\"p$i\",\"prompt\":\"$i\",\"answer\":\"$i\"}"; done >"$T/p.jsonl"
$tok -o "$T/p.zst" "$T/p.jsonl"
$tok -o "$T/p.msgpack" "$T/p.jsonl"
gzip -c "$T/p.jsonl" >"$T/jsonl.gz"
gzip -c "$T/p.msgpack" >"$T/named.zst"
is rows_in_gzip "$(show --json "$T/p.zst")" "$($tok "$T/jsonl.gz" | show --json)"
is named_zst "$(show --json "$T/p.zst")" "$(show --json "$T/named.zst")"
echo '{"id":"x","prompt_tokens":[1,2]}' | gzip >"$T/tokens"
is rollout_reads_gzip "$(gzip -dc "$T/tokens" | rollout --json)" "$(rollout --json "$T/tokens")"
is stdin 4 "$(show --count <"$T/named.zst")"
is members 4 "$(cat <(head -c 99 "$T/p.msgpack" | gzip) <(tail -c +100 "$T/p.msgpack" | gzip -9) | show --count)"
is mixed 16 "$(cat "$T/p.zst" "$T/named.zst" "$T/p.msgpack" "$T/jsonl.gz" | show --count)"
is trickle 4 "$( (head -c 30 "$T/named.zst"; sleep 0.1; tail -c +31 "$T/named.zst") | show --count)"
is python 4 "$(python3 -c 'import gzip,sys; sys.stdout.buffer.write(gzip.compress(open(sys.argv[1],"rb").read()))' "$T/p.msgpack" | show --count)"
size=$(stat -c %s "$T/named.zst")
says cut "show: $T/cut: truncated: 4 records read, then it stops inside the next one" \
    bash -c "head -c $((size - 20)) '$T/named.zst' >'$T/cut'; '$BIN/show' --field id '$T/cut'"
says cut_rows "show: $T/cut: truncated: 4 records read, then it stops inside compressed data" \
    bash -c "head -c -1 '$T/jsonl.gz' >'$T/cut'; '$BIN/show' --field id '$T/cut'"
says damaged "show: $T/bad: damaged gzip data: incorrect data check" \
    bash -c "{ head -c $((size - 8)) '$T/named.zst'; printf '\1\2\3\4'; tail -c 4 '$T/named.zst'; } >'$T/bad'; '$BIN/show' --count '$T/bad'"
