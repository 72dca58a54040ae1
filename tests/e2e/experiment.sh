# The whole experiment at the smoke preset, in a copy of the tree: what a second
# make runs after each kind of change, and that killing processes changes no
# byte.
#
# takes: 97 s
set -u
. tests/lib.sh
make="env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make PRESET=smoke SAN=${SAN:-0}"
verdict() { # NAME STATUS WHY
    if [ "$2" = 0 ]; then echo "ok $1"; else echo "not ok $1: $(tr "\n" ";" <<<"$3")"; fi
}
copy() {
    mkdir -p "$1"
    tar cf - --exclude=./results --exclude=./.git --exclude='./data/smoke' \
        --exclude='./data/tiny' . | tar xf - -C "$1"
}
run() { # DIR ARGS...: the labels of the stages that ran, into labels
    (cd "$1" && shift && $make "$@" results/analysis/summary.txt) \
        >"$T/out" 2>"$T/err"
    status=$?
    labels=$(stages_ran)
}
only() { # PATTERN: every label matches, and there is one
    [ "$status" = 0 ] && [ -n "$labels" ] &&
        [ -z "$(grep -vE "$1" <<<"$labels")" ]
}
bytes() { # DIR: digests of all that a run made
    (cd "$1" && find results -type f ! -path '*/.make/*' ! -name '*.png' |
        LC_ALL=C sort | xargs sha256sum)
}

copy "$T/a"
copy "$T/b"
began=$(date +%s)
run "$T/a"
took=$(($(date +%s) - began))
verdict smoke_run "$status" "exit $status: $(tail -n 3 "$T/err" | tr '\n' ' ')"
[ "$status" = 0 ] || exit 1
if [ "${SAN:-0}" = 0 ]; then
    [ $took -le 120 ]
    verdict smoke_run_under_two_minutes $? "took $took s"
fi
bytes "$T/a" >"$T/bytes.a"
(cd "$T/a" && $make profile) >"$T/out" 2>"$T/err" && awk '$1 == "dapo-step" { n = $2 } $1 == "rollout" { r = $3 }
    /^not the model/ { share = $5 } END { exit !(n == 10 && r > 0 && share + 0 > 0 && share + 0 < 100) }' "$T/out"
verdict profile_has_every_program $? "$(tr '\n' ';' <"$T/out") $(cat "$T/err")"

# The recipes of README.md and docs/COOKBOOK.md, block by block, on the smoke
# preset's results.
for doc in README.md docs/COOKBOOK.md; do
    awk -v out="$T/block_$(basename "$doc" .md)_" \
        '/^```sh/ { n++; copy = 1; next } /^```/ { copy = 0 }
         copy { print > (out n) }' "$doc"
done
[ "${SAN:-0}" = 0 ] || cp "$T"/a/build/*-san/bin/* "$T/a/bin/"
smoke_sizes='s/step-20/step-2/g; s/step-40/step-4/g; s/--steps 20/--steps 2 --max-gen-batches 200/
    s/--prompts 8/--prompts 4/
    s/--samples 8/--samples 4/; s/--lr 1e-4/--lr 1e-3/'
export QWEN2=$SHARED/datasets/tokenizer/qwen2 GSM8K=$SHARED/datasets/real/gsm8k.jsonl
for b in "$T"/block*; do
    if grep -q QWEN2 "$b" && [ -z "$SHARED" ]; then
        echo "skip cookbook_$(basename "$b"): no ../shared"
        continue
    fi
    sed -i "$smoke_sizes" "$b"
    said=$(cd "$T/a" && bash -euo pipefail "$b" 2>"$T/err")
    rc=$?
    [ $rc = 0 ] && [ -n "$said" ] &&
        [ "$(grep -c 'same bytes$' "$b")" = "$(grep -c '^same bytes$' <<<"$said")" ]
    verdict "cookbook_$(basename "$b")" $? "exit $rc: $(head -n 2 "$T/err" | tr '\n' ' ')"
done
[ "$(ls "$T"/block_README_* | wc -l)" -ge 8 ] && [ "$(ls "$T"/block_COOKBOOK_* | wc -l)" -ge 12 ]
verdict recipes_are_found $? "$(ls "$T" | tr '\n' ' ')"
(cd "$T/a" && bash "$T/block_README_1" | grep -q boxed)
verdict cookbook_the_model_answers $? 'no boxed answer'

TIMEFORMAT='%U %S'
{ time run "$T/a"; } 2>"$T/time"
[ "$status" = 0 ] && [ -z "$labels" ]
verdict second_make_does_nothing $? "ran: $labels"
# processor time, so that a busy machine does not decide
awk '{ exit !($1 + $2 < 1) }' "$T/time"
verdict second_make_is_quick $? "$(cat "$T/time") s"

[ "$(cd "$T/a" && $make why 2>/dev/null | tail -n 1)" = 'nothing would run' ]
verdict why_says_nothing_would_run $? "$(cd "$T/a" && $make why 2>/dev/null | tail -n 2 | tr '\n' ' ')"
rm "$T/a/results/eval_metrics/base_seed1/scores.msgpack" \
    "$T/a/results/train_logs/bf16_seed2/step-4/checkpoint/optimizer.safetensors" \
    "$T/a/results/analysis/plots/kl.svg"
run "$T/a"
bytes "$T/a" >"$T/bytes.again"
only '^score base|^train bf16 seed 2 to step 4|^analys' && cmp -s "$T/bytes.a" "$T/bytes.again"
verdict deleted_results_are_made_again $? "ran: $labels"

# Each task by itself: the same responses, and so nothing but what read other files.
run "$T/a" EVAL_TASKS=apart
bytes "$T/a" | grep -v 'scored' >"$T/bytes.apart"
only '^(evaluate|sample and score) .* on |^KL of ' && cmp -s <(grep -v scored "$T/bytes.a") "$T/bytes.apart"
verdict tasks_apart_give_the_same_bytes $? "ran: $labels; $(diff <(grep -v scored "$T/bytes.a") "$T/bytes.apart" | head -n 4)"
rm "$T"/a/results/eval_metrics/*/*.scored.msgpack.zst
run "$T/a"
bytes "$T/a" | cmp -s - "$T/bytes.a" && only '^KL of '
verdict and_together_again $? "ran: $labels"

echo '/* a comment */' >>"$T/a/lib/record/rec.h"
run "$T/a"
[ "$status" = 0 ] && [ -z "$labels" ]
verdict comment_reruns_no_stage $? "ran: $labels"

run "$T/a" SEEDS='1 2 3'
only 'seed ?3|^overlap|^analys'
verdict one_more_seed_adds_only_that_seed $? "ran: $labels"
run "$T/a"

sed -i 's/"temperature": 0.7/"temperature": 0.8/' "$T/a/data/eval_tasks.smoke.json"
run "$T/a"
only '^(evaluate|score) |^analys'
verdict evaluation_temperature_reruns_evaluation_only $? "ran: $labels"

echo >>"$T/a/data/eval_tasks.smoke.json"
touch -d 2001-01-01 "$T/a/data/eval_tasks.smoke.json"
run "$T/a"
only '^analys'
verdict a_source_replaced_by_an_older_one_is_noticed $? "ran: $labels"

sed -i 's|log_r \* log_r / 2|log_r * log_r / 3|' "$T/a/bin/kl.c"
run "$T/a"
[ -n "$labels" ] && [ -z "$(grep -vE '^(KL|average KL) |^analys' <<<"$labels")" ]
verdict change_in_kl_reruns_kl_and_its_readers $? "ran: $labels"

# A second copy, with processes killed at random moments, must end in the same
# bytes as the first.
rm -rf "$T/a"
victims() { # processes whose folder is the copy's
    for p in /proc/[0-9]*; do
        [ "$(readlink "$p/cwd" 2>/dev/null)" = "$T/b" ] && echo "${p#/proc/}"
    done
}
kills=0
for i in 1 2 3 4 5 6; do
    (cd "$T/b" && exec $make results/analysis/summary.txt) >/dev/null 2>&1 &
    sleep "$((i % 3 + 1)).$((i * 3 % 10))"
    # one process dies, then, if that did not end it, the whole run
    for try in 1 2 3 4 5 6 7 8 9; do
        one=$(victims | sort -R --random-source=<(yes "$i$try") | head -n 1)
        [ -n "$one" ] && kill -9 "$one" 2>/dev/null && kills=$((kills + 1)) && break
    done
    sleep 0.7
    kill -9 $(victims) 2>/dev/null
    wait 2>/dev/null
done
while [ -n "$(victims)" ]; do sleep 0.2; done
run "$T/b"
bytes "$T/b" >"$T/bytes.b"
cmp -s "$T/bytes.a" "$T/bytes.b" && [ $kills -gt 0 ]
verdict killed_and_continued_gives_the_same_bytes $? \
    "$kills kills; $(diff "$T/bytes.a" "$T/bytes.b" | head -n 4 | tr '\n' ' ')"
