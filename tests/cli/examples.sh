#!/bin/bash
# examples - every script of examples/ runs, and says what it promises
set -u
. tests/golden/bits/run.bash
base "$T/base" || { echo "not ok examples: no base model"; exit 1; }
"$BIN/tokenize" --quiet --tokenizer "$T/base" $golden/prompts.jsonl -o "$T/tokens" || exit 1
says() { # NAME PATTERN COMMAND...: exit status 0, and a line that matches
    local name=$1 want=$2 rc=0
    shift 2
    "$@" >"$T/said" 2>"$T/err" || rc=$?
    if [ $rc = 0 ] && grep -qE "$want" "$T/said"; then echo "ok example_$name"; else
        echo "not ok example_$name: exit $rc: $(head -qn 3 "$T/said" "$T/err" | tr '\n' ' ')"
    fi
}
says by_hand '(true|false).(boxed|none)' \
    examples/by_hand.sh "$T/base" 'What "is" 2+3?' 5
says train_by_hand '^1.' \
    examples/train_by_hand.sh "$T/base" "$T/tokens" "$T/out" bf16 2
says kl_of_a_run 'kl.token.exact +[1-9]' \
    examples/kl_of_a_run.sh "$T/base" "$T/out" "$T/tokens"
says worst_prompts '^[01]\.[0-9]+.[0-9]' \
    examples/worst_prompts.sh "$T/out.rollouts.zst" 3
tested=$(sed -n 's/^ *examples\/\([a-z_]*\.sh\).*/\1/p' tests/cli/examples.sh | sort)
[ "$tested" = "$(cd examples && ls)" ] && echo "ok every_example_is_run" ||
    echo "not ok every_example_is_run: $(cd examples && ls | tr '\n' ' ')"
for x in examples/*.sh; do # without arguments: what is wanted, and no success
    bash "$x" >"$T/said" 2>&1 && echo "not ok example_misuse: $x exits 0"
done
echo "ok example_misuse_is_tried"
