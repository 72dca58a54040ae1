# saved_type: config.json of what we save says the type of the tensors, in every
# place where transformers looks for it; the rest of it, generation_config.json
# and the tokenizer's files stay as they were
set -u
. tests/lib.sh saved_type
hf=$PWD/tests/golden/hf rows=$PWD/tests/golden/train/rollouts.awk tok=$PWD/data/tokenizer/tiny
cd "$T"
awk -f "$rows" -v SEED=1 -v STEPS=1 -v P=2 -v N=4 | sed 's/\([0-9]\)[0-9]*/\1/g' >rows.jsonl
kept="tokenizer.json tokenizer_config.json special_tokens_map.json vocab.json merges.txt tokenizer.model
    generation_config.json chat_template.jinja added_tokens.json"
# the types that the tensors of a safetensors file have
tensors() { head -c 20000 "$1" | LC_ALL=C grep -aoE '"dtype":"[A-Z0-9]+"' | sort -u | cut -d'"' -f4 | tr '\n' ' '; }
named() { grep -oE '"(torch_)?dtype": *("[^"]*"|null)' "$1" | grep -oE '("[^"]*"|null)$' | sort -u | tr -d '"' | tr '\n' ' '; }
others() { grep -vE '"(torch_)?dtype": ' "$1" | sed 's/,$//'; }

i=0
for base in tied-fp16-single untied-bf16-sharded untied-fp32-single; do
    rm -rf base
    cp -r "$hf/$base" base; chmod -R u+w base; rm base/expected.jsonl
    for f in $kept; do [ -e "base/$f" ] || echo "{\"note\": \"$f\"}" >"base/$f"; done
    # both spellings, another one nested, and values that must not change
    sed -i 's|^  "hidden_act"|  "text_config": {\n    "dtype": "bfloat16",\n    "n": 9007199254740993,\n    "parts": [\n      {\n        "torch_dtype": "float16"\n      }\n    ],\n    "text": "é\\u0001\\"",\n    "tiny": 1e-300\n  },\n  "hidden_act"|' base/config.json
    [ $base = untied-bf16-sharded ] && sed -i 's|^  "tie_word|  "torch_dtype": "bfloat16",\n  "tie_word|' base/config.json
    for arm in fp32:F32:float32 bf16:BF16:bfloat16 bf16-mixed:F32:float32 fp16-mixed:F32:float32; do
        IFS=: read -r a st name <<<"$arm"
        "$BIN/dapo-step" --quiet --off-policy --threads 1 --arm "$a" --model base --out out --prompts 2 --samples 4 --mini-batch 2 \
            --steps 1 -o metrics rows.jsonl 2>err.txt || { no "${base}_$a" "$(cat err.txt)"; continue; }
        if [ "$(tensors out/model.safetensors)" = "$st " ] && [ "$(named out/config.json)" = "$name " ] &&
            [ "$(grep -c '^  "dtype"\|^  "torch_dtype"' out/config.json)" = 2 ] &&
            [ "$(grep -c 'dtype"' out/config.json)" = 4 ]; then ok "${base}_$a"; else
            no "${base}_$a" "tensors $(tensors out/model.safetensors), config $(grep dtype out/config.json | tr '\n' ' ')"; fi
    done
    others base/config.json | sort >want; others out/config.json | sort >got
    cmp -s want got && ok "${base}_rest_is_kept" || no "${base}_rest_is_kept" "$(diff want got | head -n 3)"
    bad=
    for f in $kept; do cmp -s "base/$f" "out/$f" || bad="$bad $f"; done
    [ -z "$bad" ] && ok "${base}_files_are_kept" || no "${base}_files_are_kept" "$bad"
    i=$((i + 1))
done
for arm in fp32:float32 bf16:bfloat16; do
    echo '{"prompt":"1+1=","response":"2"}' | "$BIN/pretrain" --quiet --tokenizer "$tok" --arm "${arm%:*}" --hidden 16 --layers 1 \
        --heads 2 --kv-heads 1 --ffn 16 --max-pos 32 --steps 1 --batch 1 --threads 1 -o p
    [ "$(named p/config.json)" = "${arm#*:} " ] && [ "$(grep -c dtype p/config.json)" = 2 ] && ok "pretrain_${arm%:*}" ||
        no "pretrain_${arm%:*}" "$(grep dtype p/config.json)"
done
