# stats --report: a run that did not train, whose batches lacked groups or whose
# policy collapsed fails a self-test, and the findings say so
set -u -o pipefail
. tests/lib.sh selftests
cd "$T"
# metrics of 2 runs of 20 steps; SED changes those of seed 2
run() { # NAME SED
    awk 'BEGIN { for (s = 1; s <= 2; s++) for (t = 0; t < 20; t++)
        printf "{\"step\":%d,\"reward_mean\":-0.5,\"accuracy\":%.2f,\"response_length_mean\":9,\"rollouts\":640,\"groups_kept\":40," \
            "\"groups_dropped\":30,\"groups_surplus\":10,\"groups_missing\":0,\"groups_one_response\":0,\"groups_no_advantage\":0," \
            "\"logp_gap_max\":0,\"updates\":2,\"skipped_updates\":0,\"arm\":\"fp32\",\"seed\":%d}\n", t, 0.3 + t / 100, s }' |
        sed -E "/\"seed\":2/{$2}" >m.jsonl
    rm -rf "$1"
    "$BIN/stats" --quiet --report "$1" m.jsonl 2>err || no "$1" "$(head -c 200 err)"
}
fails() { # NAME SED SELF-TEST FOUND
    run "$1" "$2"
    local note="=> A self-test failed: $3, fp32: found $4, expected 0."
    if sed -n '/^Findings/,/^Setting/p' "$1/summary.txt" | tr '\n' ' ' | tr -s ' ' | grep -qF -- "$note" &&
        grep -qE "^Self-tests of the instrument: [0-9]+ passed, 1 failed\.$" "$1/summary.txt" &&
        tr -s " " <"$1/summary.txt" | grep -qxF " $3 fp32 $4 0 FAIL"; then ok "$1"
    else no "$1" "$(grep -E 'FAIL|failed|=>' "$1/summary.txt" | head -n 5 | tr '\n' '~')"; fi
}
run healthy ''
if grep -qE '^Self-tests of the instrument: [0-9]+ passed, 0 failed\.$' healthy/summary.txt && ! grep -q FAIL healthy/summary.txt; then ok a_healthy_run_fails_none; else no a_healthy_run_fails_none "$(grep FAIL healthy/summary.txt)"; fi
idle='s/"updates":2/"updates":0/'
none='runs without an update, an advantage or a change'
lacked='prompt groups that batches lacked'
gone='runs whose policy collapsed'
fails no_update "$idle" "$none" '1 of 2'
fails no_advantage 's/"groups_no_advantage":0/"groups_no_advantage":40/' "$none" '1 of 2'
fails no_weight_changed 's/"updates":2/"changed_fraction":0.0,&/' "$none" '1 of 2'
fails one_group_lacks '/"step":7,/{s/"groups_kept":40/"groups_kept":39/; s/"groups_missing":0/"groups_missing":1/}' "$lacked" '1 of 1600'
fails one_response_each '/"step":19,/s/"groups_one_response":0/"groups_one_response":80/' "$gone" '1 of 2'
fails accuracy_fell '/"step":1[89],/s/"accuracy":[0-9.]*/"accuracy":0.05/' "$gone" '1 of 2'
fails no_group_is_mixed_any_more '/"step":1[89],/{s/"accuracy":[0-9.]*/"accuracy":0.25/; s/"groups_dropped":30/"groups_dropped":400/; s/"groups_surplus":10/"groups_surplus":0/}' "$gone" '1 of 2'
fails skipped_updates '/"step":3,/s/"skipped_updates":0/"skipped_updates":1/' 'updates skipped (gradient not finite)' 1
# what is no fault
passes() { # NAME SED
    run "$1" "$2"
    grep -qE '^Self-tests of the instrument: [0-9]+ passed, 0 failed\.$' "$1/summary.txt" && ok "$1" || no "$1" "$(grep FAIL "$1/summary.txt")"
}
passes a_step_without_an_update '/"step":7,/s/"updates":2/"updates":0/'
passes all_right_and_alike '/"step":19,/{s/"groups_one_response":0/"groups_one_response":80/; s/"accuracy":[0-9.]*/"accuracy":1/}'
passes some_steps_change_no_weight 's/"updates":2/"changed_fraction":0.0,&/; /"step":3,/s/"changed_fraction":0.0/"changed_fraction":0.01/'
passes a_small_fall '/"step":1[89],/s/"accuracy":[0-9.]*/"accuracy":0.2/'
passes skips_that_loss_scaling_needs 's/"updates":2/"loss_scale":65536.0,&/; /"step":0,/s/"skipped_updates":0/"skipped_updates":2/'
# two noise draws of a seed are two runs
passes draws_are_runs_of_their_own 's/"seed":2/"seed":1,"draw":1/; s/"accuracy":[0-9.]*/"accuracy":0.1/'
grep -q 'runs whose policy collapsed  *fp32  *0 of 2 ' draws_are_runs_of_their_own/summary.txt && ok draws_are_two || no draws_are_two "$(grep 'collapsed ' draws_are_runs_of_their_own/summary.txt | head -n 2)"
passes metrics_of_before 's/"groups_(one_response|no_advantage)":0,//g'
