# pretrain: learns, is reproducible, says what is wrong
set -u
. tests/lib.sh pretrain
root=$PWD
cd "$T"
for i in 1 2 3 4 5 6 7 8; do for j in 1 2 3 4; do echo "{\"prompt\":\"$i+$j=\",\"response\":\"$((i + j))\"}"; done; done >rows
shape="--tokenizer $root/data/tokenizer/tiny --hidden 16 --layers 2 --heads 2 --kv-heads 1 --ffn 24 --max-pos 32"
pre() { "$BIN/pretrain" --quiet $shape --warmup 2 --lr 1e-2 "$@" rows; }
pre --steps 60 --batch 16 --threads 1 --metrics m.jsonl --json -o a
loss() { sed -n "$1p" m.jsonl | grep -o '"loss":[0-9.]*' | cut -d: -f2; }
awk -v a="$(loss 1)" -v b="$(loss 60)" 'BEGIN { print (a > 5 && b < 2 ? "ok" : "not ok") " pretrain_learns: loss " a " to " b }'
pre --steps 60 --batch 16 --threads 3 --micro-batch 7 -o b
diff -r a b >d.txt && ok bits_do_not_depend_on_threads_or_micro_batch || no bits_do_not_depend_on_threads_or_micro_batch "$(cat d.txt)"
pre --steps 60 --batch 16 --seed 2 -o c
cmp -s a/model.safetensors c/model.safetensors && no seeds_differ "same weights" || ok seeds_differ
grep -q '"eos_token_id"' a/config.json && cmp -s a/tokenizer.json "$root/data/tokenizer/tiny/tokenizer.json" && ok is_a_model_directory || no is_a_model_directory "$(ls a)"
"$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --config a --warmup 2 --lr 1e-2 --steps 60 --batch 16 -o d rows
diff -r a d >d.txt && ok shape_from_a_config || no shape_from_a_config "$(cat d.txt)"
pre --steps 3 --batch 4 --prompt-loss 0.5 --untied --arm bf16-mixed -o u && grep -q '"tie_word_embeddings": false' u/config.json && ok untied_with_prompt_loss || no untied_with_prompt_loss "failed"
bad() { # NAME EXIT TEXT ROW OPTIONS...
    local name=$1 want=$2 text=$3 rc=0
    echo "$4" >bad.jsonl
    shift 4
    "$BIN/pretrain" --quiet $shape --steps 1 "$@" -o bad bad.jsonl 2>err.txt || rc=$?
    if [ $rc = "$want" ] && grep -qF -- "$text" err.txt && [ ! -e bad ]; then ok "$name"; else no "$name" "exit $rc: $(cat err.txt)"; fi
}
bad a_row_without_response 3 'record 1: response' '{"prompt":"x"}'
bad a_row_too_long 3 'the model has 4 positions' '{"prompt":"1+1=1+1=","response":"2"}' --max-pos 4
bad odd_heads 2 'do not divide' '{"prompt":"1","response":"2"}' --heads 3
bad no_rows 3 '' ''
"$BIN/pretrain" --quiet $shape --steps 0 --arm bf16 -o z && grep -q '"torch_dtype": "bfloat16"' z/config.json &&
    echo '{"id":"a","prompt_tokens":[1,2]}' | "$BIN/rollout" --quiet --device cpu --model z --max-new 4 --json >z.json 2>err.txt &&
    grep -q finish_reason z.json && ok untrained_model || no untrained_model "$(cat err.txt)"
pre --steps 0 -o y 2>err.txt; [ $? = 2 ] && grep -q 'reads no rows' err.txt && [ ! -e y ] && ok untrained_reads_no_rows || no untrained_reads_no_rows "$(cat err.txt)"
