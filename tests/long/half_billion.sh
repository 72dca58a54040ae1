# The shape of Qwen2.5-0.5B with random weights through the whole loop on the
# CPU: one DAPO step on real GSM8K prompts (2 prompts x 4 samples x 64 tokens)
# and an evaluation of 4 questions. Prints times and peak memory.
#
#   LONG_ARM (fp32)   the arm            LONG_GIB (24)  the most memory, in GiB
#
# Random weights answer nothing right, every group would be of one reward and
# every advantage 0. So the rewards of odd samples are set to 1 in the stream,
# by sed: both groups are then mixed, dynamic sampling keeps them and the update
# is a real one.
set -u
verdict() { # NAME STATUS WHY
    if [ "$2" = 0 ]; then echo "ok half_billion_$1"; else echo "not ok half_billion_$1: $3"; fi
    [ "$2" = 0 ] || failed=1
}
arm=${LONG_ARM:-fp32} gib=${LONG_GIB:-24} failed=0
tok=$SHARED/datasets/tokenizer/qwen2
if [ -z "$SHARED" ] || [ ! -e "$tok/tokenizer.json" ]; then
    echo "skip half_billion: no real sets or no Qwen2 tokenizer in ../shared"
    exit 0
fi
free=$(($(df -Pk "$T" | awk 'NR == 2 { print $4 }') / 1048576))
mem=$(($(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) / 1048576))
if [ "$free" -lt 12 ] || [ "$mem" -lt 18 ]; then
    echo "skip half_billion: $free GiB of disk and $mem GiB of memory are free, 12 and 18 are needed"
    exit 0
fi
cd "$T"
mkdir shape
cat >shape/config.json <<'J'
{"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 896,
 "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
 "intermediate_size": 4864, "vocab_size": 151936, "max_position_embeddings": 32768,
 "rope_theta": 1000000.0, "rms_norm_eps": 1e-06, "hidden_act": "silu",
 "tie_word_embeddings": true, "torch_dtype": "bfloat16", "eos_token_id": 151643}
J

# Memory of this script's processes, together: what each alone holds (anon) and
# its view of files, five times a second; the largest sum goes into FILE.
watch() {
    local peak=0 peak_anon=0 now anon
    trap 'exit 0' TERM
    while :; do
        # shellcheck disable=SC2046
        read -r now anon <<<"$(cat $(ps -e -o pid=,pgid= |
            awk -v g="$group" '$2 == g { print "/proc/" $1 "/status" }') 2>/dev/null |
            awk '/^Rss(Anon|File)/ { n += $2 } /^RssAnon/ { a += $2 }
                 END { print n + 0, a + 0 }')"
        if [ "$now" -gt $peak ] || [ "$anon" -gt $peak_anon ]; then
            [ "$now" -gt $peak ] && peak=$now
            [ "$anon" -gt $peak_anon ] && peak_anon=$anon
            echo "$peak $peak_anon" >"$1.new" && mv "$1.new" "$1"
        fi
        sleep 0.2
    done
}
group=$(ps -o pgid= -p $$ | tr -d ' ')
# phase NAME COMMAND: runs it and prints its time and peak memory on stdout
phase() {
    local name=$1 t0 ms status=0 peak anon
    shift
    watch "peak.$name" &
    local watcher=$!
    t0=$(date +%s%N)
    bash -euo pipefail -c "$1" 2>"err.$name" || status=$?
    ms=$((($(date +%s%N) - t0) / 1000000))
    kill $watcher 2>/dev/null
    wait $watcher 2>/dev/null
    read -r peak anon <"peak.$name"
    awk -v n="$name" -v ms=$ms -v p="$peak" -v a="$anon" 'BEGIN {
        printf "%-10s %7.1f s   peak %5.2f GiB (%5.2f without file pages)\n",
            n, ms / 1000, p / 1048576, a / 1048576 }' | tee -a figures >&2
    verdict "$name" $status "exit $status: $(tail -c 400 "err.$name")"
    [ "$peak" -le $((gib * 1048576)) ]
    verdict "$name"_within_"$gib"_GiB $? "peak $((peak / 1024)) MiB"
    [ $status = 0 ]
}

export BIN SHARED tok arm
phase init '$BIN/pretrain --quiet --steps 0 --config shape --init-std 0.02 --tokenizer $tok -o base' || exit 1
n=$("$BIN/rollout" --model base --plan | awk '/^parameters/ { print $2 }')
[ "$n" = 494032768 ]
verdict parameters $? "$n"

"$BIN/tokenize" --quiet --tokenizer base --template chat -o train.msgpack "$SHARED/datasets/real/gsm8k.jsonl"
phase step 'mkfifo fifo
$BIN/draw --resume base --seed 1 --per-step 2 train.msgpack |
    $BIN/rollout --quiet --model base --arm $arm --seed 1 --sync fifo --samples 4 --max-new 64 --batch 8 --device cpu |
    $BIN/tokenize --quiet --decode --tokenizer base |
    $BIN/reward --quiet --max-len 64 --json |
    sed -u -E "/\"sample\":[13],/s/\"correct\":false,\"reward\":-1/\"correct\":true,\"reward\":1/" |
    $BIN/dapo-step --quiet --model base --arm $arm --seed 1 --sync fifo --steps 1 --prompts 2 --mini-batch 2 \
        --samples 4 --lr 1e-6 --micro-batch 512 --device cpu --timing timing.json \
        --keep kept.msgpack --out step-1 --json -o metrics.json' || exit 1
cat metrics.json >&2
field() { grep -o "\"$1\":[-0-9.e+]*" metrics.json | head -n 1 | cut -d: -f2; }
[ "$("$BIN/show" --count kept.msgpack)" = 8 ] && [ "$(field groups_kept)" = 2 ]
verdict batch $? "$("$BIN/show" --count kept.msgpack) rollouts, $(field groups_kept) groups"
awk -v g="$(field grad_norm)" -v c="$(field changed_fraction)" -v p="$(field logp_gap_max)" \
    'BEGIN { exit !(g > 0 && c > 0 && p == 0) }'
verdict update_is_real_and_without_a_gap $? "grad_norm $(field grad_norm), changed $(field changed_fraction), gap $(field logp_gap_max)"

phase eval 'head -n 4 $SHARED/datasets/real/gsm8k.jsonl |
    $BIN/tokenize --quiet --tokenizer step-1 --template chat |
    $BIN/rollout --quiet --model step-1 --seed 1000 --samples 1 --temperature 0.7 --top-p 0.8 --max-new 64 --device cpu |
    $BIN/tokenize --quiet --decode --tokenizer step-1 | $BIN/reward --quiet -o judged.msgpack
$BIN/stats --score --set run=step-1 --json judged.msgpack -o scores.json'
[ "$("$BIN/show" --count judged.msgpack)" = 4 ] && [ -s scores.json ]
verdict evaluation $? "$("$BIN/show" --count judged.msgpack) responses"
phase kl '$BIN/rollout --quiet --model step-1 --seed 1000 --limit 2 --max-new 16 --device cpu train.msgpack |
    $BIN/logprob --quiet --model step-1 --as policy --check-rollout --against base --as-against base --device cpu |
    $BIN/kl --quiet -o kl.msgpack'
"$BIN/show" --field kl.token.exact kl.msgpack | awk '$1 >= 0 && $1 < 1 { n++ } END { exit n != 2 }'
verdict kl_is_small_and_positive $? "$("$BIN/show" --field kl.token.exact kl.msgpack | tr '\n' ' ')"
phase sparsity '$BIN/sparsity --quiet base step-1 -o sparsity.msgpack'
"$BIN/show" --json sparsity.msgpack | grep '"total"' | head -n 1 >&2
exit $failed
