#!/bin/bash
# finite - no stream holds NaN or an infinity: none is read, none is written,
# whatever the field, and sums that overflow are named
set -u
M=tests/golden/model/tied
. tests/lib.sh finite
# bad NAME MESSAGE COMMAND...: exit status 3, one line, no number that is none
bad() {
    local name=$1 want=$2 rc=0
    shift 2
    "$@" >"$T/out" 2>"$T/err" || rc=$?
    is "$name" "3 $want" "$rc $(cat "$T/err")$(grep -aowiE 'nan|inf' "$T/out")"
}
# A stream of one record: FIELD is a float in MessagePack.
head_bytes='\x83\xa4rlvr\x01\xa4kind\xa8rollouts\xa7made_by\x90'
nan64='\xcb\x7f\xf8\0\0\0\0\0\0' inf64='\xcb\x7f\xf0\0\0\0\0\0\0'
nan32='\xca\x7f\xc0\0\0' low32='\xca\xff\x80\0\0'
one() { printf "$head_bytes$1"; }
common='\xa2id\xa1x\xa4task\xa1t\xa6prompt\xa11\xa6answer\xa11\xa8response\xa11'
common+='\xadprompt_tokens\x91\x01\xafresponse_tokens\x91\x02\xa7correct\xc3'
common+='\xb1response_logprobs\x91\xca\xbf\0\0\0\xa6sample\0\xa6reward\x01'
common+='\xa8logprobs\x82\xa6policy\x91\xca\xbf\0\0\0\xa4base\x91\xca\xbf\0\0\0'
common+='\xa2kl\x81\xa8sequence\x81\xa2k1\x01'
one "\x8e$common\xa4mine\x92\x01$nan32" >"$T/array"
one "\x8e$common\xa4mine\x81\xa1a$inf64" >"$T/map"
one "\x8e$common\xa4mine$low32" >"$T/plain"
for f in array map plain; do
    case $f in
    array) what='mine[1]: found nan' ;;
    map) what='mine.a: found inf' ;;
    plain) what='mine: found -inf' ;;
    esac
    msg="$T/$f: record 1: $what, expected a finite number"
    for json in "" --json; do
        bad tokenize_${f}$json "tokenize: $msg" "$BIN/tokenize" --tokenizer data/tokenizer/tiny $json "$T/$f"
        bad decode_${f}$json "tokenize: $msg" "$BIN/tokenize" --decode --tokenizer data/tokenizer/tiny $json "$T/$f"
        bad draw_${f}$json "draw: $msg" "$BIN/draw" --count 3 $json "$T/$f"
        bad rollout_${f}$json "rollout: $msg" "$BIN/rollout" --quiet --device cpu --model $M --max-new 2 $json "$T/$f"
        bad reward_${f}$json "reward: $msg" "$BIN/reward" $json "$T/$f"
        bad logprob_${f}$json "logprob: $msg" "$BIN/logprob" --quiet --device cpu --model $M --as x $json "$T/$f"
        bad kl_${f}$json "kl: $msg" "$BIN/kl" $json "$T/$f"
        bad tag_${f}$json "stats: $msg" "$BIN/stats" --tag $json "$T/$f"
        bad score_${f}$json "stats: $msg" "$BIN/stats" --score $json "$T/$f"
        bad kl_score_${f}$json "stats: $msg" "$BIN/stats" --kl-score $json "$T/$f"
        bad by_${f}$json "stats: $msg" "$BIN/stats" --by task $json --field correct "$T/$f"
        bad select_${f}$json "show: $msg" "$BIN/show" -o - --where correct $json "$T/$f"
    done
    bad table_$f "stats: $msg" "$BIN/stats" --by task --table --field correct "$T/$f"
    bad kept_$f "dapo-step: $msg" "$BIN/dapo-step" --quiet --device cpu --off-policy --model $M \
        --prompts 1 --mini-batch 1 --samples 1 --keep "$T/kept" --out "$T/c" "$T/$f"
done
one '\x82\xa2id\xa1x\xa1v'"$nan64" >"$T/n"
is show_still_looks nan "$("$BIN/show" --field v "$T/n" 2>/dev/null)"
# a bad record can be left out as any other
{ one '\x82\xa2id\xa1x\xa1v'"$nan64"; printf '\x82\xa2id\xa1y\xa1v\x01'; } >"$T/two"
is skip_bad y "$("$BIN/reward" --skip-bad 1 --json "$T/two" 2>&1 | grep -o 'record 2: answer' | sed 's/.*/y/')"

# finite numbers whose sums, means or squares are not
big=1.7e308
for k in exact k1 k2 k3; do
    for i in p q; do
        echo "{\"id\":\"$i\",\"task\":\"t\",\"response_tokens\":[1],\"kl\":{\"sequence\":{\"$k\":$big}}}"
    done >"$T/k.jsonl"
    for json in "" --json; do
        bad kl_score_sum_$k$json "stats: standard output: record 1: kl_token.$k: found inf, expected a finite number" \
            "$BIN/stats" --kl-score $json "$T/k.jsonl"
    done
done
bad kl_score_named "stats: $T/o: record 1: kl_token.k3: found inf, expected a finite number" \
    "$BIN/stats" --kl-score -o "$T/o" "$T/k.jsonl"
is kl_score_leaves_nothing "" "$(ls "$T/o" 2>/dev/null)"
printf '{"g":"a","v":1}\n{"g":"b","v":%s}\n{"g":"b","v":%s}\n' $big 1.6e308 >"$T/v.jsonl"
printf '{"g":"b","v":%s}\n{"g":"b","v":-%s}\n' $big $big >"$T/w.jsonl"
printf '{"g":"b","v":[%s,%s]}\n' $big 1.6e308 >"$T/a.jsonl"
for o in --json --table ""; do
    bad mean_overflows$o 'stats: group g=b: v.mean is not finite: the values are too large' \
        "$BIN/stats" $o --by g --field v "$T/v.jsonl"
    bad spread_overflows$o 'stats: group g=b: v.sd is not finite: the values are too large' \
        "$BIN/stats" $o --by g --field v "$T/w.jsonl"
    bad array_overflows$o 'stats: group g=b: v.mean is not finite: the values are too large' \
        "$BIN/stats" $o --by g --field v "$T/a.jsonl"
    bad sum_in_a_record$o "stats: $T/a.jsonl: record 1: sum(v): found inf, expected a finite number" \
        "$BIN/stats" $o --by g --field 'sum(v)' "$T/a.jsonl"
    bad quantile_overflows$o 'stats: group g=b: v.p30 is not finite: the values are too large' \
        "$BIN/stats" $o --by g --stat p30 --field v "$T/w.jsonl"
done
bad kl_overflows "kl: stdin: record 1: logprobs.base: k3 overflows" "$BIN/kl" \
    <<<'{"response_tokens":[1],"logprobs":{"policy":[-1e5],"base":[-1]}}'
is a_range_of_any_numbers 0 "$("$BIN/show" --fields "$T/v.jsonl" | grep -cwiE 'nan|inf')"
is set_of_infinity '"inf"' "$("$BIN/stats" --tag --json --set a=inf <<<'{}' | grep -o '"inf"')"
is set_of_too_much '"1e999"' "$("$BIN/stats" --tag --json --set a=1e999 <<<'{}' | grep -o '"1e999"')"
bad json_of_too_much "reward: stdin: line 1, column 19: real number overflow near '1e999'" \
    "$BIN/reward" <<<'{"id":"x","v":1e999}'
