# flips: single bits flipped in the files of a finished run of the smoke preset.
# `make verify` names the file, and so does the program that reads it; or what the
# program reads is the same (a bit that zstd does not look at).
#
# FLIPS: how many (default 30); WIDE=1: all arms and seeds of the preset
set -u
. tests/lib.sh flips
FLIPS=${FLIPS:-30} r=$T/r
few='SEEDS=1 ARMS=fp32'
[ "${WIDE:-0}" = 0 ] || few=
make=(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]}" PRESET=smoke R="$r" $few)
"${make[@]}" "$r/analysis/summary.txt" >"$T/out" 2>"$T/err" || { no run "$(tail -n 3 "$T/err" | tr '\n' ' ')"; exit 1; }
"${make[@]}" verify >"$T/out" 2>"$T/err" && [ ! -s "$T/err" ] && ok whole_run_is_verified || no whole_run_is_verified "$(cat "$T/out" "$T/err")"

# every file but the state that make keeps for itself
find "$r" -type f ! -path '*/.make/*' | LC_ALL=C sort >"$T/files"
flip() { # FILE BYTE BIT
    printf "\\x$(printf %02x $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ (1 << $3))))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
echo '{"id":"a","prompt":"1+1=","answer":"2"}' >"$T/row.jsonl"
echo '{"id":"a","prompt_tokens":[49,43]}' >"$T/tokens.jsonl"
# the hyperparameters that a run goes on with
hyper() {
    sed -nE 's/^    "(prompts|mini_batch|micro_batch|samples|lr|max_gen_batches)": ([^,]*),?$/--\1 \2/p' "$1" | tr _ - | tr '\n' ' '
}
# the program that reads FILE in the experiment; 4: nothing but people do
reader() { # FILE
    local d=${1%/*} arm seed next=/dev/null
    case $1 in
    */train_logs/*/checkpoint/optimizer.safetensors)
        arm=${1#*/train_logs/} seed=${arm#*_seed} arm=${arm%%_seed*} seed=${seed%%[_/]*}
        [ -e "${d%/step-2/*}/step-4/rollouts.msgpack.zst" ] && next=${d%/step-2/*}/step-4/rollouts.msgpack.zst
        "$BIN/dapo-step" --quiet --threads 1 --model "$d" --arm "$arm" --seed "$seed" --steps 1 $(hyper "$d/trainer_state.json") \
            --out "$T/ckpt" -o "$T/metrics" "$next" ;;
    */checkpoint/tok* | */base/model/tok*) "$BIN/tokenize" --quiet --tokenizer "$d" --json "$T/row.jsonl" ;;
    */checkpoint/* | */base/model/*) "$BIN/rollout" --quiet --threads 1 --model "$d" --max-new 2 --json "$T/tokens.jsonl" ;;
    *.msgpack | *.zst) "$BIN/show" --json "$1" ;;
    *) return 4 ;;
    esac
}
named=0 same=0 people=0
awk -v n="$FLIPS" -v files="$(wc -l <"$T/files")" 'BEGIN { srand(20); for (i = 0; i < n; i++)
    print 1 + int(rand() * files), rand(), int(rand() * 8) }' >"$T/draws"
while read -r k where bit; do
    f=$(sed -n "${k}p" "$T/files")
    size=$(stat -c %s "$f") short=${f#"$T"/}
    [ "$size" -gt 0 ] || continue
    at=$(awk -v x="$where" -v n="$size" 'BEGIN { print int(x * n) }')
    reader "$f" >"$T/before" 2>/dev/null
    flip "$f" "$at" "$bit"
    "${make[@]}" verify >"$T/out" 2>"$T/err.verify"
    verified=$?
    reader "$f" >"$T/after" 2>"$T/err.reader"
    rc=$?
    flip "$f" "$at" "$bit"
    if [ $rc = 4 ]; then
        people=$((people + 1))
    elif [ $rc = 0 ] && cmp -s "$T/before" "$T/after"; then
        same=$((same + 1))
        [ $verified != 0 ] && grep -qF "$f" "$T/err.verify" || echo "note flips: byte $at bit $bit of $short: read as before"
        continue
    elif [ $rc -ge 1 ] && [ $rc -le 3 ] && grep -qF "$f" "$T/err.reader"; then
        named=$((named + 1))
    else
        no "read_$short" "byte $at bit $bit: exit $rc: $(head -c 200 "$T/err.reader")"
        continue
    fi
    [ $verified != 0 ] && grep -qF "$f" "$T/err.verify" || no "verified_$short" "byte $at bit $bit: exit $verified: $(head -c 200 "$T/err.verify")"
done <"$T/draws"
echo "note flips: $named named by the program that reads the file, $people in files that people read, all named by make verify; $same read as before"
[ $((named + people + same)) = "$(wc -l <"$T/draws")" ] && ok each_is_noticed || no each_is_noticed "$named + $people + $same of $FLIPS"
"${make[@]}" verify >"$T/out" 2>"$T/err" && ok flipped_back_is_verified || no flipped_back_is_verified "$(cat "$T/err")"
