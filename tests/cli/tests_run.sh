# tests/run - the same lines in the same order for any TEST_JOBS; long tests begin
# first, and a test marked alone has nothing beside it
set -u
. tests/lib.sh tests_run
mkdir "$T/t" "$T/tmp"
log=$T/log
test_of() { # NAME MARK BODY
    printf '# %s\n#\n# %s\necho "+ %s" >>"%s"\n%s\necho "- %s" >>"%s"\n' "$1" "$2" "$1" "$log" "$3" "$1" "$log" >"$T/t/$1.sh"
}
meets() { # NAME: where tests run side by side, that one runs beside this one
    echo "[ -z \"\${PAIR:-}\" ] || { for _ in \$(seq 600); do grep -q '+ $1' '$log' && break; sleep 0.05; done; grep -q '+ $1' '$log' || echo not ok met: no $1; }"
}
test_of short '' 'sleep 0.1; echo ok short; echo note short: said'
test_of long 'takes: 97 s' "$(meets fails); echo ok long; echo skip more: none here"
test_of fails 'takes: 2 s' "$(meets long); echo ok one; echo not ok two: why; echo its words >&2"
test_of silent '' ':'
test_of alone 'alone: it may' 'sleep 0.1; echo ok alone'
test_of ends '' 'echo ok before; kill -INT $$; echo ok after'
names='short long fails silent alone ends'
paths=$(for n in $names; do echo "$T/t/$n.sh"; done)
run() { # N: its lines without times and paths, with its exit status
    rm -f "$log"
    # shellcheck disable=SC2086 # paths
    TMPDIR=$T/tmp TEST_JOBS=$1 tests/run $paths 2>&1
    echo "exit $?"
}
lines() { run "$1" | sed -E "s|$T/t/||g; s/ +[0-9]+ ms\$//; s/ +/ /g"; }
lines 1 >"$T/one"
is one_after_another "$(for n in $names; do echo "+ $n"; [ $n = ends ] || echo "- $n"; done)" "$(cat "$log")"
is what_is_printed 'short.sh 1 passed 0 failed 0 skipped
 note short: said
long.sh 1 passed 0 failed 1 skipped
 skip more: none here
fails.sh 1 passed 1 failed 0 skipped
 not ok two: why
 | its words
silent.sh 0 passed 1 failed 0 skipped
 not ok silent.sh: exit status 0, 0 passed before it
alone.sh 1 passed 0 failed 0 skipped
ends.sh 1 passed 1 failed 0 skipped
 not ok ends.sh: exit status 130, 1 passed before it
failed: fails.sh silent.sh ends.sh
5 passed, 3 failed, 1 skipped
exit 1' "$(cat "$T/one")"
export PAIR=1
for n in 2 9; do
    lines $n >"$T/more"
    is "the_same_lines_of_$n" "$(cat "$T/one")" "$(cat "$T/more")"
    is "alone_with_${n}_and_first" '+ alone - alone' "$(head -n 2 "$log" | xargs)"
    [ $n != 2 ] || is the_longest_next 'fails long' "$(sed -n 's/^+ //p' "$log" | sed -n 2,3p | sort | xargs)"
done
is nothing_is_left '' "$(ls "$T/tmp")"
fails a_number_of_tests 2 "found '0'" env TEST_JOBS=0 tests/run "$T/t/short.sh"
is all_pass '0 1 passed, 0 failed' "$(s=$(TEST_JOBS=2 tests/run "$T/t/short.sh"); echo "$? $(tail -n 1 <<<"$s")")"
