#!/bin/bash
# stats --partial - a report of an experiment under way: from any part of the
# records, with what is missing and without a verdict; never unasked
set -u
. tests/lib.sh partial
S=$BIN/stats
python3 -B tests/browser/records.py "$T/r" 3 2 6 5,4,4,4,4,4,4 60 || no records "records.py failed"
arms='fp32 bf16 bf16-mixed'
report() { # DIR OPTIONS AND FILES...
    "$S" --quiet --report "$1" --tasks "$T/r/tasks.json" --set arms="$arms" --set 'seeds=1 2 3' \
        --set 'noise draws=2 of each arm and seed' --set steps=6 "${@:2}"
}
said() { # DIR: the section on what is missing, its lines joined
    sed -n '/^What is missing/,/^Findings/p' "$1/summary.txt" | sed '1,2d;$d' | tr '\n' ' ' | tr -s ' '
}
# fp32 is done but for a task of seed 2, bf16 has 4 steps of a run and nothing else
grep -v '"task": "gsm8k"' "$T/r/fp32_seed2.jsonl" >"$T/fp32_seed2.jsonl"
grep '"reward_mean"' "$T/r/bf16_seed1.jsonl" | head -n 4 >"$T/bf16_seed1.jsonl"
part=("$T"/r/base_seed?.jsonl "$T"/r/fp32_seed1{,_draw1}.jsonl "$T/fp32_seed2.jsonl" "$T/r/fp32_seed2_draw1.jsonl"
    "$T"/r/fp32_seed3{,_draw1}.jsonl "$T/bf16_seed1.jsonl")
fails an_arm_without_records_is_an_error_unasked 3 'no records of arm bf16-mixed, which the setting names' report "$T/no" "${part[@]}"
gives nothing_is_written_then "$(ls "$T/no" 2>/dev/null)" ''
check part_of_an_experiment report "$T/a" --partial "${part[@]}"
said "$T/a" >"$T/said"
gives runs_that_are_whole "$(grep -o '[0-9]* of [0-9]* runs have all their records' "$T/said")" '5 of 18 runs have all their records'
gives runs_with_a_part "$(tail -n +2 "$T/a/tables/missing.tsv" | tr '\t' ' ')" \
    "fp32_seed2 6 6 6 6 7 yes gsm8k
bf16_seed1 4 6 0 0 7 no all"
gives runs_not_begun "$(grep -o 'without any record: [^.]*' "$T/said" | tr -d ,)" \
    'without any record: bf16_seed1_draw1 bf16_seed2 bf16_seed2_draw1 bf16_seed3 bf16_seed3_draw1 bf16-mixed_seed1 bf16-mixed_seed1_draw1 bf16-mixed_seed2 bf16-mixed_seed2_draw1 bf16-mixed_seed3 bf16-mixed_seed3_draw1'
gives tests_that_cannot_be_made "$(grep -o 'H[123][^ ]* of bf16[^ ]* ' "$T/said" | sort -u | tr -d '\n')" \
    'H1 of bf16 H1 of bf16-mixed H2 of bf16 H2 of bf16-mixed H2-noise of bf16 H2-noise of bf16-mixed H3 of bf16 H3 of bf16-mixed '
gives the_page_says_it_too "$(grep -c 'id="what-is-missing"' "$T/a/report.in.html")" 1
gives its_curves_have_the_steps_there_are "$(python3 -B - "$T/a/report.in.html" <<'P'
import sys
sys.path.insert(0, "tests/browser")
import records
d = records.page_data(sys.argv[1])
print([(d["arms"][r["arm"]], r["seed"], r["draw"], len(r["step"])) for r in d["metrics"]["runs"] if r["arm"] or r["seed"] == 3])
P
)" "[('fp32', 3, 0, 6), ('fp32', 3, 1, 6), ('bf16', 1, 0, 4)]"

# every record is there: still no verdict, since nobody planned a look
check all_of_it report "$T/b" --partial "$T"/r/*.jsonl
report "$T/final" "$T"/r/*.jsonl || no final "exit status $?"
gives no_verdict_is_given "$(tail -n +2 "$T/b/tables/verdicts.tsv" | cut -f 2- | tr '\t' '\n' | sort -u)" 'between looks'
gives where_the_final_report_gives_some "$(tail -n +2 "$T/final/tables/verdicts.tsv" | grep -c 'not shown\|supported\|too few')" 2
gives a_whole_experiment_says_so "$(grep -c 'none of the 18 runs lacks a record' <<<"$(said "$T/b")")" 1
gives the_final_report_is_without "$(grep -c 'What is missing' "$T/final/summary.txt")" 0
check runs_by_name report "$T/c" --partial --set 'runs=fp32_seed1 fp32_seed2_draw1' "${part[@]}"
gives only_the_named_are_due "$(said "$T/c" | grep -o 'none of the [0-9]* runs')" 'none of the 2 runs'
fails without_a_report 2 'partial without --report' "$S" --partial --by arm reward_mean "${part[@]}"
fails nothing_at_all 3 'no records' report "$T/d" --partial /dev/null

# any part will do: lines by chance, of one record to all of them
cat "$T"/r/*.jsonl >"$T/all.jsonl"
bad=
for i in $(seq 1 4); do
    awk -v seed="$i" 'BEGIN { srand(seed); p = (1 + seed) ^ 3 / 200 } rand() < p' "$T/all.jsonl" >"$T/some.jsonl"
    report "$T/e" --partial "$T/some.jsonl" 2>"$T/err" && grep -q 'What is missing' "$T/e/summary.txt" || bad="$bad $i: $(head -c 200 "$T/err")"
done
is any_part_of_the_records '' "$bad"
