# plan_ranks: the memory that a rank holds at most and the bytes that it sends and
# receives in a step of one update are those of --plan --ranks, within a tenth
#
# SHAPE: tiny (default), or 135m: the shape of a model of 135 million values
# (make check-long; docs/SCALE.md has its figures). RANKS_PLANNED: numbers of ranks;
# ARMS_PLANNED: arms, with options.
set -u
. tests/lib.sh plan_ranks
case ${SHAPE:=tiny} in
tiny)
    # several shards of several micro-batches; slices that begin within tensors
    shape='"hidden_size":64,"num_hidden_layers":8,"num_attention_heads":4,"num_key_value_heads":4,"intermediate_size":192,"vocab_size":800'
    ranks=${RANKS_PLANNED:-2 3 5} shards=8 groups=16 length=96 micro=384 micros=2
    arms=${ARMS_PLANNED:-fp32 bf16-mixed bf16 bf16-kahan fp32,grads=bf16 fp32--recompute fp32--offload fp32--shard-weights bf16-mixed--shard-weights bf16,order=canonical,dropout=0--shard-weights} ;;
135m)
    shape='"hidden_size":576,"num_hidden_layers":30,"num_attention_heads":9,"num_key_value_heads":3,"intermediate_size":1536,"vocab_size":49152'
    ranks=${RANKS_PLANNED:-2} shards=4 groups=4 length=128 micro=512 micros=1
    arms=${ARMS_PLANNED:-fp32 bf16-mixed fp32--shard-weights bf16-mixed--shard-weights} ;;
*) no shape "$SHAPE is neither tiny nor 135m"; exit 1 ;;
esac
mkdir "$T/shape"
echo "{\"architectures\":[\"Qwen2ForCausalLM\"],\"model_type\":\"qwen2\",$shape,\"max_position_embeddings\":512,
    \"rope_theta\":10000.0,\"rms_norm_eps\":1e-06,\"hidden_act\":\"silu\",\"tie_word_embeddings\":true,\"torch_dtype\":\"float32\",\"eos_token_id\":1}" >"$T/shape/config.json"
"$BIN/pretrain" --quiet --device cpu --tokenizer tests/golden/bits/tokenizer --config "$T/shape" --steps 0 -o "$T/base" || no base failed
# made-up rollouts, all of one length: groups of 4 samples, half of them right
awk -v P=$groups -v L=$length 'BEGIN { srand(1)
    for (p = 0; p < P; p++) for (k = 0; k < 4; k++) {
        t = l = ""
        for (i = 2; i < L; i++) { t = t (i > 2 ? "," : "") int(rand() * 400); l = l (i > 2 ? "," : "") "-6" }
        printf "{\"id\":\"p%d\",\"step\":0,\"sample\":%d,\"prompt_tokens\":[%d,7],\"response_tokens\":[%s],\"response_logprobs\":[%s],\"correct\":%s,\"reward\":%d}\n",
            p, k, p, t, l, k % 2 ? "true" : "false", k % 2 ? 1 : -1 } }' >"$T/rollouts"
opts="--quiet --device cpu --threads 1 --prompts $groups --mini-batch $groups --samples 4 --micro-batch $micro"
planned() { # FIELD...: their sum
    local sum=0 f
    for f; do sum=$((sum + $(sed -n "s/.*\"$f\":\([0-9]*\).*/\1/p" "$T/plan"))); done
    echo $sum
}
# forwards and backwards of the rank that has most shards, each of $micros micro-batches, where they gather weights
passes() { # RANKS
    case $more in *shard-weights*) echo $((micros * ((shards + $1 - 1) / $1))) ;; *) echo 0 ;; esac
}
measured() { sed -n "1s/.*\"$1\":\([0-9]*\).*/\1/p" "$T/timing"; }
near() { # WHAT PLANNED MEASURED
    awk -v what="$1" -v p="${2:-0}" -v m="${3:-0}" 'BEGIN { if (!(m > 0 && p / m > 0.9 && p / m < 1.1)) printf " %s: planned %.0f, measured %.0f", what, p, m }'
}
# and of the others together, for which a rank sends its weights where they do not lie in memory that all read
passes_of_others() { # RANKS
    case "$more $launcher" in *shard-weights*mpirun*) echo $((micros * (shards - shards / $1))) ;; *) echo 0 ;; esac
}
check_arm() { # NAME ARM RANKS [LAUNCHER]: LAUNCHER without its -n
    local name=$1 arm=${2%%--*},shards=$shards R bad='' how=()
    more=${2#"${2%%--*}"} launcher=${4:-}
    for R in $3; do
        [ -z "$launcher" ] || how=(--launcher "$launcher -n $R")
        "$BIN/dapo-step" $opts --plan --json --longest $length --ranks "$R" --arm "$arm" $more "${how[@]}" --model "$T/base" >"$T/plan" 2>"$T/err" &&
            "$BIN/dapo-step" $opts --off-policy --steps 1 --ranks "$R" --arm "$arm" $more "${how[@]}" --model "$T/base" --json \
                --timing "$T/timing" --out "$T/out" -o "$T/metrics" "$T/rollouts" 2>"$T/err" || bad="$bad $(head -n 1 "$T/err")"
        sent=$(($(planned sent_bytes step_sent_bytes) + $(passes_of_others "$R") * $(planned pass_sent_bytes)))
        received=$(($(planned received_bytes step_received_bytes) + $(passes "$R") * $(planned pass_received_bytes)))
        bad="$bad$(near "memory of $R ranks" "$(planned other_training_bytes)" "$(measured rank_memory_peak)"
            near "sent of $R ranks" "$sent" "$(measured rank_sent)"
            near "received of $R ranks" "$received" "$(measured rank_received)")"
        [ "$SHAPE" = tiny ] || echo "note $name on $R ranks, planned and measured: memory $(planned other_training_bytes) $(measured rank_memory_peak)," \
            "sent $sent $(measured rank_sent), received $received $(measured rank_received)"
    done
    [ -z "$bad" ] && ok "$name" || no "$name" "$bad"
}
for arm in $arms; do check_arm "$arm" "$arm" "$ranks"; done
for mpi in openmpi mpich; do
    if launch=$(mpi_launcher $mpi); then
        for arm in ${ARMS_APART:-fp32--shard-weights bf16-mixed--shard-weights}; do check_arm "${arm}_over_$mpi" "$arm" "${RANKS_APART:-2 4}" "$launch"; done
    else
        echo "skip plan_ranks_over_$mpi: it is not installed"
    fi
done
