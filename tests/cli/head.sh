#!/bin/bash
# head - a reader that leaves early ends every program without a word, with the
# status of SIGPIPE (or 0 where that is a good end), and leaves nothing behind
set -u
M=tests/golden/model/tied
root=$PWD
. tests/lib.sh head

# left NAME COMMAND...: nobody reads standard output any more when it starts
left() {
    local name=$1 rc
    shift
    { sleep 0.1; "$@" 2>"$T/err" <"$T/in"; echo $? >"$T/rc"; } | exec 0<&-
    rc=$(cat "$T/rc")
    if { [ "$rc" = 141 ] || [ "$rc" = 0 ]; } && [ ! -s "$T/err" ]; then
        ok "$name"
    else
        no "$name" "status $rc: $(head -c 200 "$T/err")"
    fi
}
records() { # enough of them to fill a pipe
    awk 'BEGIN { for (i = 0; i < 400; i++) {
        printf "{\"id\":\"p%d\",\"task\":\"t\",\"prompt\":\"1+1=\",\"answer\":\"2\"", i
        printf ",\"prompt_tokens\":[1,7,3],\"response\":\"\\\\boxed{2}\""
        printf ",\"response_tokens\":[4,5],\"response_logprobs\":[-1,-2]"
        printf ",\"correct\":true,\"reward\":1.0,\"sample\":0"
        printf ",\"logprobs\":{\"policy\":[-1,-2],\"base\":[-1,-3]}"
        printf ",\"kl\":{\"sequence\":{\"k1\":0.5}}}\n" } }'
}
records >"$T/in"
B=$BIN
T0="--tokenizer data/tokenizer/tiny"
for p in prepare pretrain tokenize draw rollout reward dapo-step logprob kl sparsity spectrum divergence stats show checksum delta; do
    left "help_of_$p" "$B/$p" --help
    left "version_of_$p" "$B/$p" --version
done
for json in "" --json; do
    n=${json:+_json}
    left "tokenize$n" "$B/tokenize" $json $T0
    left "decode$n" "$B/tokenize" --decode $json $T0
    left "draw$n" "$B/draw" $json
    left "draw_counted$n" "$B/draw" --count 10 $json
    left "rollout$n" "$B/rollout" --device cpu $json --model $M --max-new 3
    left "reward$n" "$B/reward" $json
    left "logprob$n" "$B/logprob" --device cpu $json --model $M --as x
    left "kl$n" "$B/kl" $json
    left "sparsity$n" "$B/sparsity" $json $M $M
    left "spectrum$n" "$B/spectrum" --quiet $json $M $M
    left "stats$n" "$B/stats" $json --by id correct
    left "score$n" "$B/stats" $json --score
    left "kl_score$n" "$B/stats" $json --kl-score
    left "tag$n" "$B/stats" $json --tag --set a=1
    left "to_stdout_by_name$n" "$B/kl" $json -o /dev/stdout
done
left table "$B/stats" --table --by id correct
left prepare "$B/prepare" --sample dm_val -n 400
left explain "$B/reward" --explain
left rollout_plan "$B/rollout" --plan --model $M
left logprob_plan "$B/logprob" --plan --model $M
left train_plan "$B/dapo-step" --plan --model $M --out "$T/ckpt"
for o in "" --json --fields --header --count "--field id" "--head 3"; do
    left "show${o// /_}" "$B/show" $o
done

# a real head, which leaves in the midst of it
records | "$B/reward" --explain 2>"$T/err" | head -n 1 >/dev/null
[ ! -s "$T/err" ] && ok in_the_midst || no in_the_midst "$(head -c 200 "$T/err")"

# dapo-step trains no further and leaves no checkpoint, whole or half
mkdir "$T/train"
awk -v SEED=1 -v STEPS=3 -v P=4 -v N=4 -f tests/golden/train/rollouts.awk >"$T/in"
cd "$T"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done |
    "$B/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 \
        --heads 2 --kv-heads 1 --ffn 24 --max-pos 32 --steps 1 --batch 4 -o base
left dapo_step "$B/dapo-step" --prompts 4 --mini-batch 2 --samples 4 --off-policy \
    --model base --steps 3 --out train/ckpt --keep train/kept
[ -z "$(ls -A train)" ] && ok leaves_nothing || no leaves_nothing "$(ls -A train)"

