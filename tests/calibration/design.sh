# stats --design: the parts of a paired difference, what is decided already, and
# what it takes where it is not; by numbers known by hand and simulated truths
set -u
. tests/lib.sh
S="$BIN/stats --quiet --design --json"
cost='cost=train=4 eval=1 rest=2'

# M between seeds 0.02, between draws 0.005; D between draws 0.01: sampling of
# two draws 0.005, no noise beyond it, and a seed's variance of 0.02
cat >"$T/tasks.json" <<'EOF'
{"tasks":[{"name":"t","role":"on"},{"name":"u","role":"off"}]}
EOF
for seed in 1 2; do for draw in 0 1; do
    echo '{"arm":"ref","seed":'$seed',"draw":'$draw',"task":"t","j":0.5,"j_even":0.5,"j_odd":0.5}'
done; done >"$T/r.jsonl"
cat >>"$T/r.jsonl" <<'EOF'
{"arm":"a","seed":1,"draw":0,"task":"t","j":0.5,"j_even":0.6,"j_odd":0.4}
{"arm":"a","seed":1,"draw":1,"task":"t","j":0.6,"j_even":0.5,"j_odd":0.7}
{"arm":"a","seed":2,"draw":0,"task":"t","j":0.7,"j_even":0.7,"j_odd":0.7}
{"arm":"a","seed":2,"draw":1,"task":"t","j":0.8,"j_even":0.8,"j_odd":0.8}
EOF
$S --tasks "$T/tasks.json" --set arms='ref a' --set "$cost" "$T/r.jsonl" >"$T/out"
is a_paired_difference_is_taken_apart '2 2 0.158114 0.070711' \
    "$(sed -n 's/.*"paired".*"seeds":\(.*\),"draws":\(.*\),"sd":\(.*\),"sd_sampling":\(.*\)}/\1 \2 \3 \4/p' "$T/out" |
        awk '{ printf "%d %d %.6f %.6f", $1, $2, $3, $4 }')"
is what_cannot_be_known_has_no_design '{"quantity":"H3"}' "$(grep '"H3"' "$T/out")"
fails costs_are_asked_for 2 "cost: found '', expected" $S --tasks "$T/tasks.json" "$T/r.jsonl"
fails a_cost_is_a_number 2 "found 'train=4 eval=x rest=2'" $S --tasks "$T/tasks.json" \
    --set 'cost=train=4 eval=x rest=2' "$T/r.jsonl"
grep ref "$T/r.jsonl" >"$T/one.jsonl"
fails two_arms_are_compared 3 "two arms, found 1" $S --tasks "$T/tasks.json" \
    --set "$cost" "$T/one.jsonl"

# truths of tests/calibration: noise of half the seed variance is found by 20
# seeds of 4 draws in all experiments; 10 seeds of 3 draws find it in one of ten
if [ ! -x "${SIMULATE:-}" ]; then
    echo "skip designs_of_known_truths: no simulate"
    exit 0
fi
{ echo '{"tasks":[{"name":"on","role":"on"}'
  for k in 1 2 3 4 5 6 7; do echo ",{\"name\":\"off$k\",\"role\":\"off\"}"; done
  echo ']}'; } >"$T/eight.json"
design() { # TRUTH: HYPOTHESIS SEEDS DRAWS SAMPLES SECONDS a line
    "$SIMULATE" "$1" 1 | $S --tasks "$T/eight.json" --set arms='ref arm third' --set "$cost" |
        sed -n 's/.*"quantity":"\(.*\)","seeds":\(.*\),"draws":\(.*\),"samples":\(.*\),"seconds":\(.*\)}/\1 \2 \3 \4 \5/p'
}
design noise_half >"$T/half"
is what_decides_already_costs_nothing "H2-noise 20 4 1.0 0.0" "$(grep H2-noise "$T/half")"
design null >"$T/null"
if awk '$1 == "H2-noise" && $5 > 0 && ($2 > 10 || $4 > 1) { found = 1 } END { exit !found }' "$T/null"; then
    ok what_does_not_decide_takes_more
else
    no what_does_not_decide_takes_more "$(cat "$T/null")"
fi
# its cost: the runs beyond 10 x 3 of three arms, the base of new seeds, and the
# evaluations there are once more where samples change
awk '$1 == "H2-noise" { n = $2; r = $3; m = $4; again = m > 1
    want = 3 * (n * r - 30) * (4 + 2 + m) + (n - 10) * m + again * (90 + 10) * m
    exit !($5 == want) }' "$T/null" && ok the_cost_is_that_of_what_is_new ||
    no the_cost_is_that_of_what_is_new "$(cat "$T/null")"

# a pilot's runs count for nothing: all runs, and the base under each seed
"$SIMULATE" null 1 | $S --tasks "$T/eight.json" --set arms='ref arm third' --set "$cost fresh" >"$T/fresh"
awk -F'[:,}]' '/"H1"/ && /"seconds"/ { for (i = 1; i < NF; i++) v[$i] = $(i + 1)
    n = v["\"seeds\""]; r = v["\"draws\""]; m = v["\"samples\""]; rows++
    if (v["\"seconds\""] != 3 * n * r * (4 + 2 + m) + n * m) wrong = 1
    if (!/tried/) best = v["\"seconds\""]; else if (v["\"seconds\""] < best) wrong = 1
    } END { exit !(rows > 2 && !wrong) }' "$T/fresh" && ok a_pilots_runs_do_not_count ||
    no a_pilots_runs_do_not_count "$(grep '"H1"' "$T/fresh" | tr '\n' ' ')"
