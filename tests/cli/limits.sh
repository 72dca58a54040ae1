#!/bin/bash
# limits - one limit of the temperature in every program, end tokens inside the
# vocabulary, and what --arm knows
set -u
M=tests/golden/model/tied
p='{"id":"a","prompt_tokens":[1,2]}'
. tests/lib.sh limits
misuse() { # NAME TEXT COMMAND...: exit status 2 before anything is read
    local name=$1 want=$2 rc=0
    shift 2
    "$@" >"$T/out" 2>"$T/err" </dev/null || rc=$?
    is "$name" "2 1" "$rc $(head -n 1 "$T/err" | grep -cF -- "$want")"
}
rollout() { "$BIN/rollout" --quiet --device cpu --model $M --max-new 5 --json "$@"; }
logprob() { "$BIN/logprob" --quiet --device cpu --model $M "$@"; }
train() { "$BIN/dapo-step" --quiet --device cpu --model $M --out "$T/c" "$@"; }

range='from 1e-06 to 1000'
for t in 1e-39 1e-46 1e-400 9.9e-7 -1 1001 1e39 nan inf; do
    misuse rollout_$t "--temperature: '$t' is not 0 or a number $range" rollout --temperature $t
    misuse logprob_$t "--temperature: '$t' is not 0 or a number $range" logprob --as x --temperature $t
    misuse train_$t "--temperature: '$t' is not a number $range" train --temperature $t
done
misuse train_0 "--temperature: '0' is not a number $range" train --temperature 0
for t in 0 1e-6 1000; do
    rollout --temperature $t <<<"$p" >"$T/r" 2>"$T/err"
    is rollout_at_$t "0 " "$? $(cat "$T/err")"
    logprob --check-rollout --temperature $t "$T/r" -o /dev/null 2>"$T/err"
    is logprob_at_$t "0 logprob: 5 tokens checked, largest gap 0" "$? $(cat "$T/err")"
done

misuse eos_beyond '--eos: token 9999 is outside the model'"'"'s vocabulary of 48' rollout --eos 9999
misuse eos_just_beyond '--eos: token 48 is outside' rollout --eos 1,48
"$BIN/pretrain" --quiet --steps 0 --tokenizer data/tokenizer/tiny --hidden 16 --layers 1 \
    --heads 2 --kv-heads 1 --ffn 24 --max-pos 32 -o "$T/base"
misuse eos_of_64_bits "--eos: no token is '4294967297'" \
    "$BIN/rollout" --model "$T/base" --eos 4294967297
rollout --eos 47 <<<"$p" >/dev/null 2>"$T/err"
is eos_the_last "0 " "$? $(cat "$T/err")"
mkdir "$T/m"
cp $M/config.json $M/model.safetensors "$T/m"
chmod u+w "$T/m/config.json"
python3 -c '
import json, sys
c = json.load(open(sys.argv[1]))
c["eos_token_id"] = None
json.dump(c, open(sys.argv[1], "w"))' "$T/m/config.json"
for _ in 1 2 3; do echo "$p"; done |
    "$BIN/rollout" --quiet --device cpu --model "$T/m" --samples 2 --max-new 5 --json >"$T/out" 2>"$T/err"
is no_end_token_is_said_once \
    "6 rollout: the model has no end token: every response runs to --max-new (--eos names end tokens)" \
    "$(grep -c '"finish_reason":"length"' "$T/out") $(cat "$T/err")"

for c in "rollout --arm help" "logprob --arm help" "logprob --against-arm help" \
    "dapo-step --arm help" "pretrain --arm help" "dapo-step --steps 3 --arm=help"; do
    "$BIN/"$c >"$T/out" 2>"$T/err" </dev/null
    rc=$?
    for w in fp32 bf16 bf16-weights bf16-mixed verl bf16-sr llmc-sr bf16-kahan areal fp16-mixed \
        master= compute= grads= adam= step= head= rollout= rounding= kahan= order= dropout= prefixes= shards=; do
        grep -qE "^  $w *[a-zP0-9]" "$T/out" || echo "$w is not there" >>"$T/err"
    done
    is "$c" "0 " "$rc $(cat "$T/err")"
done
