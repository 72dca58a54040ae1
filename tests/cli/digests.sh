# digests: a changed, lost or added file of a checkpoint or of a model that
# pretrain made is refused by every program that reads it, and named
set -u
. tests/lib.sh digests
root=$PWD
cd "$T"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done |
    "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 \
        --layers 2 --heads 2 --kv-heads 1 --ffn 24 --max-pos 32 --steps 3 --batch 4 \
        --lr 1e-2 --warmup 0 --threads 1 -o base || no base "pretrain failed"
echo '{"eos_token_id":[0]}' >gen.json
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=4 -v P=4 -v N=4 >all.jsonl
head -n 32 all.jsonl >first2.jsonl
tail -n +33 all.jsonl >last2.jsonl
opts="--off-policy --prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 --seed 3 --quiet --threads 1 -o metrics"
"$BIN/dapo-step" $opts --model base --out ckpt --steps 2 first2.jsonl || no ckpt "dapo-step failed"
echo '{"id":"a","prompt":"1+1=","answer":"2"}' >row.jsonl
echo '{"id":"a","prompt_tokens":[49,43,49,61]}' >tokens.jsonl
echo '{"id":"a","prompt_tokens":[49,43,49,61],"response_tokens":[50],"response":"2"}' >scored.jsonl

# Programs as PROGRAM OF MODEL; each writes to out*, which must not be there
# after a refusal.
run() { # PROGRAM MODEL
    case $1 in
    resume)   "$BIN/dapo-step" $opts --model "$2" --out out --until 4 last2.jsonl ;;
    start)    "$BIN/dapo-step" $opts --model "$2" --out out --steps 1 first2.jsonl ;;
    rollout)  "$BIN/rollout" --quiet --model "$2" --max-new 2 --threads 1 -o out tokens.jsonl ;;
    logprob)  "$BIN/logprob" --quiet --model "$2" --as x --threads 1 -o out scored.jsonl ;;
    against)  "$BIN/logprob" --quiet --model good --as x --against "$2" --as-against y --threads 1 -o out scored.jsonl ;;
    sparsity) "$BIN/sparsity" --threads 1 -o out good "$2" ;;
    before)   "$BIN/sparsity" --threads 1 -o out "$2" good ;;
    tokenize) "$BIN/tokenize" --quiet --tokenizer "$2" -o out row.jsonl ;;
    chat)     "$BIN/tokenize" --quiet --tokenizer "$2" --template chat -o out row.jsonl ;;
    decode)   "$BIN/tokenize" --quiet --decode --tokenizer "$2" -o out scored.jsonl ;;
    file)     "$BIN/tokenize" --quiet --tokenizer "$2/tokenizer.json" -o out row.jsonl ;;
    pieces)   "$BIN/show" --tokenizer "$2" scored.jsonl ;;
    draw)     "$BIN/draw" --quiet --resume "$2" --count 1 -o out row.jsonl ;;
    pretrain) "$BIN/pretrain" --quiet --tokenizer "$2" --config "$2" --steps 0 -o out ;;
    esac
}
refused() { # NAME PROGRAM WORDS...: run on the model m
    local name=$1 program=$2 rc=0 w
    shift 2
    rm -rf out*
    run "$program" m >stdout 2>err.txt || rc=$?
    for w in "$@"; do
        grep -qF -- "$w" err.txt || { no "$name" "exit $rc, no '$w' in: $(head -c 300 err.txt)"; return; }
    done
    if [ $rc != 0 ] && [ $rc -lt 100 ] && [ -z "$(ls -d out* 2>/dev/null)" ] && [ ! -s stdout ] &&
        [ "$(wc -l <err.txt)" = 1 ]; then ok "$name"; else no "$name" "exit $rc, $(ls -d out* 2>/dev/null) $(head -c 300 err.txt)"; fi
}
flip() { # FILE OFFSET BIT: OFFSET < 0 counts from the end
    local at=$2 byte
    [ "$at" -ge 0 ] || at=$(($(stat -c %s "$1") + at))
    byte=$(od -An -tu1 -j "$at" -N 1 "$1")
    printf "\\x$(printf %02x $((byte ^ (1 << $3))))" | dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null
}
model() { rm -rf m; cp -r "$1" m; }
cp -r base good

for p in resume rollout logprob against sparsity before tokenize decode file pieces draw pretrain start; do
    for from in base ckpt; do
        [ $p$from = resumebase ] || [ $p$from = startckpt ] || [ $p$from = pretrainckpt ] && continue
        rm -rf out*; run $p $from >stdout 2>err.txt || no "intact_${p}_$from" "$(cat err.txt)"
    done
done
ok intact_is_read

# the lowest bit of the last weight, of a moment, of every other file
for p in start rollout logprob against sparsity before; do
    model base; flip m/model.safetensors -4 0; refused "base_weight_$p" $p m/model.safetensors digest
done
for p in resume rollout logprob against sparsity before; do
    model ckpt; flip m/model.safetensors -4 0; refused "weight_$p" $p m/model.safetensors digest
done
model ckpt; flip m/optimizer.safetensors -4 0; refused moment resume m/optimizer.safetensors digest
model ckpt; flip m/optimizer.safetensors 12 1; refused moment_header resume m/optimizer.safetensors digest
model ckpt; flip m/model.safetensors 40 0; refused weight_header rollout m/model.safetensors digest
for p in tokenize decode file pieces pretrain; do
    model base; flip m/tokenizer.json 4000 0; refused "tokenizer_$p" $p m/tokenizer.json digest
done
model ckpt; flip m/tokenizer_config.json 10 0; refused tokenizer_config tokenize m/tokenizer_config.json digest
model ckpt; flip m/config.json 12 0; refused config rollout m/config.json digest
# dapo-step hands the tokenizer on
model ckpt; flip m/tokenizer.json 4000 0; refused tokenizer_handed_on resume m/tokenizer.json digest
model base; sed -i 's/"digest": "\(.\)/"digest": "\10/; s/0\([0-9a-f]\{31\}\)[0-9a-f]",$/\1f",/' m/digests.json
refused own_digest rollout m/digests.json

# the state: edited, without digests, lost
for p in resume draw rollout tokenize sparsity; do
    model ckpt; sed -i 's/"cursor": 8/"cursor": 4/' m/trainer_state.json; refused "cursor_$p" $p m/trainer_state.json digest
done
model ckpt; sed -i 's/"step": 2/"step": 1/' m/trainer_state.json; refused step resume m/trainer_state.json digest
model ckpt; sed -i 's/"seed": "3"/"seed": "1"/' m/trainer_state.json; refused seed resume m/trainer_state.json digest
model ckpt; echo >>m/trainer_state.json; refused one_byte_more resume m/trainer_state.json digest
model ckpt; sed -i '/"digest"/d' m/trainer_state.json; refused no_digest resume m/trainer_state.json 'has no digests'
model ckpt; echo '{"step":2,"cursor":8,"updates":1,"skipped_updates":0,"good_updates":0,"loss_scale":1.0,"arm":"fp32","seed":"3","hyperparameters":{}}' >m/trainer_state.json
refused older_version resume m/trainer_state.json 'has no digests'
for p in resume start draw rollout tokenize sparsity; do
    model ckpt; rm m/trainer_state.json; refused "lost_state_$p" $p trainer_state.json optimizer.safetensors
done
model ckpt; rm m/trainer_state.json; mkfifo m/trainer_state.json; refused state_is_a_fifo resume m/trainer_state.json 'not a regular file'

# a file lost or added
model ckpt; rm m/tokenizer_config.json; refused lost_file tokenize m/tokenizer_config.json
model ckpt; cp gen.json m/generation_config.json; refused added_file rollout m/generation_config.json 'not listed'
model base; echo '{{ messages[0].content }}' >m/chat_template.jinja; refused added_template chat m/chat_template.jinja 'not listed'

# a model without a list is taken as it is; so is one with the state of Hugging
# Face's Trainer
model base; rm m/digests.json; cp gen.json m/generation_config.json
rm -rf out*; run rollout m && rm out && run start m && ok plain_model_is_read || no plain_model_is_read "exit $?"
echo '{"global_step": 3, "log_history": [{"loss": NaN}]}' >m/trainer_state.json
rm -rf out*; run rollout m && run draw m && rm out && run start m && ok foreign_state_is_ignored || no foreign_state_is_ignored "exit $?"
# a checkpoint as a model to start from: its list and its moments taken away
model ckpt; rm m/trainer_state.json m/optimizer.safetensors
rm -rf out*; run start m && ok checkpoint_made_a_model || no checkpoint_made_a_model "exit $?"

# the digests are those of xxh128sum
if command -v xxh128sum >/dev/null; then
    want=$(xxh128sum ckpt/model.safetensors | cut -d' ' -f1)
    grep -q "\"model.safetensors\": \"$want\"" ckpt/trainer_state.json && ok as_xxh128sum || no as_xxh128sum "$want"
else
    echo 'skip digests_as_xxh128sum: no xxh128sum'
fi
[ "$(grep -c '": "[0-9a-f]\{32\}"' ckpt/trainer_state.json)" = "$(ls ckpt | wc -l)" ] && ok all_files_are_listed ||
    no all_files_are_listed "$(ls ckpt) $(cat ckpt/trainer_state.json)"
