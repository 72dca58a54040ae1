# sandbox - code records are judged inside the sandbox, as root and as an
# ordinary user, or not at all: then status error, said once, and exit 1
set -u
row() { # ID RESPONSE
    printf '%s%s%s%s%s\n' '{"id":"' "$1" '","task":"t","verifier":"code",' \
        '"answer":"","prompt":"def f(x):\n","entry_point":"f","response":"' \
        "$2"'","test":"def check(candidate):\n    assert candidate(1) == 2\n"}'
}
row right '    return x + 1\n' >"$T/in"
row wrong '    return x\n' >>"$T/in"
row exit '    import os\n    os._exit(0)\n' >>"$T/in"
row touch "    open('$T/touched', 'w')\\n    return 2\\n" >>"$T/in"
row blank '\n' >>"$T/in"

# A copy that an ordinary user can reach and run.
chmod 755 "$T"
mkdir -p "$T/bin" && cp "$BIN/reward" "$T/bin/reward" && chmod 755 "$T/bin" \
    "$T/bin/reward"

# judged WHO COMMAND...: the five verdicts, and nothing outside was touched
judged() {
    local who=$1 got want='true ok false ok false ok false ok false no_answer'
    shift
    "$@" "$T/bin/reward" --quiet --json <"$T/in" >"$T/out" 2>"$T/err"
    local rc=$?
    got=$(sed -nE 's/.*"correct": ?(true|false).*"verify_status": ?"([a-z_]*)".*/\1 \2/p' \
        "$T/out" | tr '\n' ' ')
    if [ $rc != 0 ] || [ "${got% }" != "$want" ] || [ -e "$T/touched" ]; then
        echo "not ok sandbox_$who: exit $rc, $got $(head -c 300 "$T/err")"
    else
        echo "ok sandbox_$who"
    fi
}

if ! command -v bwrap >/dev/null || [ -n "${ULP_NO_SANDBOX:-}" ]; then
    echo "skip sandbox_judges: no bubblewrap, or no user namespaces here"
elif [ "$(id -u)" = 0 ]; then
    judged root
    judged user setpriv --reuid=12345 --regid=12345 --clear-groups
else
    judged user
fi

# Without bwrap in PATH nothing is judged, and nothing is run.
env PATH=/nonexistent "$T/bin/reward" --quiet --json <"$T/in" >"$T/out" \
    2>"$T/err"
rc=$?
n=$(grep -c '"verify_status": \?"error"' "$T/out")
right=$(grep -c '"correct": \?true' "$T/out")
said=$(grep -c 'sandbox' "$T/err")
if [ $rc = 1 ] && [ "$n" = 5 ] && [ "$right" = 0 ] && [ "$said" -ge 1 ] &&
    [ ! -e "$T/touched" ]; then
    echo "ok sandbox_missing"
else
    echo "not ok sandbox_missing: exit $rc, $n of 5 status error, $right correct, said $said times"
fi

# the same program again has the verdict of the one before it, not of another
for r in 1 1 0 0 1 x 2; do row "r$r" "    return x + $r\\n"; done >"$T/again"
for n in 1 2; do
    got=$("$T/bin/reward" --quiet --json --threads $n <"$T/again" 2>"$T/err" | grep -o '"correct": *[a-z]*' | grep -o '[a-z]*$' | tr '\n' ' ')
    if [ "$got" = 'true true false false true true false ' ]; then
        echo "ok sandbox_the_same_program_again_threads_$n"
    else
        echo "not ok sandbox_the_same_program_again_threads_$n: $got $(head -c 300 "$T/err")"
    fi
done
