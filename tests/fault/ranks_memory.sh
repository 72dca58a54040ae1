# ranks_memory: a rank of a training run that gets no more memory, in the middle of
# it: all end within seconds, with one line that names rank and host, status 1, and
# nothing half-written; the run that is begun again, on any number of ranks, has
# the bytes of one that was never disturbed
#
# ROUNDS: how many (default 4; make check-long: 30)
set -u
. tests/lib.sh fault_ranks_memory
. tests/golden/bits/run.bash
ROUNDS=${ROUNDS:-4}
if [ "${SAN:-0}" = 1 ]; then echo 'skip fault_ranks_memory: a sanitizer brings its own malloc'; exit 0; fi
command -v prlimit >/dev/null || { echo 'skip fault_ranks_memory: no prlimit'; exit 0; }
host=$(uname -n)
random() { awk -v seed="$1" -v n="$2" 'BEGIN { srand(seed); rand(); print int(rand() * n) }'; }
mine() { pgrep -f -- "--seed $1 "; } # SEED: the processes of a run
ranks() { # SEED FRONT: those that compute
    local p
    for p in $(mine "$1"); do [ "$p" != "$2" ] && [ "$(readlink "/proc/$p/exe")" = "$BIN/dapo-step" ] && echo "$p"; done
}
shape=${shape/--max-pos 64/--max-pos 160}
base "$T/base" || no the_base failed
# made-up rollouts, longer from step to step: memory that is there never suffices
awk 'BEGIN { srand(1)
    for (s = 0; s < 10; s++) for (p = 0; p < 6; p++) for (k = 0; k < 4; k++) {
        t = l = ""
        for (i = 0; i < 4 + 12 * s; i++) { t = t (i ? "," : "") int(rand() * 400); l = l (i ? "," : "") "-6" }
        printf "{\"id\":\"p%d\",\"step\":%d,\"sample\":%d,\"prompt_tokens\":[%d,7],\"response_tokens\":[%s],\"response_logprobs\":[%s],\"correct\":%s,\"reward\":%d}\n",
            p, s, k, p, t, l, k % 2 ? "true" : "false", k % 2 ? 1 : -1 } }' >"$T/all"
head -n 48 "$T/all" >"$T/first"
tail -n +49 "$T/all" >"$T/last"
train() { # MODEL OUT UNTIL INPUT OPTIONS...
    local model=$1 out=$2 until=$3 input=$4
    shift 4
    "$BIN/dapo-step" --quiet --device cpu --off-policy --prompts 6 --mini-batch 3 --samples 4 --lr 1e-3 --threads 1 \
        --arm fp32,shards=4 --model "$model" --until "$until" --json -o "$out.m" --out "$out" "$@" "$input"
}
sums() { cat "$1"/model.safetensors "$1"/optimizer.safetensors "$1"/trainer_state.json "$1.m" | sha256sum | cut -c 1-64; }
launchers=(local)
launch=$(mpi_launcher openmpi) && launchers+=("$launch -n 3") || echo 'skip fault_ranks_memory_openmpi: no Open MPI here'
launch=$(mpi_launcher mpich) && launchers+=("$launch -n 3") || echo 'skip fault_ranks_memory_mpich: no MPICH here'
bad=0 starved=0 i=0
while [ $starved -lt "$ROUNDS" ] && [ $i -lt $((3 * ROUNDS)) ]; do
    launcher=${launchers[$((i % ${#launchers[@]}))]}
    # the state has the seed, which these processes are known by
    i=$((i + 1)) seed=78$$$i
    how=(--launcher "$launcher")
    [ $((i % 2)) = 0 ] || how+=(--shard-weights)
    rm -rf "$T"/half* "$T"/want* "$T"/got* "$T/live"
    train "$T/base" "$T/half" 2 "$T/first" --seed $seed && train "$T/half" "$T/want" 10 "$T/last" --seed $seed || { no undisturbed "failed"; break; }
    ULP_COMM_DELAY_US=20000 train "$T/half" "$T/got" 10 "$T/last" --seed $seed --ranks 3 "${how[@]}" --live "$T/live" 2>"$T/err" & wrap=$!
    steps=$(random "1$i" 4)
    while kill -0 $wrap 2>/dev/null && [ "$(cat "$T/live" 2>/dev/null | wc -l)" -le "$steps" ]; do sleep 0.05; done
    mapfile -t r < <(ranks $seed "$(pgrep -P $wrap)")
    victim=${r[$(random "5$i" ${#r[@]})]:-}
    [ -n "$victim" ] && prlimit --pid "$victim" --as=4096 || { wait $wrap; continue; }
    began=$(date +%s%N)
    wait $wrap; rc=$?
    ms=$((($(date +%s%N) - began) / 1000000))
    left=$(mine $seed | wc -l)
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ "$left" = 0 ] && break; sleep 0.1; left=$(mine $seed | wc -l); done
    [ -z "${VERBOSE:-}" ] || echo "note ${how[*]}, after $steps steps: status $rc after $ms ms: $(cat "$T/err")"
    starved=$((starved + 1)) why=
    [ $rc = 1 ] && [ "$left" = 0 ] && [ $ms -lt 25000 ] || why="status $rc after $ms ms, $left left"
    [ ! -e "$T/got" ] && [ ! -e "$T/got.m" ] || why="$why, something is written"
    [ "$(wc -l <"$T/err")" = 1 ] && grep -qE "^dapo-step: rank [012] on $host: .*(out of memory|Cannot allocate memory)" "$T/err" || why="$why, said"
    train "$T/half" "$T/got" 10 "$T/last" --seed $seed --ranks $((2 + i % 2)) 2>"$T/err.again" || why="$why, begun again: $(head -c 200 "$T/err.again")"
    [ "$(sums "$T/want")" = "$(sums "$T/got")" ] || why="$why, other bytes"
    [ -z "$why" ] && continue
    bad=$((bad + 1))
    no "round_$i" "${how[*]}, after $steps steps: $why: $(head -c 600 "$T/err" | tr '\n' ' ')"
    # shellcheck disable=SC2046
    [ "$left" = 0 ] || kill -9 $(mine $seed)
done
is all_rounds "0 bad of $ROUNDS" "$bad bad of $starved"
