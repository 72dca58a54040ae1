#!/bin/bash
# save - CHUNK by time (SAVE_EVERY): a training stage that is killed goes on from
# what it had saved, the lost steps are few, and no byte depends on any of it
set -u
. tests/lib.sh save
r=$T/r log=$T/r/train_logs/fp32_seed1
make=(env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make "${built[@]}" PRESET=smoke DEVICE=cpu
    R="$r" SEEDS=1 ARMS=fp32 STEPS=24)
goal=$log/step-24/checkpoint/trainer_state.json
run() { "${make[@]}" "$@" "$goal" >"$T/out" 2>"$T/err" </dev/null || no run "$* $(tail -n 3 "$T/err" | tr '\n' ' ')"; }
bytes() { (cd "$log" && find . -type f | LC_ALL=C sort | xargs sha256sum); }
last() { (cd "$log/step-24/checkpoint" && sha256sum -- *); }
kill_after() { # STEPS ARGS...: kills all of a make once so many steps are saved; how many had ended
    local steps=$1 group at=0 i
    shift
    setsid "${make[@]}" "$@" "$goal" >"$T/out" 2>"$T/err" </dev/null &
    group=$!
    for ((i = 0; i < 6000 && at < steps; i++)); do
        sleep 0.01
        kill -0 $group 2>/dev/null || break
        for d in "$log"/.saved.step-24/step-*[0-9]; do
            at=${d##*step-} at=$((10#${at/[!0-9]*/0}))
        done
    done
    kill -9 -- "-$group" 2>/dev/null
    wait "$group" 2>/dev/null
    done_steps=$(cat "$log/.new.step-24.live" 2>/dev/null | wc -l)
}
resumed() { sed -n 's/.*goes on after \([0-9]*\) steps.*/\1/p' "$T/err"; }

run CHUNK=24
bytes >"$T/want"
last >"$T/last"
rm -rf "$log"

# saves after each step, and a kill -9 of all
kill_after 8 CHUNK=24 SAVE_EVERY=0s
[ -e "$goal" ] && no it_was_killed "it ended"
run CHUNK=24 SAVE_EVERY=0s
at=$(resumed)
echo "note save: killed after $done_steps steps of 24, went on after ${at:-none}"
if [ "${at:-0}" -ge 8 ] && [ $((done_steps - at)) -le 1 ]; then ok a_kill_costs_a_step; else no a_kill_costs_a_step "${at:-none} of $done_steps"; fi
bytes >"$T/got"
check the_same_bytes cmp "$T/want" "$T/got"
check nothing_is_left test ! -e "$log/.saved.step-24"
check nothing_to_do_without_it "${make[@]}" CHUNK=24 "$goal"
gives another_save_every_runs_nothing "$("${make[@]}" CHUNK=24 SAVE_EVERY=9s -n "$goal" 2>&1 | grep -c 'pipelines/stage ')" 0

# what another command left is not gone on from
rm -rf "$log"
kill_after 4 CHUNK=24 SAVE_EVERY=0s
run CHUNK=24 SAVE_EVERY=0s LR=2e-3 OVERWRITE=1
gives another_command_begins_anew "$(resumed)" ''
# nor what is damaged
rm -rf "$log"
kill_after 4 CHUNK=24 SAVE_EVERY=0s OVERWRITE=1
saved=$(find "$log/.saved.step-24" -maxdepth 1 -name 'step-*[0-9]' | sort | tail -n 1)
printf x | dd of="$saved/model.safetensors" bs=1 seek=3000 conv=notrunc 2>/dev/null
run CHUNK=24
gives a_damaged_save_is_named "$(grep -c 'model.safetensors' "$T/err")" 1
gives then_the_chunk_again "$(resumed)" ''
bytes >"$T/got"
check then_the_same_bytes cmp "$T/want" "$T/got"

# other chunks, saved by time and killed: the same last checkpoint
rm -rf "$r"
"${make[@]}" CHUNK=8 "$log/step-16/checkpoint/trainer_state.json" >"$T/out" 2>"$T/err" </dev/null
kill_after 18 CHUNK=8 SAVE_EVERY=0s
run CHUNK=8
gives goes_on_without_SAVE_EVERY "$([ "$(resumed)" -ge 18 ] && echo yes)" yes
last >"$T/got"
check no_chunk_shows cmp "$T/last" "$T/got"

# CHUNK with a time: the preset's steps, 2
print() { "${make[@]}" -pn "$@" why 2>/dev/null | grep -E '^(CHUNK|SAVE_EVERY) :?=' | sort | tr '\n' ' '; }
gives chunk_by_time "$(print CHUNK=10min)" 'CHUNK = 2 SAVE_EVERY := 10min '
fails a_time_without_unit 2 "SAVE_EVERY: found '10'" "${make[@]}" SAVE_EVERY=10 "$goal"
