# memory - asking a device for more than it has ends with a plain message and
# exit status 1, not with a crash
set -u -o pipefail

# 100 layers of 8192 with an fp32 master: 342 GB of weights alone
timeout 120 "$BIN/pretrain" --quiet --device cuda \
    --tokenizer tests/golden/bits/tokenizer --hidden 8192 --layers 100 \
    --heads 64 --kv-heads 8 --ffn 28672 --steps 1 --batch 1 -o "$T/no" \
    tests/golden/bits/corpus.jsonl 2>"$T/err"
rc=$?
if [ $rc = 1 ] && grep -q 'out of memory.*asked for.*free' "$T/err" &&
    [ "$(wc -l <"$T/err")" -le 3 ] && [ ! -e "$T/no" ]; then
    echo "note gpu_out_of_memory: $(tail -n 1 "$T/err")"
    echo "ok gpu_out_of_memory_is_told_plainly"
else
    echo "not ok gpu_out_of_memory_is_told_plainly: exit status $rc:" \
        "$(tail -n 1 "$T/err")"
fi
