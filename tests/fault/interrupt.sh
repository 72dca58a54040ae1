#!/bin/bash
# interrupt: Ctrl-C (SIGINT to the terminal's group of processes), a hangup and a
# SIGTERM to make, in the midst of each kind of stage of the smoke preset under -j2:
# make ends at once, no process and no temporary file is left, and the next make goes
# on to the bytes of a run that nothing disturbed
set -u
. tests/lib.sh interrupt
r=$T/r mark=ulp_interrupt_$$
mkdir "$T/tmp"
make=(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES TMPDIR="$T/tmp" ULP_MARK=$mark make -j2 PRESET=smoke
    SAN="${SAN:-0}" SEEDS=1 ARMS=fp32 EVAL_SAMPLES=16) # long enough to be met
bytes() { (cd "$1" && find . -type f ! -path './.make/*' | LC_ALL=C sort | xargs sha256sum); }
names() { (cd "$1" && find . ! -name hashes.json | LC_ALL=C sort); }
running() { # what the make of a round has started, wherever it is now
    grep -slz "^ULP_MARK=$mark$" /proc/[0-9]*/environ | cut -d/ -f3
}
has() { # PATTERN: a program of the group runs whose command matches
    pgrep -s "$group" -f "^[^ ]*bin/$1" >/dev/null
}
waits() { # the script of the stage that makes the base model, for the lock
    pgrep -s "$group" -f "stage $r/base/model" >/dev/null && sleep 1
}
round() { # NAME SIGNALS COMMAND...: make; once COMMAND holds, each signal: of all of its group, or "make" for SIGTERM to make
    local name=$1 signals=$2 group s i rc left came=0
    shift 2
    setsid env --default-signal=INT "${make[@]}" R="$r" "$r/analysis/summary.txt" >"$T/out" 2>"$T/err" &
    group=$!
    for ((i = 0; i < 2000; i++)); do
        "$@" && came=1 && break
        kill -0 $group 2>/dev/null || break
        sleep 0.01
    done
    for s in $signals; do
        if [ "$s" = make ]; then kill -TERM $group; else kill -"$s" -- -$group; fi 2>/dev/null
        sleep 0.05
    done
    for ((i = 0; i < 500; i++)); do # make, its programs, and who keeps R/.make/owner
        [ -z "$(running)" ] && break
        sleep 0.01
    done
    left=$(for p in $(running); do tr '\0' ' ' <"/proc/$p/cmdline"; done)
    [ -z "$left" ] || kill -KILL -- -$group 2>/dev/null
    wait $group 2>/dev/null
    rc=$?
    left+=$(find "$r" "$T/tmp" -mindepth 1 \( -name '.*' ! -path "$r/.make" -o -name '*.new' -o -name '*.old' -o -name '*.failed' \
        ! -name run.failed -o -name owner -o -type p \) 2>/dev/null)
    stages_ran >>"$T/ran"
    # but for a traceback of the interpreter itself, in its first milliseconds
    if [ $came = 1 ] && [ $rc != 0 ] && [ -z "$left" ] && [ ! -s "$r/.make/run.failed" ] &&
        ! grep -v 'interrupt\.py"' "$T/err" | grep -qE 'pipelines/[a-z_]+\.py"|^failed'; then
        ok "$name"
    else
        no "$name" "came to it: $came; exit $rc; left: $left; said: $(tail -n 4 "$T/err" | tr '\n' ' ')"
    fi
}

"${make[@]}" R="$T/want" "$T/want/analysis/summary.txt" >"$T/out" 2>"$T/err" ||
    { no run "$(tail -n 2 "$T/err" | tr '\n' ' ')"; exit 1; }
stages_ran | sort >"$T/all"
bytes "$T/want" >"$T/want.bytes"

: >"$T/ran"
# a stage that waits for its lock has no program yet that could be ended
mkdir -p "$r/.make/base"
flock "$r/.make/base/model.made.lock" sleep 60 &
holder=$!
round while_a_stage_waits make waits
pkill -P $holder
wait $holder
round in_pretraining INT has pretrain
round in_training_twice 'INT INT' has dapo-step
round in_training_of_make_alone make has dapo-step
round in_generation INT has 'rollout .*--top-p'
round in_generation_hangup HUP has 'rollout .*--top-p'
round in_the_analysis INT has 'stats .*--report'
"${make[@]}" R="$r" "$r/analysis/summary.txt" >"$T/out" 2>"$T/err" && ok goes_on || no goes_on "$(tail -n 3 "$T/err" | tr '\n' ' ')"
stages_ran >>"$T/ran"
gives no_stage_ran_twice "$(sort "$T/ran" | diff "$T/all" - | head -n 3)" ''
bytes "$r" >"$T/got.bytes"
gives the_same_bytes "$(diff "$T/want.bytes" "$T/got.bytes" | head -n 3)" ''
gives the_same_files "$(diff <(names "$T/want") <(names "$r") | head -n 5)" ''
gives no_temporary_files "$(ls -A "$T/tmp")" ''
