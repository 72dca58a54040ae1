# rollout - samples, their order, their bits, what is refused
set -u
M=tests/golden/model/tied
. tests/lib.sh
for i in 1 2 3 4 5; do
    echo "{\"id\":\"p$i\",\"answer\":\"$i\",\"prompt_tokens\":[$i,7,$((i * 3))]}"
done >"$T/p.jsonl"
run() { "$BIN/rollout" --quiet --device cpu --model $M --samples 3 --max-new 12 --seed 4 "$@" "$T/p.jsonl"; }

run --json >"$T/a.json"
check 'three samples of each prompt, in order' \
    diff <(sed 's/.*"id":"\(p.\)".*"sample":\(.\).*/\1 \2/' "$T/a.json") \
    <(for i in 1 2 3 4 5; do for s in 0 1 2; do echo "p$i $s"; done; done)
check 'other fields pass through' test "$(grep -c '"answer":"4"' "$T/a.json")" = 3
run -o "$T/a.msgpack"
for b in 1 7 64; do for t in 1 2 3; do
    run --batch $b --threads $t -o "$T/b.msgpack"
    cmp -s "$T/a.msgpack" "$T/b.msgpack" || echo "batch $b threads $t" >>"$T/diff"
done; done
check 'batch 1, 7, 64 and threads 1, 2, 3: the same bytes' test ! -e "$T/diff"
# pages of 64 positions and 16 kB: from room for one sequence to room for all
for m in 16K 32K 50K 100K 1G; do for b in 2 64; do
    run --batch $b --kv-memory $m -o "$T/b.msgpack"
    cmp -s "$T/a.msgpack" "$T/b.msgpack" || echo "batch $b memory $m" >>"$T/diff"
done; done
check 'any --kv-memory: the same bytes' test ! -e "$T/diff"
fails 'a cache too small for one sequence says what to raise' 1 'raise --kv-memory' \
    run --kv-memory 16K --max-new 100
# one prompt alone gives what it gave among others
head -4 "$T/p.jsonl" | tail -1 | "$BIN/rollout" --quiet --device cpu --model $M --samples 3 --max-new 12 --seed 4 --json >"$T/alone.json"
check 'batch mates change nothing' diff "$T/alone.json" <(grep '"p4"' "$T/a.json")
(sleep 0.1; head -1 "$T/p.jsonl"; sleep 0.1; tail -4 "$T/p.jsonl") | run --json - >"$T/c.json" 2>"$T/err"
"$BIN/rollout" --quiet --device cpu --model $M --samples 3 --max-new 12 --seed 4 --json \
    < <(head -1 "$T/p.jsonl"; sleep 0.2; tail -4 "$T/p.jsonl") >"$T/c.json"
check 'prompts that come late change nothing' cmp "$T/a.json" "$T/c.json"
# a finished record is not held back while the input is idle
mkfifo "$T/in"
"$BIN/rollout" --quiet --device cpu --model $M --max-new 4 --json <"$T/in" >"$T/live.json" & pid=$!
exec 7>"$T/in"; head -1 "$T/p.jsonl" >&7
for _ in $(seq 100); do [ -s "$T/live.json" ] && break; sleep 0.05; done
check 'a sample is written while more prompts are awaited' test -s "$T/live.json"
exec 7>&-; wait $pid
run --seed 5 --json >"$T/d.json"
check 'another seed, other samples' test "$(grep -cxFf "$T/a.json" "$T/d.json")" = 0
run --step 3 --json >"$T/d.json"
check '--step is mixed in and set' test "$(grep -c '"step":3' "$T/d.json")" = 15
check '--step gives other samples' test "$(grep -o '"response_tokens":[^]]*' "$T/d.json" | grep -cxFf <(grep -o '"response_tokens":[^]]*' "$T/a.json"))" -lt 4
sed 's/"answer"/"epoch":1,"answer"/' "$T/p.jsonl" >"$T/e.jsonl"
"$BIN/rollout" --quiet --device cpu --model $M --samples 3 --max-new 12 --seed 4 --json "$T/e.jsonl" >"$T/d.json"
check 'a prompt drawn in another epoch gives others' test "$(grep -o '"response_tokens":[^]]*' "$T/d.json" | grep -cxFf <(grep -o '"response_tokens":[^]]*' "$T/a.json"))" -lt 4
run --temperature 0 --json >"$T/g.json"
check 'temperature 0: all samples alike' test "$(grep -o '"id":"p.*\|"response_tokens.*' "$T/g.json" | sed 's/.*"response_tokens/"response_tokens/' | sort -u | wc -l)" -le 5
run --eos 0,1,2,3,4,5,6,7 --json >"$T/d.json"
check '--eos replaces the end tokens' grep -q '"finish_reason":"stop"' "$T/d.json"
check '--plan computes from shapes alone' grep -q 'parameters  *10184$' <("$BIN/rollout" --model $M --plan)
check '--plan says what the cache holds' grep -q '^cache at most  *1048576 bytes: 4096 tokens of at most 99 ' <("$BIN/rollout" --model $M --plan --kv-memory 1M --batch 99)
for a in bf16 bf16-mixed bf16-sr bf16-kahan fp16-mixed bf16,order=canonical bf16-mixed,head=fp32; do
    run --arm $a -o "$T/x.msgpack" && "$BIN/logprob" --quiet --device cpu --model $M --arm $a --seed 4 --check-rollout -o "$T/y.msgpack" "$T/x.msgpack" 2>/dev/null || echo "$a" >>"$T/arms"
done
check 'the scorer gives the same bits in every arm' test ! -e "$T/arms"

# tasks in one run: each as if it were alone, header and all
for t in a:3:12:1:1 b:1:9:0.7:0.8 c:2:12:0:1; do
    IFS=: read -r name n new temp top <<<"$t"
    sed "s/{\"id\":\"/&$name/; s/}$/,\"task\":\"$name\"}/" "$T/p.jsonl" >"$T/$name.jsonl"
    "$BIN/rollout" --quiet --device cpu --model $M --seed 4 --samples "$n" --max-new "$new" --temperature "$temp" --top-p "$top" \
        --limit 4 -o "$T/apart.$name" "$T/$name.jsonl"
done
tasks=(--samples 3 --max-new 12 --task "a:limit=4" --task "b:samples=1,max-new=9,temperature=0.7,top-p=0.8,limit=4" --task "c:temperature=0,samples=2,limit=4")
for b in 1 3 64; do
    "$BIN/rollout" --quiet --device cpu --model $M --seed 4 --batch $b "${tasks[@]}" --split task -o "$T/together.{}" "$T"/[abc].jsonl
    for t in a b c; do cmp "$T/together.$t" "$T/apart.$t" >>"$T/apart" 2>&1; done
done
same=(--samples 3 --max-new 12 --task "a:samples=2" --task "b:max-new=9,limit=2")
"$BIN/rollout" --quiet --device cpu --model $M --seed 4 "${same[@]}" -o "$T/same.1" "$T"/[abc].jsonl
"$BIN/rollout" --quiet --device cpu --model $M --seed 4 "${same[@]}" --ranks 2 -o "$T/same.2" "$T"/[abc].jsonl
check '--task on two ranks: the same bytes' cmp "$T/same.1" "$T/same.2"
fails '--ranks draws in one way' 2 'task b: ranks draw all tasks at one temperature' run --ranks 2 --task b:top-p=0.5
check '--task and --split: the bytes of each task alone' test -e "$T/apart" -a ! -s "$T/apart"
"$BIN/rollout" --quiet --device cpu --model $M --seed 4 "${tasks[@]}" -o "$T/one.msgpack" "$T"/[abc].jsonl
"$BIN/tokenize" --quiet --decode --tokenizer data/tokenizer/tiny "$T/one.msgpack" -o "$T/decoded.{}.zst" --split task
"$BIN/tokenize" --quiet --decode --tokenizer data/tokenizer/tiny "$T/apart.b" -o "$T/b.zst"
check '--split after another program: the same' cmp "$T/decoded.b.zst" "$T/b.zst"
"$BIN/show" --header "$T/one.msgpack" >"$T/header"
check 'the header has what tasks have of their own' grep -q 'temperature="1" temperature.b="0.7" temperature.c="0" top_p="1" top_p.b="0.8" top_k="0" max_new="12" max_new.b="9" samples="3" samples.b="1" samples.c="2"' "$T/header"
check 'other tasks are sampled as --samples says' test "$(run "${tasks[@]:4}" --json | wc -l)" = 15
fails '--task without a value' 2 "found 'a', expected NAME:KEY=VALUE" run --task a
fails '--task with a typo' 2 "task b: unknown option '--sample=2'; did you mean '--samples'" run --task b:sample=2
fails '--task out of range' 2 "task b: --top-p: '2' is not a number from" run --task b:top-p=2
fails '--task twice' 2 'task: b comes twice' run --task b:samples=2 --task b:samples=3
fails '--split without a place for the value' 2 'expected a name with {}' run --split task -o "$T/z"
fails '--split by a field that is not there' 3 'task is missing' run --split task -o "$T/z.{}"
fails '--split by what is no name' 3 "answer: found '../x', expected letters" \
    "$BIN/rollout" --model $M --split answer -o "$T/z.{}" <<<'{"id":"a","prompt_tokens":[1],"answer":"../x"}'
check 'and nothing is left' test -z "$(ls "$T"/z* "$T"/.z* 2>/dev/null)"

# the trainer's word over a FIFO: two prompts for step 5, one more, the end
mkfifo "$T/fifo"
printf '\x81\xa4type\xa5hello\x83\xa4type\xa2go\xa4step\x05\xa7prompts\x02\x83\xa4type\xa2go\xa4step\x05\xa7prompts\x01\x81\xa4type\xa3end' >"$T/fifo" &
run --sync "$T/fifo" --json >"$T/sync.json" 2>"$T/err"
check '--sync does what it is told' test "$? $(grep -c '"step":5' "$T/sync.json") $(tail -1 "$T/sync.json" | grep -c '"p3"')" = '0 9 1'
wait
run --step 5 --json >"$T/step.json"
check '--step replays a step' diff <(head -9 "$T/step.json") "$T/sync.json"
printf '\x81\xa4type\xa5hello\x83\xa4type\xa2go\xa4step\x05\xa7prompts\x07\x81\xa4type\xa3end' >"$T/fifo" &
fails 'too few prompts for a step' 3 'ended 2 prompts before what step 5 asked for' run --sync "$T/fifo"
wait
printf '\x81\xa4type\xa5hello\x83\xa4type\xa2go\xa4step\x05\xa7prompts\x01' >"$T/fifo" &
fails 'a trainer that goes away' 3 'fifo' run --sync "$T/fifo"
wait
fails 'no model' 2 '--model DIR is needed' "$BIN/rollout"
fails 'no such model' 1 'config.json' "$BIN/rollout" --model "$T/none"
fails 'a name of the Hub' 1 'Hub: hf download Qwen/Qwen2.5-0.5B --local-dir DIR' "$BIN/rollout" --model Qwen/Qwen2.5-0.5B
mkdir -p "$T/lora" && touch "$T/lora/adapter_config.json"
fails 'an adapter' 3 'lora: a LoRA adapter; save the merged model' "$BIN/rollout" --model "$T/lora"
fails 'an unknown arm lists the known ones' 2 'bf16-mixed' "$BIN/rollout" --model $M --arm fp8
ULP_ISA=x86-64 fails 'order=hardware on a cpu without avx512_bf16' 2 'order=hardware' run --device cpu --arm fp32,order=hardware
echo '{"id":"a","prompt_tokens":[1,48]}' >"$T/bad.jsonl"
fails 'a token outside the vocabulary' 3 'record 1: prompt_tokens: 48 at position 1' "$BIN/rollout" --model $M "$T/bad.jsonl"
echo '{"id":"a","prompt_tokens":[]}' >"$T/bad.jsonl"
fails 'an empty prompt' 3 'prompt_tokens is empty' "$BIN/rollout" --model $M "$T/bad.jsonl"
echo '{"id":"a"}' >"$T/bad.jsonl"
fails 'no prompt_tokens' 3 'prompt_tokens' "$BIN/rollout" --model $M "$T/bad.jsonl"
fails 'a prompt beyond the context' 3 'context length of 512' "$BIN/rollout" --model $M --max-new 511 "$T/p.jsonl"
fails 'no prompts' 3 'no records' "$BIN/rollout" --model $M /dev/null
cat "$T/bad.jsonl" "$T/p.jsonl" | "$BIN/rollout" --quiet --model $M --max-new 12 --seed 4 --skip-bad 1 --json >"$T/s.json" 2>"$T/err"
check '--skip-bad leaves out and counts' test "$(wc -l <"$T/s.json") $(grep -c '1 bad record' "$T/err")" = '5 1'
mkdir "$T/nan"; cp $M/config.json "$T/nan/"
# the first embedding value becomes a NaN
n=$(od -An -tu4 -N4 $M/model.safetensors | tr -d ' ')
cp $M/model.safetensors "$T/nan/"; chmod u+w "$T/nan/model.safetensors"
for i in $(seq 0 2 94); do printf '\377\177'; done | dd of="$T/nan/model.safetensors" bs=1 seek=$((8 + n)) conv=notrunc status=none
fails 'NaN weights are an error, not text' 3 'tensor model.embed_tokens.weight: value 0 is nan' "$BIN/rollout" --quiet --model "$T/nan" "$T/p.jsonl"
# finite weights whose logits are not
for i in $(seq 0 2 94); do printf '\177\177'; done | dd of="$T/nan/model.safetensors" bs=1 seek=$((8 + n)) conv=notrunc status=none
fails 'so are weights whose logits overflow' 3 'non-finite logits at position' "$BIN/rollout" --quiet --model "$T/nan" "$T/p.jsonl"
sed 's/}$/,"response_tokens":[0,1]}/' "$T/p.jsonl" >"$T/r.jsonl"
fails 'in scoring too' 3 'record 1: logprobs.x: value 0 is -inf, expected a finite number' "$BIN/logprob" --quiet --model "$T/nan" --as x "$T/r.jsonl"
run -o /dev/full >/dev/null 2>"$T/err"
check 'a full disk is exit 1 and named' test "$? $(grep -c /dev/full "$T/err")" = '1 1'
true
