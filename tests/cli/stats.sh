#!/bin/bash
# stats - aggregates, scores, tags and the report, on records whose truth is
# known (tests/golden/stat/report/records.awk)
#
# After a wanted change of the page:
#   awk -v sd=0.005 -v ratio=20 -v seeds=10 -f $G/records.awk |
#     bin/stats --report out --setting $G/setting.json --tasks $G/tasks.json
#   diff $G/summary.txt out/summary.txt; cp out/summary.txt $G/
set -u
S=$BIN/stats
G=tests/golden/stat/report

. tests/lib.sh
has() { # NAME PATTERN FILE
    if grep -q -e "$2" "$3"; then ok "$1"; else no "$1" "no '$2' in it"; fi
}
records() { awk -v sd="$1" -v ratio="$2" -v seeds="$3" -f $G/records.awk; }
report() { # DIR OPTIONS...: records on stdin
    local dir=$1
    shift
    $S --report "$dir" --tasks $G/tasks.json "$@"
}

# --- aggregates ---------------------------------------------------------
cat >"$T/a.jsonl" <<'EOF'
{"task":"b","arm":"x","correct":true,"response_tokens":[1,2,3],"response":"four"}
{"task":"b","arm":"x","correct":false,"response_tokens":[1],"response":"fiv"}
{"task":"a","arm":"x","correct":true,"response_tokens":[],"m":{"v":2.5}}
{"task":"a","arm":"y","correct":true,"response_tokens":[4,5],"m":{"v":null}}
EOF
is groups_as_a_table "$(cat tests/golden/stat/groups.txt)" \
    "$($S --table --by task,arm correct 'len(response_tokens)' m.v <"$T/a.jsonl")"
is groups_as_records \
    '{"task":"a","n":2,"len(response)":{"n":0}}
{"task":"b","n":2,"len(response)":{"n":2,"mean":3.5,"sd":0.7071067811865476,"se":0.5,"min":3.0,"max":4.0}}' \
    "$($S --json --by task 'len(response)' <"$T/a.jsonl")"
is no_fields_counts_records '{"arm":"x","n":3}
{"arm":"y","n":1}' "$($S --json --by arm <"$T/a.jsonl")"
is no_groups_is_one_group '{"n":4,"correct":{"n":4,"mean":0.75,"sd":0.5,"se":0.25,"min":0.0,"max":1.0}}' \
    "$($S --json correct <"$T/a.jsonl")"
is numbers_sort_as_numbers '{"k":2,"n":1}
{"k":10,"n":1}' "$(printf '{"k":10}\n{"k":2}\n' | $S --json --by k)"
fails a_misspelt_field_is_an_error 3 'no record has the field corect' \
    bash -c "$S --json corect <$T/a.jsonl"
fails an_array_of_texts_is_no_number 3 'record 1: x[1]: found str, expected a number' \
    bash -c "echo '{\"x\":[1,\"2\"]}' | $S --json x"
fails a_map_is_no_number 3 'record 1: x: found map, expected a number' \
    bash -c "echo '{\"x\":{\"y\":1}}' | $S --json x"
# arrays: each element is a value; functions make one number of an array
cat >"$T/arrays.jsonl" <<'EOF'
{"g":"a","v":[1,2,3],"l":{"p":[0.5,1.5]}}
{"g":"a","v":[],"l":{"p":[2.5]}}
{"g":"b","v":[10,true],"w":1}
EOF
A=$T/arrays.jsonl
is an_array_is_its_elements '{"g":"a","n":2,"v":{"n":3,"mean":2.0,"sd":1.0,"se":0.5773502691896258,"min":1.0,"max":3.0}}
{"g":"b","n":1,"v":{"n":2,"mean":5.5,"sd":6.363961030678928,"se":4.5,"min":1.0,"max":10.0}}' \
    "$($S --json --by g v <$A)"
is functions_of_an_array '{"n":3,"sum(v)":{"n":3,"mean":5.666666666666667},"mean(v)":{"n":2,"mean":3.75},"max(v)":{"n":2,"mean":6.5},"min(v)":{"n":2,"mean":1.0},"len(v)":{"n":3,"mean":1.6666666666666667}}' \
    "$($S --json --stat n,mean 'sum(v)' 'mean(v)' 'max(v)' 'min(v)' 'len(v)' <$A)"
is inner_names_stay_whole 1.5 "$($S --json --stat mean 'len(l.p)' <$A | $BIN/show --field 'len(l.p).mean')"
is a_dotted_array 1.5 "$($S --json --stat mean l.p <$A | $BIN/show --field l.p.mean)"
seq 0 100 | sed 's/.*/{"x":&}/' >"$T/x.jsonl"
is quantiles '{"n":101,"x":{"median":50.0,"p0":0.0,"p5":5.0,"p90":90.0,"p100":100.0,"sum":5050.0,"n":101}}' \
    "$($S --json --stat median,p0,p5,p90,p100,sum,n x <"$T/x.jsonl")"
is quantiles_are_interpolated '{"n":4,"x":{"p25":1.75,"median":2.5,"p90":3.7}}' \
    "$(seq 4 | sed 's/.*/{"x":&}/' | $S --json --stat p25,median,p90 x)"
is stat_of_a_table "$(printf 'g  field  median  p90\n---------------------\na  v           2  2.8\nb  v         5.5  9.1')" \
    "$($S --table --by g --stat median,p90 v $A)"
for s in men p101 p-1 p p1.5 mean,mean ,mean 'mean,' "" p0x; do
    fails "no_stat_$s" 2 'stats: --stat: ' $S --stat "$s" v $A
done

# inputs: files as in every other program, fields by name or by --field
is a_file_is_read "$($S --json --by g v <$A)" "$($S --json --by g v $A)"
is files_and_fields_in_any_order "$(cat $A $A | $S --json --by g v w)" "$($S --json $A --by g v $A w)"
is standard_input_by_name "$(cat $A $A | $S --json v)" "$($S --json v - $A <$A)"
is files_for_a_table "$($S --table --by g v <$A)" "$($S --table --by g v $A)"
of_v=$($S --json v <$A)
(mkdir "$T/cd" && cp "$A" "$T/cd/v" && cd "$T/cd"
 is a_file_called_like_a_field "$of_v"' {"n":3}' "$($S --json --field v v) $($S --json v)"
 is fields_with_commas "$($S --json --field v --field w <v)" "$($S --json --field v,w v)")
fails a_missing_file 1 "stats: $T/none: No such file" $S --by g v "$T/none"
fails a_missing_field_and_who_writes_it 3 'no record has the field correct: run reward' $S correct $A
fails an_empty_field_name 2 "stats: --field: 'v,' has an empty name" $S --field v, $A
is skipped_in_a_table 1 "$(printf '{"v":1}\n{"v":"x"}\n' | $S --table --skip-bad 1 v 2>&1 | grep -c '1 bad record left out; the first: stdin: record 2: v: found str')"
fails a_word_is_no_number 3 'record 1: task' bash -c "$S --json task <$T/a.jsonl"
fails no_records_is_an_error 3 'no records' bash -c "$S --json correct </dev/null"
is bad_records_can_be_left_out '{"n":3,"v":{"n":3,"mean":2.0,"sd":1.0,"se":0.5773502691896258,"min":1.0,"max":3.0}}' \
    "$(printf '{"v":1}\n{"v":"x"}\n{"v":2}\n{"v":3}\n' | $S --json --skip-bad 1 v 2>/dev/null)"

# --- tags ----------------------------------------------------------------
is tag_sets_typed_fields '{"x":1,"arm":"bf16","seed":3,"lr":0.5,"ok":true}' \
    "$(echo '{"x":1}' | $S --json --tag --set arm=bf16 --set seed=3 --set lr=0.5 --set ok=true)"
$S --tag --set arm=bf16 --set seed=3 -o "$T/tagged" "$T/a.jsonl"
is a_tagged_stream_can_be_read_again '{"arm":"bf16","n":4}' \
    "$($S --json --by arm <"$T/tagged")"
fails set_takes_key_and_value 2 'expected KEY=VALUE' $S --tag --set arm
fails one_mode_at_a_time 2 'more than one of' $S --tag --score

# --- scores ----------------------------------------------------------------
cat >"$T/r.jsonl" <<'EOF'
{"id":"p","task":"t","correct":true,"well_formed":true,"response_tokens":[1,2],"finish_reason":"stop","policy":"aa"}
{"id":"p","task":"t","correct":true,"well_formed":true,"response_tokens":[1,2],"finish_reason":"stop","policy":"aa"}
{"id":"q","task":"t","correct":false,"well_formed":true,"response_tokens":[1],"finish_reason":"stop","policy":"aa"}
{"id":"q","task":"t","correct":true,"well_formed":true,"response_tokens":[1],"finish_reason":"stop","policy":"aa"}
{"id":"r","task":"t","correct":false,"well_formed":false,"response_tokens":[1,2,3],"finish_reason":"length","policy":"aa"}
{"id":"r","task":"t","correct":false,"well_formed":true,"response_tokens":[1,2,3],"finish_reason":"length","policy":"aa"}
{"id":"p","task":"u","correct":true}
EOF
is score_of_known_answers "$(cat tests/golden/stat/score.jsonl)" \
    "$($S --json --score --set arm=bf16 --set seed=3 "$T/r.jsonl")"
fails a_response_counts_once 3 'sample 0 of question a comes a second time' \
    bash -c "for i in 1 2; do echo '{\"id\":\"a\",\"task\":\"t\",\"sample\":0,\"correct\":true}'; done | $S --score"
fails score_needs_correct 3 'record 1: correct is missing: run reward' \
    bash -c "echo '{\"id\":\"a\",\"task\":\"t\"}' | $S --score"

cat >"$T/k.jsonl" <<'EOF'
{"id":"p","task":"t","response_tokens":[1,2],"kl":{"sequence":{"exact":0.2,"k1":0.1,"k2":0.1,"k3":0.3}}}
{"id":"q","task":"t","response_tokens":[1,2],"kl":{"sequence":{"exact":0.4,"k1":0.1,"k2":0.1,"k3":0.3}}}
{"id":"p","task":"u","response_tokens":[1],"kl":{"sequence":{"k1":0.1}}}
EOF
is kl_score_of_known_values "$(cat tests/golden/stat/kl_score.jsonl)" \
    "$($S --json --kl-score --set arm=bf16 "$T/k.jsonl")"
fails kl_score_needs_kl 3 'kl.sequence is missing: run kl' bash -c \
    "echo '{\"id\":\"a\",\"task\":\"t\",\"response_tokens\":[1]}' | $S --kl-score"

# --- the report --------------------------------------------------------------
records 0.005 20 10 >"$T/e.jsonl"
report "$T/o" --setting $G/setting.json <"$T/e.jsonl"
if diff $G/summary.txt "$T/o/summary.txt" >"$T/d"; then ok summary_is_the_golden_one
else no summary_is_the_golden_one "$(head -5 "$T/d" | tr '\n' '~')"; fi
is lines_fit_100_columns "" "$(awk 'length > 100' "$T/o/summary.txt")"
is every_table_is_a_file "$(printf '%s\n' answers aggregates clip components counts findings h1 h2 \
    h3 kl noise power scores selftest sparsity \
    sparsity_layers tasks variance verdicts | sort | tr '\n' ' ')" \
    "$(cd "$T/o/tables" && for f in *.tsv; do echo "${f%.tsv}"; done | sort | tr '\n' ' ')"
is tables_are_read_without_cleaning "" \
    "$(for f in "$T"/o/tables/[!s]*.tsv "$T"/o/tables/s[!e]*.tsv; do awk -F'\t' -v f="$f" '
        NR == 1 { for (i = 1; i <= NF; i++) { if (seen[$i]++) print f, "column", $i, "twice"; head[i] = $i }; next }
        { for (i = 1; i <= NF; i++) if ($i ~ /^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/) num[i]++
            else if ($i != "NA") text[i]++ }
        END { for (i in num) if (text[i]) print f, "column", head[i], "has numbers and words" }' "$f"; done | head -5)"
is tables_have_one_width "" \
    "$(for f in "$T"/o/tables/[!s]*.tsv "$T"/o/tables/s[!e]*.tsv; do awk -F'\t' -v f="$f" 'NR==1{n=NF} NF!=n{print f; exit}' "$f"; done)"

# records in another order, in files of other formats: the same bytes
$S --tag -o "$T/e1.msgpack" < <(head -500 "$T/e.jsonl" | tac)
$S --tag -o "$T/e2.zst" < <(tail -n +501 "$T/e.jsonl" | tac)
report "$T/o2" --setting $G/setting.json "$T/e2.zst" "$T/e1.msgpack"
is the_order_of_records_changes_no_byte "" \
    "$(diff -rq -x report.in.html "$T/o" "$T/o2" 2>&1)"
# the page says how its files were made, and rows do not say that
is the_order_of_records_changes_no_byte_of_the_page "" "$(
    page() { sed '/^<section id="where-the-numbers/,/^<\/section>/d' "$1/report.in.html"; }
    diff -q <(page "$T/o") <(page "$T/o2"))"

words() { awk -v a="$1" '$1 == a' FS='\t' "$2/tables/verdicts.tsv" | cut -f "$3"; }
is equal_means_are_found_equivalent supported "$(words bf16 "$T/o" 2)"
is a_variance_ratio_of_20_is_found supported "$(words bf16 "$T/o" 3)"
is off_task_drift_is_found supported "$(words bf16 "$T/o" 5)"
is equal_variances_are_not_called_different "not shown" \
    "$(words bf16-mixed "$T/o" 3)"
is one_draw_tells_no_noise "not tested" "$(words bf16 "$T/o" 4)"
has a_verdict_says_its_direction \
    'bf16: off-task accuracy varies more over seeds (H2, p = ' "$T/o/summary.txt"
has the_largest_effect_left_is_told 'H2, bf16-mixed against fp32: not shown .*' \
    "$T/o/summary.txt"
records 0.005 1 20 | report "$T/o3" --set arms="fp32 bf16"\ bf16-mixed
is absence_of_a_finding_is_no_finding "not shown" "$(words bf16 "$T/o3" 3)"
records 0.02 0.02 20 | report "$T/o12"
is a_smaller_variance_contradicts_h2 contradicted "$(words bf16 "$T/o12" 3)"
records 0.005 20 5 | report "$T/o13"
is five_seeds_cannot_reach_the_level "too few seeds" "$(words bf16 "$T/o13" 3)"
report "$T/o14" --set looks='10 20' <"$T/e.jsonl"
has a_look_spends_its_share 'Level 0.025 over' "$T/o14/summary.txt"
report "$T/o15" --set looks='8 20' <"$T/e.jsonl"
is between_looks_there_is_no_word "between looks" "$(words bf16 "$T/o15" 3)"
fails looks_grow 3 'looks: found "20 10"' \
    bash -c "$S --report $T/x --set looks='20 10' <$T/e.jsonl"
sed '/"task":"gsm8k","j"/s/"j":[0-9.]*/"j":0.999/' "$T/e.jsonl" | report "$T/o16"
has a_task_at_the_ceiling_is_left_out \
    'gsm8k (base and reference at the ceiling)' "$T/o16/summary.txt"
records 0.005 20 10 | report "$T/o4" --set margin=0.001
is a_margin_below_the_noise_cannot_be_met "not shown" \
    "$(words bf16 "$T/o4" 2)"
records 0.005 20 10 | sed '/"arm":"bf16",.*"task":"dm_val","j"/s/"j":0.\(..\)/"j":0.3\1/' |
    report "$T/o5"
is means_apart_contradict_h1 contradicted "$(words bf16 "$T/o5" 2)"

# two seeds, two draws, the base under each seed's stream: J of a seed is its
# mean over draws, and delta J is against the base of the same stream
cat >"$T/d.jsonl" <<'EOF'
{"arm":"base","seed":1,"task":"t","j":0.1}
{"arm":"base","seed":2,"task":"t","j":0.2}
{"arm":"fp32","seed":1,"draw":0,"task":"t","j":0.3,"j_even":0.3,"j_odd":0.3}
{"arm":"fp32","seed":1,"draw":1,"task":"t","j":0.5,"j_even":0.4,"j_odd":0.6}
{"arm":"fp32","seed":2,"draw":0,"task":"t","j":0.4,"j_even":0.4,"j_odd":0.4}
{"arm":"fp32","seed":2,"draw":1,"task":"t","j":0.4,"j_even":0.4,"j_odd":0.4}
EOF
verdicts() { $S --verdicts --json "$@" |
    sed -n 's/.*"quantity":"\([a-z_]*\)".*"seeds":\([0-9]*\),"estimate":\([^,}]*\).*/\1 \2 \3/p'; }
is draws_and_streams_are_paired "delta_j 2 0.25
variance 2 0.0
seed_variance 2 0.0
noise_variance 2 0.0075" "$(verdicts "$T/d.jsonl" | head -4 | awk '{ printf "%s %s %s\n", $1, $2, ($3 < 1e-12 && $3 > -1e-12) ? "0.0" : sprintf("%.6g", $3) }')"
# experiments in one stream get verdicts of their own, those of one alone
sed 's/^{/{"experiment":"a",/' "$T/e.jsonl" >"$T/two.jsonl"
records 0.005 1 10 | sed 's/^{/{"experiment":"b",/' >>"$T/two.jsonl"
$S --verdicts --json --tasks $G/tasks.json "$T/e.jsonl" >"$T/v1"
$S --verdicts --json --tasks $G/tasks.json "$T/two.jsonl" >"$T/v2"
is an_experiment_among_others_is_the_one_alone "" \
    "$(grep '"experiment":"a"' "$T/v2" | sed 's/"experiment":"a",//' | diff - "$T/v1" | head -3)"

# question by question: two runs of each arm, then one run of one sample
cat >"$T/q.jsonl" <<'EOF'
{"arm":"base","task":"dm_val","j":0.5}
{"arm":"x","seed":1,"task":"dm_val","j":0.5,"ids":["a","b","c"],"samples":[4,4,4],"correct":[4,2,0]}
{"arm":"x","seed":2,"task":"dm_val","j":0.5,"ids":["a","b","c"],"samples":[4,4,4],"correct":[4,2,2]}
{"arm":"y","seed":1,"task":"dm_val","j":0.5,"ids":["c","b","a"],"samples":[4,4,4],"correct":[2,2,0]}
{"arm":"y","seed":2,"task":"dm_val","j":0.5,"ids":["c","b","a"],"samples":[4,4,4],"correct":[2,2,2]}
{"arm":"y","seed":3,"task":"dm_val","j":0.5,"ids":["c","b","a"],"samples":[4,4,4],"correct":[0,0,0]}
EOF
report "$T/q" --set reference=x <"$T/q.jsonl"
is questions_are_paired_by_id_over_common_seeds \
    "$(printf 'dm_val\ty\t3\t-0.1667\t0.3005\t1\t1\t1\tNA')" \
    "$(sed -n 2p "$T/q/tables/questions.tsv")"
is the_question_that_moved_most_comes_first "$(printf 'dm_val\ty\ta\t0.250\t1.000\t-0.750')" \
    "$(sed -n 2p "$T/q/tables/questions_moved.tsv")"
grep -v '"seed":[23]' "$T/q.jsonl" | sed 's/"samples":\[4,4,4\]/"samples":[1,1,1]/
    s/"correct":\[4,2,0\]/"correct":[1,1,0]/; s/"correct":\[2,2,0\]/"correct":[0,1,0]/' |
    report "$T/q1" --set reference=x
is one_sample_a_question_has_mcnemar "$(printf 'dm_val\ty\t3\t-0.3333\t0.3333\t0\t1\t2\t1.0000')" \
    "$(sed -n 2p "$T/q1/tables/questions.tsv")"
fails counts_beyond_the_samples_are_refused 3 'question a: 5 correct of 4 samples' bash -c \
    "echo '{\"arm\":\"x\",\"seed\":1,\"task\":\"t\",\"j\":1,\"ids\":[\"a\"],\"samples\":[4],\"correct\":[5]}' | $S --report $T/x"

# degenerate experiments say so, in words
records 0.005 20 1 | report "$T/o6"
has one_seed_has_no_interval 'n.c. = not computable: only one value' "$T/o6/summary.txt"
records 0 1 5 | report "$T/o7"
has no_spread_is_said 'not computable: zero variance' "$T/o7/summary.txt"
records 0.005 20 5 | grep '"j":' | report "$T/o8"
has missing_streams_are_said 'No KL scores were given' "$T/o8/summary.txt"
records 0.005 20 5 | grep -v '"arm":"b' | report "$T/o9"
has one_arm_is_no_comparison 'Not tested: it takes two arms' "$T/o9/summary.txt"
is no_nan_anywhere "" "$(grep -liE '(^|[^a-z])-?(nan|inf)([^a-z]|$)' "$T"/o*/summary.txt "$T"/o*/tables/*.tsv)"
records 0.005 20 5 | sed '/"step":3,/s/"logp_gap_max":0/"logp_gap_max":0.25/' | report "$T/o10"
has a_broken_instrument_fails_its_test 'trainer - logp sampler.*fp32 *0.25 *0  FAIL' \
    "$T/o10/summary.txt"
awk '/"j":/ && /"seed":1,/ { r = $0; sub(/"seed":1,/, "&\"replicate\":1,", r); print r } { print }' \
    "$T/e.jsonl" | report "$T/o11"
has replicates_of_a_seed_are_compared 'a seed run twice.*fp32  *0 in 7 tasks *0  pass' \
    "$T/o11/summary.txt"

fails a_score_twice_is_an_error 3 'two score records of arm base' \
    bash -c "cat $T/e.jsonl $T/e.jsonl | $S --report $T/x"
fails a_missing_seed_is_an_error 3 'seed: missing' \
    bash -c "echo '{\"j\":0.1,\"arm\":\"fp32\",\"task\":\"t\"}' | $S --report $T/x"
fails an_unknown_task_is_an_error 3 'records of task zzz' bash -c \
    "echo '{\"j\":0.1,\"arm\":\"fp32\",\"seed\":1,\"task\":\"zzz\"}' | $S --report $T/x --tasks $G/tasks.json"
fails an_arm_without_records_is_an_error 3 'no records of arm fp16' \
    bash -c "$S --report $T/x --set arms='fp32 fp16' <$T/e.jsonl"
fails a_margin_must_be_positive 3 'margin' \
    bash -c "$S --report $T/x --set margin=-1 <$T/e.jsonl"
fails a_cut_stream_is_an_error 3 'e1' \
    bash -c "head -c 5000 $T/e1.msgpack >$T/cut.e1; $S --report $T/x $T/cut.e1"
fails a_folder_that_cannot_be_made_is_named 1 'a.jsonl' \
    bash -c "$S --report $T/a.jsonl/x <$T/e.jsonl"
fails html_needs_a_report 1 'report.in.html' $S --html "$T/nothing"

# --- plots and the page --------------------------------------------------------
if command -v gnuplot >/dev/null; then
    for p in reward delta_j kl sparsity; do
        gnuplot -e "dir='$T/o'" pipelines/plots/$p.gp 2>>"$T/gp.err"
        gnuplot -e "dir='$T/o2'" pipelines/plots/$p.gp 2>>"$T/gp.err"
    done
    is plots_are_drawn_without_a_word "" "$(cat "$T/gp.err")"
    is plots_are_the_same_bytes "" "$(diff -rq "$T/o/plots" "$T/o2/plots")"
    is four_plots_in_two_formats 8 "$(ls "$T"/o/plots/*.svg "$T"/o/plots/*.png | wc -l)"
    is no_curve_has_a_name_of_gnuplots_own "" \
        "$(grep -lE '>(Gnuplot|gnuplot_plot_[0-9a-z]+|by_[^<]*)</title>' "$T"/o/plots/*.svg)"
    has the_floor_of_kl_is_named '>noise floor<' "$T/o/plots/kl.svg"
    $S --html "$T/o"
    is the_page_has_all_plots "4 0" \
        "$(grep -c '<svg' "$T/o/report.html") $(grep -c '<!--plot\|was not made' "$T/o/report.html")"
    is the_page_needs_nothing_else "" \
        "$(grep -oE '(src|href)="[^#"]+"|@import|<link|url\([^#]' "$T/o/report.html" | grep -v 'url(")')"
    is no_id_stands_twice "" \
        "$(grep -oE " id=['\"][^'\"]+" "$T/o/report.html" | sort | uniq -d | head -3)"
    # a report of scores alone draws what it can
    for p in reward delta_j kl sparsity; do
        gnuplot -e "dir='$T/o8'" pipelines/plots/$p.gp 2>>"$T/gp8.err"
    done
    $S --html "$T/o8"
    is plots_without_data_are_left_out "1 0" \
        "$(grep -c '<svg' "$T/o8/report.html") $(grep -c '<!--plot' "$T/o8/report.html")"
    rm "$T/o/plots/kl.svg"
    $S --html "$T/o"
    has a_plot_not_made_is_named 'plots/kl.svg was not made' "$T/o/report.html"
else
    echo "skip plots: gnuplot is not installed"
fi
