#!/bin/bash
# report_now - make report-now of an experiment that was killed in the middle of a
# training stage, and of one at work: a page of what is there, and nothing in the
# results is touched
set -u
. tests/lib.sh report_now
unset MAKEFLAGS MAKELEVEL MAKEOVERRIDES MFLAGS
words=(-j2 "${built[@]}" PRESET=smoke DEVICE=cpu R="$T/r" SEEDS='1 2' ARMS='fp32 bf16'
    TASKS='dm_val gsm8k')
steps=(STEPS=60 CHUNK=2)
now() { make "${words[@]}" "${steps[@]}" report-now "$@"; }
state() { # names, sizes, times and bytes of all results but the partial report
    (cd "$T/r" && find . -path ./partial -prune -o -type f -printf '%p %s %T@\n' -exec sha256sum {} + | LC_ALL=C sort)
}
fails nothing_was_begun 2 'no experiment was begun there' now

# the group dies once a run that has ended chunks writes lines of the next
setsid make "${words[@]}" "${steps[@]}" "$T/r/analysis/summary.txt" >"$T/out" 2>"$T/err" </dev/null &
group=$! live=
for _ in $(seq 1 6000); do
    for f in "$T"/r/train_logs/*/.new.step-*.live; do
        case $f in */.new.step-2.live | *_again/*) ;; *) [ ! -s "$f" ] || live=$f ;; esac
    done
    [ -z "$live" ] || break
    kill -0 $group 2>/dev/null || break
    sleep 0.01
done
kill -KILL -- -$group 2>/dev/null
wait $group 2>/dev/null
if [ -z "$live" ]; then
    no a_run_is_killed "no chunk was seen at work: $(tail -n 2 "$T/err")"
    exit 1
fi
# the chunk may have ended in that moment; another line is on its way
last=$(ls -t "$T"/r/train_logs/*_seed?/.new.step-*.live | head -n 1)
printf '{"step":99,"reward_me' >>"$last"
run=$(basename "$(dirname "$last")")
steps_of_live=$(grep -c '}$' "$last")
before=$(sed -n 's/.*step-\([0-9]*\)\.live$/\1/p' <<<"$last")
state >"$T/state"
check a_report_of_a_killed_run now
state | diff "$T/state" - >"$T/diff"
is the_results_are_as_they_were '' "$(head -n 4 "$T/diff")"
gives it_has_the_steps_of_the_chunk_at_work \
    "$(awk -F '\t' -v run="$run" '$1 == run { print $2, $3 }' "$T/r/partial/tables/missing.tsv")" \
    "$((before - 2 + steps_of_live)) 60"
gives its_page_has_them_too "$(python3 -B - "$T/r/partial/report.html" "$run" <<'P'
import sys
sys.path.insert(0, "tests/browser")
import records
d = records.page_data(sys.argv[1])
print(*(len(r["step"]) for r in d["metrics"]["runs"] if f'{d["arms"][r["arm"]]}_seed{r["seed"]}' == sys.argv[2]))
P
)" "$((before - 2 + steps_of_live))"
gives it_is_elsewhere "$(ls "$T/r/partial" | tr '\n' ' ')$(ls "$T/r/analysis" 2>/dev/null)" 'plots report.html summary.txt tables '
gives no_folder_is_left_over "$(ls -d "$T"/r/.partial* 2>/dev/null)" ''
fails other_parameters 2 "has results of STEPS='60'" now STEPS=62

# the same experiment with fewer steps ends while reports are made of it
rm -r "$T/r"
steps=(STEPS=4 CHUNK=2)
make "${words[@]}" "${steps[@]}" "$T/r/analysis/summary.txt" >"$T/out" 2>"$T/err" </dev/null &
n=0 bad=
while kill -0 $! 2>/dev/null; do
    if now >"$T/now.out" 2>"$T/now.err"; then n=$((n + 1)); else
        # the first stages leave no records; a file may be replaced while it is read
        grep -q 'no experiment was begun\|is recorded yet\|a command failed' "$T/now.err" || bad=$(head -n 3 "$T/now.err")
    fi
    sleep 1
done
wait $!
is the_run_ends 0 $?
is reports_are_made_meanwhile ' 1' "$bad $((n > 0))"
cp "$T/r/analysis/summary.txt" "$T/summary.txt"
check a_report_at_the_end now
gives that_says_it_is_all_there "$(grep -c 'none of the 4 runs lacks a record' "$T/r/partial/summary.txt")" 1
make "${words[@]}" "${steps[@]}" "$T/r/analysis/summary.txt" >"$T/out" 2>"$T/err" </dev/null
is nothing_runs_again '' "$(stages_ran)"
check the_final_summary_is_untouched cmp "$T/summary.txt" "$T/r/analysis/summary.txt"
tail -n +2 "$T/r/analysis/tables/scores.tsv" >"$T/scores"
check and_has_the_same_scores cmp "$T/scores" <(tail -n +2 "$T/r/partial/tables/scores.tsv")
