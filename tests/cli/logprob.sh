# logprob - columns, KL, the check against the sampler, what is refused
set -u
M=tests/golden/model/tied
N=tests/golden/model/untied
. tests/lib.sh
lp() { "$BIN/logprob" --quiet --device cpu "$@"; }
for i in 1 2 3 4 5; do echo "{\"id\":\"p$i\",\"prompt_tokens\":[$i,7,$((i * 3))]}"; done |
    "$BIN/rollout" --quiet --device cpu --model $M --samples 4 --max-new 20 --temperature 0.7 -o "$T/r.msgpack"

lp --model $M --as me --temperature 0.7 --json "$T/r.msgpack" >"$T/a.json"
# logprobs.me is response_logprobs, digit by digit
check 'the sampler'"'"'s values again' diff \
    <(sed 's/.*"response_logprobs":\(\[[^]]*\]\).*/\1/' "$T/a.json") \
    <(sed 's/.*"me":\(\[[^]]*\]\).*/\1/' "$T/a.json")
lp --model $M --check-rollout --temperature 0.7 "$T/r.msgpack" >"$T/x" 2>"$T/gap"
check '--check-rollout says the gap' grep -q "tokens checked, largest gap 0$" "$T/gap"
check '--check-rollout alone changes no record' diff <("$BIN/logprob" --quiet --model $M --check-rollout --temperature 0.7 --json "$T/r.msgpack" 2>/dev/null) <(sed 's/,"logprobs":{[^}]*}//' "$T/a.json")
fails 'another temperature is found out' 3 'response_logprobs differ' lp --model $M --check-rollout --temperature 1 "$T/r.msgpack"
fails 'another model is found out' 3 'response_logprobs differ' lp --model $N --check-rollout --temperature 0.7 "$T/r.msgpack"
lp --model $M --as m --against $N --as-against n -o "$T/kl.msgpack" "$T/r.msgpack"
for b in 1 3; do for m in 1 100; do
    lp --model $M --as m --against $N --as-against n --batch $b --micro-batch $m --threads 2 -o "$T/kl2.msgpack" "$T/r.msgpack"
    cmp -s "$T/kl.msgpack" "$T/kl2.msgpack" || echo $b >>"$T/diff"
done; done
check 'batch, micro-batch and threads change nothing' test ! -e "$T/diff"
lp --model $M --against $M --json "$T/r.msgpack" >"$T/self.json"
check 'KL to itself is 0 at every token' test "$(grep -o '"kl_exact":[^]]*' "$T/self.json" | tr -d '"kl_exact:[0.,\n')" = ''
check 'KL to another model is there, one a token' test "$("$BIN/logprob" --quiet --model $M --against $N --json "$T/r.msgpack" | grep -c '"kl_exact":\[[0-9]')" = 20
lp --model $M --against $M --against-arm bf16-mixed --json "$T/r.msgpack" >"$T/floor.json"
check 'the noise floor of bf16 is not 0' grep -q '"kl_exact":\[[^]]*[1-9]' "$T/floor.json"
lp --model $M --as f --json "$T/kl.msgpack" >"$T/f.json"
check 'other columns stay' grep -q '"logprobs":{"m":.*"n":.*"f":' "$T/f.json"
echo '{"id":"a","prompt_tokens":[1,2],"response_tokens":[]}' | lp --model $M --as m --json >"$T/e.json"
check 'an empty response has no log-probabilities' grep -q '"m":\[\]' "$T/e.json"
mkfifo "$T/in"
lp --model $M --as m --json <"$T/in" >"$T/live.json" & pid=$!
exec 7>"$T/in"; echo '{"id":"a","prompt_tokens":[1,2],"response_tokens":[3]}' >&7
for _ in $(seq 100); do [ -s "$T/live.json" ] && break; sleep 0.05; done
check 'no record is held back while input is awaited' test -s "$T/live.json"
exec 7>&-; wait $pid

fails 'nothing to do' 2 'nothing to do' lp --model $M
fails '--as-against alone' 2 'needs --against' lp --model $M --as m --as-against n
echo '{"id":"a","prompt_tokens":[1,2]}' >"$T/bad.jsonl"
fails 'no response_tokens' 3 'response_tokens' lp --model $M --as m "$T/bad.jsonl"
echo '{"id":"a","prompt_tokens":[],"response_tokens":[1]}' >"$T/bad.jsonl"
fails 'an empty prompt' 3 'prompt_tokens is empty' lp --model $M --as m "$T/bad.jsonl"
echo '{"id":"a","prompt_tokens":[1],"response_tokens":[-1]}' >"$T/bad.jsonl"
fails 'a token outside the vocabulary' 3 'response_tokens: -1 at position 0' lp --model $M --as m "$T/bad.jsonl"
head -c 400 "$T/r.msgpack" >"$T/cut.msgpack"
fails 'a cut stream' 3 'cut.msgpack' lp --model $M --as m "$T/cut.msgpack"
