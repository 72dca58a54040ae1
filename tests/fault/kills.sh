# kills: kill -9 in the midst of the training loop of the smoke preset, on one of
# its processes or on all of them, then make again: the same bytes as without
#
# ROUNDS: how many kills (default 6); a round that ended before its kill is not
# counted
set -u
. tests/lib.sh kills
ROUNDS=${ROUNDS:-6} r=$T/r
make=(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]}" PRESET=smoke R="$r" SEEDS=1)
goal() { echo "$r/train_logs/$1_seed1/step-4/checkpoint/trainer_state.json"; }
bytes() { (cd "$r/train_logs/$1_seed1" && find . -type f | LC_ALL=C sort | xargs sha256sum); }
random() { awk -v seed="$1" -v n="$2" 'BEGIN { srand(seed); rand(); print int(rand() * n) }'; }
declare -A ms
for arm in fp32 bf16; do
    "${make[@]}" "$(goal $arm)" >"$T/out" 2>"$T/err" || { no run "$(tail -n 2 "$T/err" | tr '\n' ' ')"; exit 1; }
    rm -rf "$r/train_logs/${arm}_seed1"
    began=$(date +%s%N)
    "${make[@]}" "$(goal $arm)" >"$T/out" 2>"$T/err"
    ms[$arm]=$((($(date +%s%N) - began) / 1000000))
    bytes $arm >"$T/want.$arm"
done
kills=0 bad=0 midway=0 i=0
while [ $kills -lt "$ROUNDS" ] && [ $i -lt $((4 * ROUNDS)) ]; do
    i=$((i + 1))
    arm=fp32
    [ $((i % 2)) = 0 ] && arm=bf16
    rm -rf "$r/train_logs/${arm}_seed1"
    setsid "${make[@]}" "$(goal $arm)" >"$T/out" 2>"$T/err" &
    group=$!
    sleep "$(awk -v n="$(random "$i" "${ms[$arm]}")" 'BEGIN { print 0.8 * n / 1000 }')"
    mapfile -t pids < <(ps -e -o pid= -o pgid= | awk -v g="$group" '$2 == g { print $1 }')
    if [ "${#pids[@]}" -gt 0 ]; then
        if [ $((i % 3)) = 0 ]; then
            kill -9 "${pids[@]}" 2>/dev/null && kills=$((kills + 1))
        else
            kill -9 "${pids[$(random "7$i" "${#pids[@]}")]}" 2>/dev/null && kills=$((kills + 1))
        fi
    fi
    wait "$group" 2>/dev/null
    [ -e "$(goal $arm)" ] || midway=$((midway + 1))
    "${make[@]}" "$(goal $arm)" >"$T/out" 2>"$T/err"
    rc=$?
    # what a killed make left running ends before the next begins
    bytes $arm >"$T/got"
    if [ $rc != 0 ] || ! cmp -s "$T/want.$arm" "$T/got"; then
        bad=$((bad + 1))
        no "round_$i" "exit $rc: $(tail -n 1 "$T/err") $(diff "$T/want.$arm" "$T/got" | head -n 3 | tr '\n' ' ')"
    fi
done
echo "note kills: $kills kills in $i rounds, $midway before the last checkpoint was there"
[ $bad = 0 ] && [ $kills = "$ROUNDS" ] && [ $midway -gt 0 ] && ok same_bytes || no same_bytes "$bad of $i rounds, $kills kills, $midway midway"
"${make[@]}" verify >"$T/out" 2>"$T/err" && ok verified || no verified "$(cat "$T/err")"
