# kl: estimators against direct formulas, messages, passing fields
set -u
. tests/lib.sh kl
cd "$T"
kl() { "$BIN/kl" --quiet --json "$@"; }
# values that fp32 holds exactly
rec='{"id":"a","response_tokens":[7,8,9],"logprobs":{"policy":[-1.0,-2.0,-0.5],"base":[-1.5,-1.0,-0.5]},"kl_exact":[0.125,0.25,0],"new":[1,{"x":null}]}'
echo "$rec" | kl >out
awk '
function get(name,   s) { s = $0; sub(".*\"" scope "\":[{]", "", s); sub("[}].*", "", s); sub(".*\"" name "\":", "", s); sub(",.*", "", s); return s + 0 }
function near(a, b) { return a - b < 1e-14 && b - a < 1e-14 }
{
    split("0.5 -1 0", m, " ") # -log r
    for (i = 1; i <= 3; i++) { k1 += m[i]; k2 += m[i] ^ 2 / 2; k3 += exp(-m[i]) - 1 + m[i] }
    scope = "sequence"; good = near(get("exact"), 0.375) && near(get("k1"), k1) && near(get("k2"), k2) && near(get("k3"), k3)
    scope = "token"; good = good && near(get("exact"), 0.125) && near(get("k1"), k1 / 3) && near(get("k2"), k2 / 3) && near(get("k3"), k3 / 3)
    print (good ? "ok kl_formulas" : "not ok kl_formulas: " $0)
}' out
gives fields_pass "$(sed 's/,"kl":.*/}/' out)" "${rec/\"kl_exact\":\[0.125,0.25,0\]/\"kl_exact\":[0.125,0.25,0]}"
# k3 keeps its small values: x^2/2 - x^3/6 at x = 2^-20 (fp32 near zero would give 0)
k3=$(echo '{"response_tokens":[1],"logprobs":{"policy":[0.00000095367431640625],"base":[0]}}' | kl | grep -o '"sequence":.*' | grep -o '"k3":[^,}]*' | cut -d: -f2)
awk -v k="$k3" 'BEGIN { x = 2 ^ -20; want = x * x / 2 - x ^ 3 / 6; print (k > want * (1 - 1e-12) && k < want * (1 + 1e-12) ? "ok kl_small_k3" : "not ok kl_small_k3: " k) }'
gives exact_may_be_missing "$(echo '{"response_tokens":[1],"logprobs":{"policy":[-1],"base":[-1]}}' | kl)" \
   '{"response_tokens":[1],"logprobs":{"policy":[-1],"base":[-1]},"kl":{"token":{"k1":0.0,"k2":0.0,"k3":0.0},"sequence":{"k1":0.0,"k2":0.0,"k3":0.0}}}'
gives other_columns "$(echo '{"response_tokens":[1],"logprobs":{"p":[-1],"q":[-3]}}' | kl --policy p --base q | grep -o '"k1":[^,]*' | head -n 1)" '"k1":2.0'
bad() { # NAME TEXT RECORD
    local rc=0
    echo "$3" | kl >/dev/null 2>err.txt || rc=$?
    if [ $rc = 3 ] && grep -qF -- "$2" err.txt; then ok "$1"; else no "$1" "exit $rc: $(cat err.txt)"; fi
}
bad lengths_must_agree 'record 1: logprobs.base has 2 values, response_tokens 1' '{"response_tokens":[1],"logprobs":{"policy":[-1],"base":[-1,-2]}}'
bad a_column_is_missing 'logprobs.base' '{"response_tokens":[1],"logprobs":{"policy":[-1]}}'
bad an_empty_response 'response_tokens: empty' '{"response_tokens":[],"logprobs":{"policy":[],"base":[]}}'
gives skip_bad "$({ echo '{"response_tokens":[1]}'; echo "$rec"; } | kl --skip-bad 1 2>/dev/null | wc -l)" 1
"$BIN/kl" -o s.zst <<<"$rec" && gives stream_output "$(kl <s.zst | grep -c '"kl":')" 1
