# checksum: names every damaged, lost or added file of a folder of results, and
# nothing else; --accept makes a changed directory whole
set -u
. tests/lib.sh checksum
root=$PWD
cd "$T"
mkdir -p r/base r/run/step-2 r/.make
for i in 1 2 3 4; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done |
    "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 1 --heads 2 --kv-heads 1 \
        --ffn 24 --max-pos 32 --steps 1 --batch 4 --threads 1 -o r/base/model || no model failed
awk -f "$root/tests/golden/train/rollouts.awk" -v SEED=1 -v STEPS=2 -v P=4 -v N=4 >rows.jsonl
"$BIN/dapo-step" --quiet --off-policy --threads 1 --prompts 4 --mini-batch 2 --samples 4 --model r/base/model --steps 1 \
    --keep r/run/step-2/rollouts.msgpack.zst --out r/run/step-2/checkpoint -o r/run/step-2/metrics.msgpack rows.jsonl || no ckpt failed
echo '{"a":1}' >r/plain.json
echo x >r/.make/state
says() { # NAME STATUS COUNTS NAMES...: of the folder m
    local name=$1 want=$2 counts=$3 rc=0 w
    shift 3
    "$BIN/checksum" ${opts-} m >out.txt 2>err.txt || rc=$?
    for w in "$@"; do grep -qF "checksum: m/$w" err.txt || { no "$name" "no m/$w in: $(cat err.txt)"; return; }; done
    [ $rc = "$want" ] && [ "$(wc -l <err.txt)" = $# ] && [ "$(tail -n 1 out.txt)" = "$counts" ] && ok "$name" ||
        no "$name" "exit $rc, $(cat out.txt err.txt)"
}
copy() { rm -rf m; cp -r r m; }
flip() { printf "\\x$(printf %02x $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
copy; says intact 0 '14 files: 0 damaged, 1 without a checksum'
copy; flip m/base/model/model.safetensors 3000; says weight 3 '14 files: 1 damaged, 1 without a checksum' base/model/model.safetensors
copy; flip m/run/step-2/checkpoint/optimizer.safetensors 9000; flip m/run/step-2/metrics.msgpack 40
flip m/run/step-2/rollouts.msgpack.zst 300
says three 3 '14 files: 3 damaged, 1 without a checksum' run/step-2/checkpoint/optimizer.safetensors run/step-2/metrics.msgpack run/step-2/rollouts.msgpack.zst
copy; sed -i 's/"step": 1/"step": 2/' m/run/step-2/checkpoint/trainer_state.json
says state 3 '9 files: 1 damaged, 1 without a checksum' run/step-2/checkpoint/trainer_state.json
copy; rm m/run/step-2/checkpoint/trainer_state.json; says lost_state 3 '9 files: 1 damaged, 1 without a checksum' run/step-2/checkpoint
copy; rm m/base/model/tokenizer_config.json; says lost_file 3 '14 files: 1 damaged, 1 without a checksum' base/model/tokenizer_config.json
copy; echo >m/base/model/merges.txt; says added_file 3 '15 files: 1 damaged, 1 without a checksum' base/model/merges.txt
copy; echo '{}' >m/run/step-2/metrics.msgpack; says no_stream 3 '14 files: 1 damaged, 1 without a checksum' run/step-2/metrics.msgpack
copy; : >m/run/step-2/rollouts.msgpack.zst; says empty_stream 3 '14 files: 1 damaged, 1 without a checksum' run/step-2/rollouts.msgpack.zst
copy; rm m/run/step-2/checkpoint/*.safetensors
says weights_gone 3 '14 files: 2 damaged, 1 without a checksum' run/step-2/checkpoint/model.safetensors run/step-2/checkpoint/optimizer.safetensors
opts=--pruned; says weights_pruned 0 '12 files: 0 damaged, 1 without a checksum'; opts=--list
copy; says plain_file_is_listed 0 '14 files: 0 damaged, 1 without a checksum'; grep -qx m/plain.json out.txt || no plain_file_is_listed "$(cat out.txt)"
opts=
# a change that was meant
copy; echo '{"eos_token_id":[0]}' >m/run/step-2/checkpoint/generation_config.json
"$BIN/checksum" --accept m/run/step-2/checkpoint && says accepted 0 '15 files: 0 damaged, 1 without a checksum'
"$BIN/dapo-step" --quiet --off-policy --threads 1 --prompts 4 --mini-batch 2 --samples 4 --model m/run/step-2/checkpoint --until 2 \
    --out out -o metrics <(tail -n 16 rows.jsonl) 2>err.txt && ok accepted_goes_on || no accepted_goes_on "$(cat err.txt)"
copy; sed -i '/"digest"/d; /"files": {/,/},/d' m/run/step-2/checkpoint/trainer_state.json
"$BIN/checksum" --accept m/run/step-2/checkpoint && says older_version_is_accepted 0 '14 files: 0 damaged, 1 without a checksum'
cmp -s {r,m}/run/step-2/checkpoint/trainer_state.json || no older_version_is_accepted 'another state'
rm -rf plain; cp -r r/base/model plain; rm plain/digests.json
"$BIN/checksum" --accept plain && cmp -s plain/digests.json r/base/model/digests.json && ok plain_model_is_accepted || no plain_model_is_accepted differs
for bad in r/run/step-2 nowhere r/plain.json; do
    "$BIN/checksum" --accept $bad 2>err.txt; rc=$?
    [ $rc != 0 ] && grep -qF "$bad" err.txt || no accept_refuses "$bad: exit $rc, $(cat err.txt)"
done
copy; rm m/run/step-2/checkpoint/trainer_state.json
"$BIN/checksum" --accept m/run/step-2/checkpoint 2>err.txt && no accept_refuses 'a checkpoint without its state' || ok accept_refuses
"$BIN/checksum" nowhere >out.txt 2>err.txt; [ $? = 3 ] && grep -q '^checksum: nowhere: No such' err.txt && ok nowhere || no nowhere "$(cat err.txt)"
