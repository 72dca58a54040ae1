# weights and moments that are NaN or Inf, or become Inf in a type of the arm:
# every program refuses them while it loads, by file and tensor
set -u -o pipefail
. tests/lib.sh not_finite
root=$PWD
cd "$T"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done >rows
"$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 --heads 2 --kv-heads 1 --ffn 24 \
    --max-pos 32 --steps 3 --batch 4 --lr 1e-2 --warmup 0 --threads 1 --device cpu -o base rows || no base "pretrain failed"
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=2 -v P=4 -v N=4 >r.jsonl
tail -n 16 r.jsonl >second.jsonl
echo '{"id":"a","prompt_tokens":[1,2,3]}' >p.jsonl
common="--quiet --device cpu --threads 1"
step() { "$BIN/dapo-step" $common --off-policy --prompts 4 --mini-batch 2 --samples 4 --lr 1e-3 -o out.metrics --out out "$@"; }
step --model base --steps 1 r.jsonl || no step failed
mv out ck

# put FILE TENSOR INDEX BYTES: the value's bytes, as printf takes them
put() {
    local header at end size
    size=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    header=$(tail -c +9 "$1" | head -c "$size" | sed "s/.*\"$(sed 's/\./\\./g' <<<"$2")\":{\([^}]*\)}.*/\1/")
    at=$(sed 's/.*"data_offsets":\[\([0-9]*\),.*/\1/' <<<"$header")
    end=2
    grep -q '"F32"' <<<"$header" && end=4
    printf "$4" | dd of="$1" bs=1 seek=$((8 + size + at + end * $3)) conv=notrunc status=none
    # as if it had been written so
    [ ! -e m/digests.json ] && [ ! -e m/trainer_state.json ] || "$BIN/checksum" --accept m
}
refused() { # NAME TEXT COMMAND...
    local name=$1 text=$2 rc=0
    shift 2
    rm -rf out out.metrics
    "$@" >stdout 2>err || rc=$?
    if [ $rc = 3 ] && grep -qE -- "$text" err && [ "$(wc -l <err)" = 1 ] && [ ! -s stdout ] && [ ! -e out ] && [ ! -e out.metrics ]; then ok "$name"
    else no "$name" "exit $rc: $(head -c 300 err)"; fi
}
# every reader of weights
readers() { # NAME TEXT [ARM]: of the directory m
    refused "$1_rollout" "^rollout: $2" "$BIN/rollout" $common ${3:+--arm $3} --model m --max-new 2 p.jsonl
    refused "$1_logprob" "^logprob: $2" "$BIN/logprob" $common ${3:+--arm $3} --model m --as x r.jsonl
    refused "$1_logprob_against" "^logprob: $2" "$BIN/logprob" $common --model base --as x --against m --as-against y ${3:+--against-arm $3} r.jsonl
    refused "$1_dapo_step" "^dapo-step: $2" step ${3:+--arm $3} --model m --steps 1 r.jsonl
}
copy() { rm -rf m; cp -r "$1" m; chmod -R u+w m; }
nan='\0\0\xc0\x7f' inf='\0\0\x80\x7f' ninf='\0\0\x80\xff' huge='\xff\xff\x7f\x7f'
copy base; put m/model.safetensors model.layers.1.mlp.up_proj.weight 5 "$nan"
readers nan_in_a_matrix 'm/model.safetensors: tensor model.layers.1.mlp.up_proj.weight: value 5 is nan, expected a finite number'
copy base; put m/model.safetensors model.layers.0.self_attn.k_proj.bias 7 "$inf"
readers inf_in_a_bias 'm/model.safetensors: tensor model.layers.0.self_attn.k_proj.bias: value 7 is inf,'
copy base; put m/model.safetensors model.norm.weight 15 "$ninf"
readers inf_in_a_norm 'm/model.safetensors: tensor model.norm.weight: value 15 is -inf,'
copy base; put m/model.safetensors model.embed_tokens.weight 0 '\1\0\x80\xff'
readers a_nan_with_other_bits 'm/model.safetensors: tensor model.embed_tokens.weight: value 0 is nan,'
readers under_bf16 'm/model.safetensors: tensor model.embed_tokens.weight: value 0 is nan,' bf16
# finite in the file; the greatest fp32 is beyond bf16, 70000 beyond fp16
copy base; put m/model.safetensors model.layers.0.mlp.down_proj.weight 3 "$huge"
refused beyond_bf16 '^rollout: m/model.safetensors: tensor model.layers.0.mlp.down_proj.weight: value 3 is 3.40282347e\+38, which bf16,' \
    "$BIN/rollout" $common --arm bf16-mixed --model m --max-new 2 p.jsonl
refused beyond_bf16_in_training '^dapo-step: m: tensor model.layers.0.mlp.down_proj.weight: value 3 is inf in the types of the arm \(master=bf16' \
    step --arm bf16 --model m --steps 1 r.jsonl
copy base; put m/model.safetensors model.layers.0.mlp.down_proj.weight 3 '\0\xb8\x88\x47'
refused beyond_fp16 '^logprob: m/model.safetensors: tensor model.layers.0.mlp.down_proj.weight: value 3 is 70000, which fp16,' \
    "$BIN/logprob" $common --arm fp16-mixed --model m --as x r.jsonl
refused beyond_fp16_in_training '^dapo-step: m: tensor model.layers.0.mlp.down_proj.weight: value 3 is inf in the types of the arm \(master=fp32, compute=fp16\)' \
    step --arm fp16-mixed --model m --steps 1 r.jsonl
rm -rf out
"$BIN/logprob" $common --model m --as x r.jsonl -o out 2>err && ok what_fits_the_arm_is_taken || no what_fits_the_arm_is_taken "$(cat err)"
# half types in the file
rm -rf out
step --arm bf16 --model base --steps 1 r.jsonl && mv out half && rm half/trainer_state.json half/optimizer.safetensors || no half failed
copy half; put m/model.safetensors model.layers.1.self_attn.v_proj.weight 9 '\xc0\x7f'
readers nan_in_a_bf16_file 'm/model.safetensors: tensor model.layers.1.self_attn.v_proj.weight: value 9 is nan,'
# moments
for offload in "" --offload; do
    for t in m v; do
        copy ck; put m/optimizer.safetensors $t.model.layers.0.mlp.gate_proj.weight 11 "$nan"
        refused "nan_in_the_moment_$t$offload" "^dapo-step: m/optimizer.safetensors: tensor $t.model.layers.0.mlp.gate_proj.weight: value 11 is nan," step $offload --model m --until 2 second.jsonl
    done
done
# a step whose update leaves the range
"$BIN/dapo-step" $common --off-policy --prompts 4 --mini-batch 2 --samples 4 --lr 1e6 --arm fp16-mixed --model base --steps 2 -o out.metrics --out out r.jsonl 2>err; rc=$?
[ $rc = 3 ] && grep -q 'tensor .* is -*\(inf\|nan\) after step 0 in the types' err && ok the_update_that_overflows_is_told || no the_update_that_overflows_is_told "exit $rc: $(cat err)"
