# stats --ablation on three arms and two seeds whose numbers were worked out by
# hand, beside each
set -u
S=$BIN/stats
. tests/lib.sh ablation
fails() { # NAME CODE PATTERN COMMAND...: exit status and message
    local name=$1 code=$2 pattern=$3 rc=0
    shift 3
    "$@" >"$T/out" 2>"$T/err" </dev/null || rc=$?
    [ $rc = "$code" ] && grep -q -e "$pattern" "$T/err" && [ ! -s "$T/out" ] && ok "$name" ||
        no "$name" "exit $rc: $(head -c 300 "$T/err")"
}
cat >"$T/tasks.json" <<'J'
{"tasks": [{"name": "on1", "role": "on"}, {"name": "off1", "role": "off"}, {"name": "off2", "role": "off"}]}
J
# ARM, then by seed J of on1 off1 off2, KL of them, sparsity
# shellcheck disable=SC2034 # named by ${!j}, ${!k}
while read -r arm seed j1 j2 j3 k1 k2 k3 same; do
    i=0
    for t in on1 off1 off2; do
        i=$((i + 1)) j=j$i k=k$i
        echo "{\"arm\":\"$arm\",\"seed\":$seed,\"task\":\"$t\",\"j\":${!j}}"
        [ "$arm" = base ] || echo "{\"arm\":\"$arm\",\"seed\":$seed,\"task\":\"$t\",\"kl_token\":{\"exact\":${!k}}}"
    done
    [ "$arm" = base ] || echo "{\"arm\":\"$arm\",\"seed\":$seed,\"scope\":\"total\",\"sparsity\":$same}"
done >"$T/records.jsonl" <<'R'
base 1 0.5 0.2 0.3 0 0 0 0
base 2 0.4 0.2 0.3 0 0 0 0
a 1 0.6 0.3 0.3 0.125 0.125 0.375 0.5
a 2 0.5 0.4 0.5 0.375 0.125 0.375 0.5
a,x-1 1 0.7 0.3 0.3 0.25 0.125 0.375 0.25
a,x-1 2 0.7 0.4 0.5 0.5 0.125 0.375 0.5
b 1 0.9 0.4 0.5 0.5 0.25 0.5 0.5
b 2 0.9 0.7 0.7 1 0.25 0.5 0.5
R
ablation() { $S --ablation --tasks "$T/tasks.json" "$@" "$T/records.jsonl"; }
ablation --set 'arms=a a,x-1 b' -o "$T/page" 2>"$T/err"
is exit_status 0 $?
line() { tr -s ' ' <"$T/page" | grep "$1" | sed -n "${2:-1}s/^ //p"; }
# dJ of b: on (0.4 + 0.5) / 2, off ((0.2 + 0.2) / 2 + (0.5 + 0.4) / 2) / 2; var J off:
# (0.3^2 / 2 + 0.2^2 / 2) / 2
is values_of_the_reference 'a 2 +0.1000 +0.1250 5.00e-03 1.25e-02 2.50e-01 2.50e-01 0.5000' "$(line '^ a 2')"
is values_of_the_whole 'b 2 +0.4500 +0.3250 0.00e+00 3.25e-02 7.50e-01 3.75e-01 0.5000' "$(line '^ b 2')"
# differences 0.1 and 0.2, of 0.3 and 0.4
is a_factor_and_its_part 'dJ on a,x-1 +1.500e-01 5.0e-02 43%' "$(line '^ dJ on')"
is the_whole 'b +3.500e-01 5.0e-02 100%' "$(line '^ b +' 1)"
is the_sum_of_single_factors 'sum of single factors +1.500e-01 - 43%' "$(line '^ sum' 1)"
is no_difference 'dJ off a,x-1 +0.000e+00 0.0e+00 0%' "$(line '^ dJ off a')"
# v of a: 0.005, 0.02; of b: 0.045, 0.02; se^2 = sum of 2 (v / 2)^2 over both
is a_difference_of_variances 'b +2.000e-02 3.8e-02 n.c.' "$(line '^ b ' 5)"
is a_variance_of_0 'var J on a,x-1 -5.000e-03 7.1e-03 n.c.' "$(line '^ var J on')"
is kl 'KL on a,x-1 +1.250e-01 0.0e+00 25%' "$(line '^ KL on')"
is a_whole_of_0_has_no_parts 'same a,x-1 -1.250e-01 1.2e-01 n.c.' "$(line '^ same')"
is order_of_arms_is_the_settings 'a,x-1 2' "$(ablation --set 'arms=b a,x-1 a' | tr -s ' ' | grep -o '^ a,x-1 2' | sed 's/^ //')"
grep -v '"b","seed":2.*kl_token' "$T/records.jsonl" >"$T/less.jsonl"
fails a_seed_without_kl 3 'arm b: found 1 seeds with KL on the on-tasks, expected 2 or more' \
    $S --ablation --tasks "$T/tasks.json" --set 'arms=a a,x-1 b' "$T/less.jsonl"
sed '/"a","seed":1/s/"seed":1/"seed":3/' "$T/records.jsonl" | sed '/"base","seed":1/p;s/"base","seed":1/"base","seed":3/' >"$T/other.jsonl"
fails other_seeds_than_the_reference 3 'arm a,x-1: found 1 seeds with J .* that the reference has too' \
    $S --ablation --tasks "$T/tasks.json" --set 'arms=a a,x-1 b' "$T/other.jsonl"
fails one_arm 3 'no records of arm c' $S --ablation --tasks "$T/tasks.json" --set 'arms=a c' "$T/records.jsonl"
fails no_roles 3 'one that is "off"' $S --ablation --set 'arms=a a,x-1 b' "$T/records.jsonl"
fails two_modes 2 'more than one of' $S --ablation --report x "$T/records.jsonl"
