# ranks_cuda - dapo-step and pretrain on several ranks whose device is the simulator:
# the bytes of one process on the CPU, with the simulator's NCCL and without it; what
# is said where it cannot be had; a rank that is killed
#
# $SIMBIN holds the programs (pipelines/cudasim.mk). Work of the stream in which ranks
# exchange is put off there as long as nobody waits for it, so that a wait that
# is missing gives other bytes.
set -u
. tests/lib.sh ranks_cuda
. tests/golden/bits/run.bash
if [ -z "${SIMBIN:-}" ] || [ "$SAN" = 1 ]; then
    echo "skip ranks_cuda: SIMBIN names no programs, or a sanitizer is in them"
    exit 0
fi
export CUDA_VISIBLE_DEVICES=0,1,2,3,4 CUDASIM_NCCL_COUNT=$T/count
sums() { cat "$1"/model.safetensors "$1"/optimizer.safetensors "$1"/trainer_state.json "$1.m" 2>/dev/null | sha256sum | cut -c 1-64; }

base "$T/base" || no the_base failed
awk -f tests/golden/train/rollouts.awk -v SEED=1 -v STEPS=2 -v P=5 -v N=3 >"$T/all.jsonl"
opts="--off-policy --prompts 5 --mini-batch 3 --samples 3 --lr 1e-3 --seed 3 --threads 1 --steps 2 --model $T/base"
step() { # PROGRAMS DEVICE OUT OPTIONS...
    local bin=$1 device=$2 out=$3
    shift 3
    rm -rf "$out" "$T/count"
    # shellcheck disable=SC2086
    timeout 300 "$bin/dapo-step" $opts --device "$device" --json -o "$out.m" --out "$out" "$@" "$T/all.jsonl" 2>"$T/err"
}
# the ranks that NCCL served, and whether each sent something by it
by_nccl() { awk '{ n++; if (!($5 > 0 && $7 > 0)) n = -99 } END { print n + 0 }' "$T/count" 2>/dev/null || echo 0; }

while read -r arm ranks more; do
    step "$BIN" cpu "$T/one" --quiet --arm $arm $more || no "$arm" "$(head -n 1 "$T/err")"
    want=$(sums "$T/one") bad=
    for R in ${ranks//,/ }; do
        step "$SIMBIN" cuda "$T/x" --quiet --arm $arm --ranks $R $more || bad="$bad $(head -n 1 "$T/err")"
        [ "$(sums "$T/x")" = "$want" ] || bad="$bad other bytes on $R ranks"
        [ "$(by_nccl)" = $((R > 1 ? R : 0)) ] || bad="$bad $(by_nccl) of $R ranks by NCCL"
    done
    R=${ranks##*,}
    ULP_NCCL=none step "$SIMBIN" cuda "$T/x" --quiet --arm $arm --ranks $R $more || bad="$bad $(head -n 1 "$T/err")"
    [ "$(sums "$T/x")" = "$want" ] || bad="$bad other bytes on $R ranks through the host"
    [ "$(by_nccl)" = 0 ] || bad="$bad ULP_NCCL=none has NCCL"
    [ -z "$bad" ] && ok "$arm${more// /_}" || no "$arm${more// /_}" "$bad"
done <<'A'
fp32,shards=8 1,2,3
bf16-mixed,shards=5 2,3 --micro-batch 24
fp32,grads=bf16,shards=3 2 --recompute
bf16-kahan,shards=4 5 --offload
bf16-mixed,shards=3 2 --shard-weights
A

# --- over an MPI, late messages, pretraining ---------------------------------------
step "$BIN" cpu "$T/one" --quiet --arm fp32,shards=8
want=$(sums "$T/one")
ULP_COMM_DELAY_US=3000 step "$SIMBIN" cuda "$T/x" --quiet --arm fp32,shards=8 --ranks 3
gives random_delays "$(sums "$T/x") $(by_nccl)" "$want 3"
# a plug-in is looked for beside the program
mkdir "$T/bin"
cp "$SIMBIN/dapo-step" "$T/bin"
for mpi in openmpi mpich; do
    if launch=$(mpi_launcher $mpi); then
        cp "$BIN/comm-$mpi.so" "$T/bin"
        step "$T/bin" cuda "$T/x" --quiet --arm fp32,shards=8 --ranks 2 --launcher "$launch -n 2"
        gives "over_$mpi" "$(sums "$T/x") $(by_nccl) $(head -c 200 "$T/err")" "$want 2 "
        step "$T/bin" cuda "$T/x" --quiet --arm fp32,shards=8 --ranks 2 --shard-weights --launcher "$launch -n 2"
        gives "shard_weights_over_$mpi" "$(sums "$T/x") $(head -c 200 "$T/err")" "$want "
    else
        echo "skip ranks_cuda_over_$mpi: it is not installed"
    fi
done
corpus="--quiet --tokenizer $golden/tokenizer $shape --steps 3 --batch 7 --lr 1e-2 --limit 40 --arm fp32,shards=8"
# shellcheck disable=SC2086
{
    "$BIN/pretrain" $corpus --device cpu --metrics "$T/p.m" -o "$T/p" $golden/corpus.jsonl
    rm -f "$T/count"
    "$SIMBIN/pretrain" $corpus --device cuda --ranks 3 --metrics "$T/q.m" -o "$T/q" $golden/corpus.jsonl 2>"$T/err"
}
diff -r "$T/p" "$T/q" >/dev/null && cmp -s "$T/p.m" "$T/q.m" && [ "$(by_nccl)" = 3 ] && ok pretraining ||
    no pretraining "$(by_nccl) ranks by NCCL: $(head -n 1 "$T/err")"

# --- where it is not to be had: one line says so, and the bytes are the same ------
said() { # NAME TEXT
    gives "$1" "$(sums "$T/x") $(by_nccl) $(grep -c 'not NCCL: ' "$T/err") $(grep -cF -e "$2" "$T/err")" "$want 0 1 1"
}
CUDASIM_NCCL=none step "$SIMBIN" cuda "$T/x" --arm fp32,shards=8 --ranks 3
said no_library "through the host's memory, not NCCL: no libnccl.so.2 on the loader's path"
CUDASIM_NCCL=2708 step "$SIMBIN" cuda "$T/x" --arm fp32,shards=8 --ranks 2
said too_old 'not NCCL: libnccl.so.2 is of version 2.7.8; 2.13.4 is needed'
CUDA_VISIBLE_DEVICES=0,1 step "$SIMBIN" cuda "$T/x" --arm fp32,shards=8 --ranks 3
said a_shared_device 'not NCCL: ranks 0 and 2 share a device'
step "$SIMBIN" cuda "$T/x" --arm fp32,shards=8 --ranks 2
gives nothing_is_said_with_it "$(sums "$T/x") $(by_nccl) $(grep -c NCCL "$T/err")" "$want 2 0"

# --- a rank that is killed, one that fails -----------------------------------------
awk -f tests/golden/train/rollouts.awk -v SEED=1 -v STEPS=200 -v P=5 -v N=3 >"$T/many.jsonl"
bad=
for victim in 0 1 2; do
    rm -rf "$T/x" "$T/x.m"
    # shellcheck disable=SC2086
    timeout 60 "$SIMBIN/dapo-step" ${opts/--steps 2/--steps 200} --quiet --device cuda --arm fp32,shards=8 --ranks 3 \
        --json -o "$T/x.m" --out "$T/x" "$T/many.jsonl" 2>"$T/err" & wrap=$!
    front='' ranks=()
    for _ in $(seq 100); do
        sleep 0.1
        front=$(pgrep -P $wrap) && mapfile -t ranks < <(pgrep -P "$front") && [ ${#ranks[@]} = 3 ] && break
    done
    sleep "0.$((5 + victim))"
    began=$(date +%s)
    kill -9 "${ranks[$victim]}"
    wait $wrap
    rc=$?
    [ $rc != 0 ] && [ $rc != 124 ] && [ "$(wc -l <"$T/err")" = 1 ] && grep -q "rank $victim on " "$T/err" &&
        [ ! -e "$T/x" ] && [ ! -e "$T/x.m" ] && [ $(($(date +%s) - began)) -lt 20 ] ||
        bad="$bad rank $victim: status $rc after $(($(date +%s) - began)) s: $(head -c 300 "$T/err")"
    [ -z "$(pgrep -f -- "-o $T/x.m")" ] || bad="$bad processes are left"
done
[ -z "$bad" ] && ok a_rank_that_is_killed || no a_rank_that_is_killed "$bad"
sed '20s/"reward":[-0-9]*/"reward":null/' "$T/all.jsonl" >"$T/bad.jsonl"
# shellcheck disable=SC2086
fails a_bad_record 3 'record 20: reward' "$SIMBIN/dapo-step" $opts --quiet --device cuda --arm fp32,shards=8 --ranks 3 \
    -o "$T/x.m" --out "$T/x" "$T/bad.jsonl"
