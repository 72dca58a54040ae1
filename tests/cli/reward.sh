# reward.sh - the program reward: its fields, penalty, options and exit codes
set -u
r=$BIN/reward
. tests/lib.sh
# the fields $2... of the one record in JSON text $1
get() {
    python3 -c '
import json, sys
d = json.loads(sys.argv[1].splitlines()[0])
print(" ".join(json.dumps(d.get(k)) for k in sys.argv[2:]))' "$@"
}
rec() { # answer response tokens
    printf '{"id":"q","prompt":"p","answer":"%s","response":"%s","response_tokens":[%s],"mine":7}\n' "$1" "$2" "$3"
}

o=$(rec 1/2 'so \\boxed{0.5}' 1,2 | $r --json)
is fields_of_a_right_answer \
   'true 1.0 0.0 "0.5" "boxed/number" "ok" true 7' \
   "$(get "$o" correct reward length_penalty extracted_answer verify_rule verify_status well_formed mine)"
o=$(rec 1/2 'so \\boxed{0.6}' 1,2 | $r --json)
is fields_of_a_wrong_answer 'false -1.0' "$(get "$o" correct reward)"
o=$(rec 1/2 'so \\boxed{0.5' 1,2 | $r --json)
is an_open_box_is_no_answer 'false null "no_answer" false' \
   "$(get "$o" correct extracted_answer verify_status well_formed)"
o=$(rec 1/2 'it is 0.5' 1,2 | $r --json)
is no_mark_is_no_answer '"no_answer"' "$(get "$o" verify_status)"
o=$(rec 1/2 'it is 0.5' 1,2 | $r --json --lenient)
is lenient_takes_the_last_number 'true "last_number/number"' \
   "$(get "$o" correct verify_rule)"
o=$(rec 1/2 'it is 1/2' 1,2 | $r --json --extract dapo)
is dapo_wants_its_line '"no_answer"' "$(get "$o" verify_status)"
o=$(rec 1/2 'Answer: 1/2' 1,2 | $r --json --right 2 --wrong 0)
is values_of_right_and_wrong 2.0 "$(get "$o" reward)"

# the penalty: nothing up to max - buffer, then a line down to -factor
p() { rec 7 '\\boxed{7}' "$1" | $r --json --max-len 8 --overlong-buffer 4 --overlong-factor "$2"; }
o=$(p 1,2,3,4 1); is penalty_begins_after_the_buffer '0.0 1.0' "$(get "$o" length_penalty reward)"
o=$(p 1,2,3,4,5 1); is penalty_of_one_token '-0.25 0.75' "$(get "$o" length_penalty reward)"
o=$(p 1,2,3,4,5,6,7,8 2); is penalty_at_the_end '-2.0 -1.0' "$(get "$o" length_penalty reward)"

printf '%s\n' '{"id":"q","prompt":"p","answer":"7","verifier":"magic","response":"7"}' >"$T/bad"
$r --json <"$T/bad" >/dev/null 2>"$T/e"; rc=$?
is an_unknown_verifier_is_bad_data 3 $rc
grep -q 'record 1.*magic' "$T/e" && ok the_message_names_it || no the_message_names_it "$(cat "$T/e")"
{ cat "$T/bad"; rec 7 '\\boxed{7}' 1; } | $r --json --skip-bad 1 2>/dev/null >"$T/o"; rc=$?
is a_bad_record_can_be_skipped "0 1" "$rc $(wc -l <"$T/o")"
rec 7 '\\boxed{7}' 1 | $r --extract nothing >/dev/null 2>&1; is an_unknown_rule_is_misuse 2 $?
printf '%s\n' '{"id":"q","prompt":"p","answer":"7"}' | $r --json >/dev/null 2>&1
is a_record_without_response_is_bad 3 $?
$r </dev/null >/dev/null 2>&1; is no_records_is_an_error 3 $?

o=$(rec '(x+1)^2' '\\boxed{x^2+2x+1}' 1 | $r --explain)
case $o in
    *'(^ (+ x 1) 2)'*'correct'*'normal_form'*) ok explain_shows_trees_and_rule ;;
    *) no explain_shows_trees_and_rule "$o" ;;
esac

# msgpack in and out, and the verdicts do not depend on it
for i in 1 2 3; do rec $i '\\boxed{2}' 1; done | sed 's/"q"/"q'$RANDOM'"/' >"$T/three"
$r -o "$T/m" "$T/three" && $r --json <"$T/m" >"$T/again" && $r --json <"$T/three" >"$T/once"
cmp -s "$T/once" "$T/again" && ok msgpack_carries_the_same || no msgpack_carries_the_same "they differ"

# a finished record is not held back while the input waits
mkfifo "$T/in"
$r --json <"$T/in" >"$T/live" & pid=$!
exec 9>"$T/in"
rec 7 '\\boxed{7}' 1 >&9
for _ in $(seq 100); do [ -s "$T/live" ] && break; sleep 0.05; done
[ -s "$T/live" ] && ok a_verdict_comes_at_once || no a_verdict_comes_at_once "nothing after 5 s"
exec 9>&-
wait $pid

# programs run in a sandbox or not at all
code='{"id":"c","prompt":"def f(x):\n    \"\"\"x plus 1\"\"\"\n","answer":"","verifier":"code","entry_point":"f","test":"def check(candidate):\n    assert candidate(1) == 2\n","response":"    return x + 1\n"}'
mkdir "$T/nothing"
printf '%s\n' "$code" | PATH=$T/nothing $r --json >"$T/o" 2>"$T/e"; rc=$?
is without_a_sandbox_the_run_fails "1 \"error\"" "$rc $(get "$(cat "$T/o")" verify_status)"
is and_says_so_once 1 "$(grep -c 'cannot be judged' "$T/e")"
# no verdict at all is an error of its own, from 100 records on; one verdict is enough
many() { # N EXTRA: what reward says of N such records and EXTRA
    { for _ in $(seq "$1"); do printf '%s\n' "$code"; done; printf '%s' "$2"; } |
        PATH=$T/nothing $r --json 2>&1 >"$T/o" | grep -o 'every one of .*'
}
is a_hundred_errors_are_an_error 'every one of 100 records ended in verify_status error' "$(many 100 '')"
is ninety_nine_are_not '' "$(many 99 '')"
is nor_is_one_verdict_among_them '' "$(many 100 "$(rec 7 '\\boxed{8}' 1)")"
if ! command -v bwrap >/dev/null || [ -n "${ULP_NO_SANDBOX:-}" ]; then
    echo "skip a_program_that_passes: no bubblewrap, or no user namespaces here"
elif printf '%s\n' "$code" | $r --json >"$T/o" 2>"$T/e"; then
    is a_program_that_passes 'true "ok"' "$(get "$(cat "$T/o")" correct verify_status)"
    # with others around it, in order
    for i in 1 2 3 4 5 6; do
        rec $i '\\boxed{2}' 1 | sed 's/"q"/"'$i'a"/'
        printf '%s\n' "$code" | sed 's/"c"/"'$i'b"/'
    done >"$T/mixed"
    $r --json <"$T/mixed" >"$T/o"
    is code_and_mathematics_keep_their_order \
       "$(grep -o '"id":"[^"]*"' "$T/mixed" | tr '\n' ' ')" \
       "$(grep -o '"id":"[^"]*"' "$T/o" | tr '\n' ' ')"
else
    no a_program_that_passes "$(head -n1 "$T/e")"
fi

# programs that were judged before: their verdicts hold, and nothing runs
known() { # status rule correct
    printf '%s\n' "$code" | sed 's|}$|,"correct":'"$3"',"verify_rule":"'"$2"'","verify_status":"'"$1"'"}|'
}
knowing() { # record: judged where no sandbox is to be had
    printf '%s\n' "$1" | PATH=$T/nothing $r --json --known "$T/known" --known "$T/more" >"$T/o" 2>"$T/e"
    echo "$?" $(get "$(cat "$T/o")" correct verify_rule verify_status well_formed)
}
rec 7 '\\boxed{7}' 1 | $r -o "$T/known"
known ok code/tests_passed true >"$T/more"
is a_known_program_does_not_run '0 true "code/tests_passed" "ok" true' "$(knowing "$code")"
is whatever_its_id '0 true "code/tests_passed" "ok" true' "$(knowing "${code/\"c\"/\"d\"}")"
known ok 'code/line 2 of the test' false >"$T/more"
is known_to_fail_with_its_words '0 false "code/line 2 of the test" "ok" true' "$(knowing "$code")"
known no_answer 'code/the response is empty' false >"$T/more"
is known_for_no_program '0 false "code/the response is empty" "no_answer" false' "$(knowing "$code")"
for other in 'x + 1/x + 2' '== 2/== 3' '"f"/"g"' 'plus 1/plus 2'; do
    is "another_text_is_not_known: ${other%/*}" '1 false "code/no_sandbox" "error" false' \
       "$(knowing "$(printf '%s' "$code" | sed "s/$other/")")"
done
known timeout 'code/stopped at 5 s of CPU time' false >"$T/more"
is a_limit_is_not_known '1 false "code/no_sandbox" "error" false' "$(knowing "$code")"
known error code/lost false >"$T/more"
is nor_an_error '1 false "code/no_sandbox" "error" false' "$(knowing "$code")"
head -c 40 "$T/known" >"$T/more"
printf '%s\n' "$code" | $r --json --known "$T/more" >"$T/o" 2>"$T/e"; rc=$?
is a_known_file_that_is_cut_is_an_error "3 1 0" "$rc $(wc -l <"$T/e") $(wc -c <"$T/o")"
printf '%s\n' "$code" | $r --json --known "$T/none" >"$T/o" 2>"$T/e"; rc=$?
is and_one_that_is_missing "1 1" "$rc $(wc -l <"$T/e")"
