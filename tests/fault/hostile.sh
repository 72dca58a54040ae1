# hostile - a stream of hostile programs through reward: as many records come
# out as went in, in order, the honest one after each is judged right, and
# killing reward takes every sandboxed process with it
#
# What must hold of each program is checked in tests/unit/verify_code_hostile.c;
# here are some that end quickly.
set -u
if ! command -v bwrap >/dev/null || [ -n "${ULP_NO_SANDBOX:-}" ]; then
    echo "skip hostile_stream: no bubblewrap, or no user namespaces here"
    exit 0
fi
row() { # ID < program
    printf '{"id":"%s","task":"t","verifier":"code","answer":"",' "$1"
    printf '"prompt":"def f(x):\\n","entry_point":"f","response":"'
    { echo '```python'; cat; echo '```'; } |
        sed 's/\\/\\\\/g; s/"/\\"/g' | tr '\n' '\r' | sed 's/\r/\\n/g'
    printf '","test":"def check(candidate):\\n    assert candidate(1) == 2\\n"}\n'
}
n=0
for p in forge_exit forge_eq forge_channel forge_messages forge_stop_test \
    leave_files close_tmp kill_everything every_signal memory_grow orphan \
    patch_everything answer_deep; do
    row "$p" <tests/golden/hostile/$p.py
    row "after_$p" <<<'def f(x): return x + 1'
    n=$((n + 2))
done >"$T/in"
n=$(wc -l <"$T/in")
"$BIN/reward" --quiet --json <"$T/in" >"$T/out" 2>"$T/err"
rc=$?
field() { sed -nE 's/.*"'"$1"'": ?"?([a-z_]+)"?.*/\1/p'; }
if [ $rc != 0 ] || [ "$(field id <"$T/in")" != "$(field id <"$T/out")" ]; then
    echo "not ok hostile_stream: exit $rc, $(wc -l <"$T/out") of $n records; $(head -c 300 "$T/err")"
else
    echo "ok hostile_stream"
fi
bad=$(grep '"id": \?"after_' "$T/out" | grep -v '"correct": \?true' | field id)
[ -z "$bad" ] && echo "ok hostile_next_is_right" ||
    echo "not ok hostile_next_is_right:" $bad
bad=$(grep '"id": \?"\(forge_\|answer_\|memory_\)' "$T/out" |
    grep -v '"correct": \?false' | field id)
[ -z "$bad" ] && echo "ok hostile_earns_nothing" ||
    echo "not ok hostile_earns_nothing:" $bad

# Killed in the middle of a program that spins: its processes are gone too.
mark=ulp_hostile_$$
row spin <<<"def f(x):
    import os
    os.execv('/usr/bin/python3', ['$mark', '-c', 'while True: pass'])" >"$T/in"
"$BIN/reward" --quiet --json <"$T/in" >"$T/out" 2>"$T/err" &
reward=$!
# the program's name in the process table is the mark
running() { grep -l "^$mark" /proc/[0-9]*/cmdline 2>/dev/null | wc -l; }
for _ in $(seq 100); do
    [ "$(running)" -gt 0 ] && break
    sleep 0.05
done
seen=$(running)
kill -KILL $reward
wait $reward 2>/dev/null
for _ in $(seq 100); do
    [ "$(running)" = 0 ] && break
    sleep 0.05
done
if [ "$seen" -gt 0 ] && [ "$(running)" = 0 ]; then
    echo "ok hostile_dies_with_reward"
else
    echo "not ok hostile_dies_with_reward: $seen seen, $(running) left"
fi
