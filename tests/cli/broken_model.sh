# Broken models at the command line: each is refused with exit status 3, the
# file and the tensor or field are named, and nothing is written.
set -u
single=tests/golden/hf/untied-fp32-single shards=tests/golden/hf/untied-bf16-sharded
echo '{"id":"a","prompt_tokens":[1,2,3]}' >"$T/p.jsonl"
copy() { rm -rf "$T/m"; cp -r "$1" "$T/m"; chmod -R u+w "$T/m"; }
# Bytes of a file replaced; the new text is as long as the old one.
edit() { # FILE FROM TO
    [ ${#2} = ${#3} ] && LC_ALL=C grep -qaF -- "$2" "$T/m/$1" || echo "not ok broken_$1: cannot edit '$2'"
    LC_ALL=C sed -i "s|$(sed 's/[][\.*^$|]/\\&/g' <<<"$2")|$3|" "$T/m/$1"
}
refused() { # NAME STATUS WORDS...: what the message must hold
    local name=$1 want=$2 rc=0 w
    shift 2
    rm -rf "$T/out"* "$T/ckpt"
    "$BIN/rollout" --quiet --device cpu --model "$T/m" --max-new 2 -o "$T/out" "$T/p.jsonl" >"$T/stdout" 2>"$T/err" || rc=$?
    for w in "$@"; do grep -qF -- "$w" "$T/err" || { echo "not ok broken_$name: no '$w' in: $(head -c 300 "$T/err")"; return; }; done
    if [ $rc = "$want" ] && [ ! -s "$T/stdout" ] && [ -z "$(ls -d "$T"/out* 2>/dev/null)" ] && [ "$(wc -l <"$T/err")" = 1 ]; then
        echo "ok broken_$name"
    else
        echo "not ok broken_$name: status $rc: $(head -c 300 "$T/err"); $(ls "$T")"
    fi
}
st() { # NAME FROM TO WORDS...: an edit of the header of a single file
    local name=$1 from=$2 to=$3
    shift 3
    copy $single
    edit model.safetensors "$from" "$to"
    refused "$name" 3 "$@"
}
conf() { # NAME FROM TO WORDS...: an edit of config.json, of any length
    local name=$1 from=$2 to=$3
    shift 3
    copy $single
    grep -qF -- "$from" "$T/m/config.json" || echo "not ok broken_$name: no $from"
    sed -i "s|$from|$to|" "$T/m/config.json"
    refused "$name" 3 config.json "$@"
}
f=model.safetensors
copy $single
if "$BIN/rollout" --quiet --device cpu --model "$T/m" --max-new 2 -o "$T/out" "$T/p.jsonl"; then echo "ok broken_not_yet"; else echo "not ok broken_not_yet: refused"; fi
st renamed_tensor '"model.norm.weight"' '"model.nurm.weight"' "$T/m" 'model.norm.weight is missing'
st repeated_tensor model.layers.1.input_layernorm model.layers.0.input_layernorm $f duplicate model.layers.0.input_layernorm.weight
st other_shape '"lm_head.weight":{"dtype":"F32","shape":[40,16]' '"lm_head.weight":{"dtype":"F32","shape":[16,40]' $f lm_head.weight '[16, 40]' '[40, 16]'
st shape_and_offsets_differ '"shape":[40,16],"data_offsets":[0,' '"shape":[40,17],"data_offsets":[0,' $f lm_head.weight
st integer_type '"lm_head.weight":{"dtype":"F32"' '"lm_head.weight":{"dtype":"I32"' $f lm_head.weight I32
st overlapping '"data_offsets":[2560,5120]' '"data_offsets":[2556,5116]' $f overlaps
st outside_the_file '"data_offsets":[2560,5120]' '"data_offsets":[2560,9e99]' $f model.embed_tokens.weight data_offsets
st header_is_no_json '{"__metadata__"' '["__metadata__"' $f header
copy $single; head -c 3000 $single/$f >"$T/m/$f"; refused cut_in_the_data 3 $f
copy $single; head -c 500 $single/$f >"$T/m/$f"; refused cut_in_the_header 3 $f header
copy $single; head -c 5 $single/$f >"$T/m/$f"; refused cut_in_the_length 3 $f
copy $single; : >"$T/m/$f"; refused empty_file 3 $f
copy $single; printf 'x' >>"$T/m/$f"; refused a_byte_too_many 3 $f
copy $single; rm "$T/m/$f"; refused no_weights 1 $f
s=model-00002-of-00004.safetensors
copy $shards; rm "$T/m/$s"; refused shard_missing 1 $s
copy $shards; edit model.safetensors.index.json '"lm_head.weight": "model-00004' '"lm_head.weight": "model-00001'
refused shard_without_its_tensor 3 lm_head.weight model-00001-of-00004.safetensors
copy $shards; cp "$T/m/model-00001-of-00004.safetensors" "$T/m/$s"; refused shard_of_other_tensors 3 safetensors
copy $shards; echo '{"weight_map":{' >"$T/m/model.safetensors.index.json"; refused index_is_no_json 3 index.json
conf other_architecture 'Qwen2ForCausalLM' 'BertModel' architectures BertModel
conf rope_scaling '"rope_type": "default"' '"rope_type": "yarn", "factor": 4' rope_type yarn
conf activation '"silu"' '"gelu"' hidden_act gelu
conf sliding_window '"use_sliding_window": false' '"use_sliding_window": true' use_sliding_window
conf heads '"num_key_value_heads": 2' '"num_key_value_heads": 3' num_key_value_heads
for v in 0 -1 0.5 1e-320 1e30 '"x"'; do conf "rope_theta_$v" '"rope_theta": 1000000.0' "\"rope_theta\": $v" rope_theta; done
for v in 0 -2 2147483648 4294967298 1e9 '[2]' true; do
    conf "layers_$v" '"num_hidden_layers": 2' "\"num_hidden_layers\": $v" num_hidden_layers
    conf "heads_$v" '"num_attention_heads": 2' "\"num_attention_heads\": $v" num_attention_heads
done
conf layers_2147483647 '"num_hidden_layers": 2' '"num_hidden_layers": 2147483647' 'beyond any model'
conf no_width '"hidden_size"' '"hidden_sighs"' hidden_size
copy $single; sed -i 's/"tie_word_embeddings": false/"tie_word_embeddings": true/' "$T/m/config.json"
refused tied_with_another_head 3 lm_head.weight embedding
copy $single; sed -i 's/"hidden_size": 16/"hidden_size": 32/' "$T/m/config.json"; refused other_width 3 shape expected
copy $single; rm "$T/m/config.json"; refused no_config 1 config.json

# dapo-step reads the same files on its own way to the master weights.
copy $single; edit $f '"model.norm.weight"' '"model.nurm.weight"'
"$BIN/dapo-step" --quiet --device cpu --model "$T/m" --out "$T/ckpt" -o "$T/metrics" /dev/null 2>"$T/err"
if [ $? = 3 ] && grep -q 'model.norm.weight' "$T/err" && [ ! -e "$T/ckpt" ] && [ ! -e "$T/metrics" ]; then echo "ok broken_for_dapo_step"; else echo "not ok broken_for_dapo_step: $(cat "$T/err")"; fi
