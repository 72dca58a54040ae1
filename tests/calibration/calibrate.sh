#!/bin/bash
# calibrate - error rates of the verdicts, coverage of the intervals and the
# power that is printed, over simulated experiments whose truth is known
#
#   N=40 TRUTHS='null no_noise' OUT=DIR bash tests/calibration/calibrate.sh
#
# N experiments of each truth (simulate list) go through bin/stats --verdicts.
# LONG=1: all truths, N=1000; docs/CALIBRATION.md has the table and how many its rows took.
set -u
sim=$SIMULATE # make builds it
here=tests/calibration
if [ "${LONG:-0}" = 1 ]; then N=${N:-1000} TRUTHS=${TRUTHS:-$($sim list | cut -d' ' -f1)}
else N=${N:-40} TRUTHS=${TRUTHS:-null kl_larger_everywhere arm_moves_less}; fi

. tests/lib.sh
verdicts() { # TRUTH N [OPTIONS]
    local truth=$1 n=$2
    shift 2
    "$sim" "$truth" "$n" | "$BIN/stats" --quiet --verdicts --json "$@" \
        --tasks "$T/tasks.json" --set reference=ref --set arms='ref arm third'
}

{ echo '{"tasks":[{"name":"on","role":"on"}'
  for k in 1 2 3 4 5 6 7; do echo ",{\"name\":\"off$k\",\"role\":\"off\"}"; done
  echo ']}'; } >"$T/tasks.json"

for truth in $TRUTHS; do
    "$sim" "$truth" expect >"$T/expect"
    verdicts "$truth" "$N" >"$T/v.jsonl"
    if python3 $here/tally.py "$T/expect" <"$T/v.jsonl" >"$T/tally"; then ok "$truth"
    else no "$truth" "$(grep BAD "$T/tally" | tr '\n' ';')"; fi
    [ -z "${OUT:-}" ] || cp "$T/tally" "$OUT/$truth.txt"
done

# power as printed against the share of verdicts that find the effect
power() { # NAME TRUTH QUANTITY HYPOTHESIS
    verdicts "$2" 8 --power | sed -n "s/.*\"$3\".*\"estimate\":\([^,}]*\).*/\1/p" |
        awk '{ s += $1 } END { print s / NR }' >"$T/printed"
    verdicts "$2" "$N" | awk -v h="\"$4\"" '$0 ~ "\"quantity\":" h && /"arm":"arm"/ {
        n++; hit += /"word":"supported"/ } END { print hit / n, n }' >"$T/found"
    paste -d' ' "$T/printed" "$T/found" >"$T/power"
    # 5 points, the spread of the observed spread in eight experiments, and two
    # Monte Carlo errors of N
    if awk '{ e = $1 - $2; if (e < 0) e = -e
              exit !(e <= 0.05 + 0.1 + 2 * sqrt(0.25 / $3)) }' "$T/power"; then ok "$1"
    else no "$1" "printed, found, of: $(cat "$T/power")"; fi
    [ -z "${OUT:-}" ] || cp "$T/power" "$OUT/$1.txt"
}
if [ "${LONG:-0}" = 1 ]; then
    power power_of_h2_is_as_printed variance_4 power_h2_at_4 H2
    power power_of_h2_noise_is_as_printed noise_half power_noise_at_half H2-noise
fi
