# grading.sh - reward on ../shared/grading, and on the answers of
# ../shared/datasets/real: each equals itself, its boxed form and its form in
# a sentence, and differs from a perturbed copy
set -u
cases=$SHARED/grading/cases.jsonl
here=tests/parity
if [ -z "$SHARED" ] || [ ! -f "$cases" ]; then
    echo "skip grading_cases: no shared/grading"
else
    mkdir "$T/g"
    python3 $here/grading.py map "$cases" "$T/g" >"$T/list"
    while read -r f opts; do
        # shellcheck disable=SC2086
        "$BIN/reward" --json --quiet $opts -o "$f.out" "$f" ||
            echo "not ok grading_cases: reward failed on $f"
    done <"$T/list"
    python3 $here/grading.py sum "$cases" "$T"/g/*.out >"$T/table"
    cat "$T/table" >&2
    read -r _ n right accepts rejects < <(grep '^undisputed' "$T/table")
    [ "$accepts" = 0 ] && echo "ok no_false_accept" ||
        echo "not ok no_false_accept: $accepts of $n"
    [ $((right * 100)) -ge $((n * 97)) ] && echo "ok at_least_97_percent_right" ||
        echo "not ok at_least_97_percent_right: $right of $n, $rejects refused"
fi
if [ -z "$SHARED" ] || [ ! -d "$SHARED/datasets/real" ]; then
    echo "skip real_answers: no shared/datasets/real"
else
    python3 $here/grading_real.py "$BIN/reward" "$SHARED"/datasets/real/*.jsonl
fi
