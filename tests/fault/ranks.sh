# ranks: a rank that is killed, stopped or out of memory at any time, and a
# launcher or the process itself that goes: all end within seconds, with one line
# that names rank and host, a status that is not 0, no output and no process left
#
# ROUNDS: how many faults (default 6; make check-long: 50)
set -u
. tests/lib.sh fault_ranks
ROUNDS=${ROUNDS:-6}
M=$PWD/tests/golden/model/tied
cd "$T" || exit 1
for i in $(seq 400); do echo "{\"id\":\"p$i\",\"prompt_tokens\":[$((i % 9 + 1)),7,$((i * 3 % 29 + 1))]}"; done >p.jsonl
random() { awk -v seed="$1" -v n="$2" 'BEGIN { srand(seed); rand(); print int(rand() * n) }'; }
mine() { pgrep -f -- "--seed $1 "; } # SEED: the processes of a run
ranks() { # SEED FRONT: those that compute
    local p
    for p in $(mine "$1"); do [ "$p" != "$2" ] && [ "$(readlink "/proc/$p/exe")" = "$BIN/rollout" ] && echo "$p"; done
}
launchers=(local)
launch=$(mpi_launcher openmpi) && launchers+=("$launch -n 3") || echo 'skip fault_ranks_openmpi: no Open MPI here'
launch=$(mpi_launcher mpich) && launchers+=("$launch -n 3") || echo 'skip fault_ranks_mpich: no MPICH here'
host=$(uname -n)
cat >limited <<'END'
#!/bin/sh
[ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ] && ulimit -v "$LIMIT"
exec "$@"
END
chmod +x limited
bad=0 i=0 done=0
while [ $done -lt "$ROUNDS" ] && [ $i -lt $((3 * ROUNDS)) ]; do
    i=$((i + 1))
    launcher=${launchers[$((i % ${#launchers[@]}))]} seed=77$$$i fault=kill
    [ $((i % 4)) = 3 ] && fault=stop
    [ $((i % 5)) = 4 ] && [ "$launcher" != local ] && fault=memory && launcher="$launcher ./limited"
    [ $((i % 6)) = 2 ] && fault=front
    [ $((i % 7)) = 5 ] && [ "$launcher" != local ] && [ $fault = kill ] && fault=launcher
    rm -f out in*
    export LIMIT=$((12000 + $(random "3$i" 50000)))
    mkfifo in$i; (while cat p.jsonl; do :; done >in$i 2>/dev/null) & feed=$!
    timeout 60 "$BIN/rollout" --quiet --device cpu --threads 1 --model "$M" --samples 8 --max-new 100 --batch 8 --ranks 3 --launcher "$launcher" \
        --seed $seed -o out - <in$i >stdout 2>err & wrap=$!
    sleep "0.$((3 + $(random $i 6)))"
    front=$(pgrep -P $wrap) || [ $fault = memory ] || { wait $wrap; no started "$(head -c 300 err)"; break; }
    mapfile -t r < <(ranks $seed "$front")
    [ $fault = memory ] || [ ${#r[@]} -gt 0 ] || { kill $wrap; wait $wrap $feed 2>/dev/null; continue; }
    [ $fault = memory ] || victim=${r[$(random "5$i" ${#r[@]})]}
    began=$(date +%s%N)
    case $fault in
    kill) kill -9 "$victim" ;;
    stop) kill -STOP "$victim" ;;
    front) kill -9 "$front" ;; # the process in the pipe
    launcher) kill -9 "$(pgrep -P "$front" | head -n 1)" ;;
    memory) ;; # rank 1 has too little from the start
    esac
    wait $wrap; rc=$?
    wait $feed 2>/dev/null
    ms=$((($(date +%s%N) - began) / 1000000))
    done=$((done + 1))
    left=$(mine $seed | wc -l)
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ "$left" = 0 ] && break; sleep 0.1; left=$(mine $seed | wc -l); done
    [ -z "${VERBOSE:-}" ] || echo "note $fault, $launcher: status $rc after $ms ms: $(cat err)"
    lines=1
    [ $fault = front ] && lines=0 && echo "rank 0 on $host" >said || cp err said
    if [ $rc = 0 ] || [ $rc = 124 ] || [ -e out ] || [ "$left" != 0 ] || [ "$(wc -l <err)" != $lines ] || [ $ms -gt 25000 ] ||
        ! grep -qE "(a rank|rank [012]) on $host|the launcher" said; then
        bad=$((bad + 1))
        no "round_$i" "$fault, $launcher: status $rc after $ms ms, $left left, $(ls out 2>/dev/null) said: $(head -c 900 err | tr '\n' ' ')"
        # shellcheck disable=SC2046
        [ "$left" = 0 ] || kill -9 $(mine $seed)
    fi
done
is all_rounds "0 bad of $ROUNDS" "$bad bad of $done"

# a rank that dies before it calls, beside ranks that heed no SIGTERM: Open MPI says so and
# kills them a second later, and its words are not read beside our line
cat >unstarted <<'END'
#!/bin/sh
[ "${OMPI_COMM_WORLD_RANK:-$PMI_RANK}" = 1 ] && kill -9 $$
trap '' TERM
exec "$@"
END
chmod +x unstarted
if launch=$(mpi_launcher openmpi); then
    rm -f out
    (while cat p.jsonl; do :; done 2>/dev/null) | timeout 60 "$BIN/rollout" --quiet --device cpu --threads 1 --model "$M" --samples 8 \
        --max-new 100 --batch 8 --ranks 3 --launcher "$launch -n 3 ./unstarted" -o out - 2>err
    is unstarted_openmpi 'status 1, 1 line, no output' \
        "status ${PIPESTATUS[1]}, $(wc -l <err) line, $([ -e out ] && echo output || echo no output)"
fi
