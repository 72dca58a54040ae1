# stats --sweep on arms at two learning rates whose numbers were worked out by
# hand, beside each
set -u
. tests/lib.sh sweep
S=$BIN/stats
echo '{"tasks": [{"name": "on1", "role": "on"}, {"name": "off1", "role": "off"}]}' >"$T/tasks.json"
# ARM SEED, J of on1 and off1, the logarithm of KL of both
awk '{ for (i = 1; i <= 2; i++) {
    t = i == 1 ? "on1" : "off1"
    printf "{\"arm\":\"%s\",\"seed\":%d,\"task\":\"%s\",\"j\":%s,\"se\":0.01}\n", $1, $2, t, $(2 + i)
    if ($1 != "base") printf "{\"arm\":\"%s\",\"seed\":%d,\"task\":\"%s\",\"kl_token\":{\"exact\":%.17g}}\n", $1, $2, t, exp($(4 + i))
} }' >"$T/records.jsonl" <<'R'
base 1 0.10 0.5 0 0
base 2 0.10 0.5 0 0
base 3 0.10 0.5 0 0
ref 1 0.20 0.50 0 0
ref 2 0.30 0.55 0 0
ref 3 0.40 0.60 0 0
ref,lr-2 1 0.40 0.50 2 4
ref,lr-2 2 0.50 0.55 2 4
ref,lr-2 3 0.60 0.60 2 4
arm 1 0.35 0.40 1 2.5
arm 2 0.45 0.55 1 2.4
arm 3 0.56 0.70 1 2.6
arm,lr-2 1 0.30 0.40 1.5 3
arm,lr-2 2 0.40 0.55 2.5 5
arm,lr-2 3 0.50 0.70 0.5 1
R
points=(--set 'point ref=ref 1' --set 'point ref,lr-2=ref 2' --set 'point arm=arm 1' --set 'point arm,lr-2=arm 2')
sweep() { $S --sweep "$T/o" --tasks "$T/tasks.json" --set 'arms=ref ref,lr-2 arm arm,lr-2' "${points[@]}" "$@" "$T/records.jsonl" 2>"$T/err"; }
sweep
is exit_status 0 "$?"
row() { tr '\t' ' ' <"$T/o/tables/$1.tsv" | grep -- "^$2 "; }
# dJ on: 0.1, 0.2, 0.3: mean 0.2, sd 0.1, t(0.975, 2) = 4.3027
is grid 'ref 1 3 +0.2000 -0.0484 +0.4484' "$(row grid 'ref 1' | cut -d' ' -f1-6)"
is best_of_the_reference yes "$(row grid 'ref 2' | awk '{ print $NF }')"
is best_of_the_arm yes "$(row grid 'arm 1' | awk '{ print $NF }')"
# J 0.15, 0.15, 0.16 above: mean 0.15333, sd 0.0057735, t(0.95, 2) = 2.91999
is same_lr_h1 'arm 1 1 3 H1 +0.1533 +0.1436 +0.1631' "$(row same_lr 'arm 1 1 3 H1' | cut -d' ' -f1-8)"
# log ratios 1.5, 1.4, 1.6 against 0, 0, 0: exp(1.5 -+ 4.3027 x 0.1 / sqrt(3))
is same_lr_h3 'arm 1 1 3 H3 4.48 3.5 5.75' "$(row same_lr 'arm 1 1 3 H3' | cut -d' ' -f1-8)"
is each_rate_of_the_reference '1 2' "$(awk '$5 == "H1" { print $2 }' "$T/o/tables/same_lr.tsv" | xargs)"
# the arm at 1 (mean J 0.4533) against the reference at 2 (0.5)
is best_lr 'arm 1 2 3 H1 -0.0467 -0.0564 -0.0369' "$(row best_lr 'arm 1 2 3 H1' | cut -d' ' -f1-8)"
check best_at_the_edge grep -q 'The best rate of arm, 1, is at the edge' "$T/o/summary.txt"
# KL on e^1, halfway between e^0 and e^2: the reference's J is 0.3, 0.4, 0.5, its
# off-task KL e^2. Differences 0.05, 0.05, 0.06; log ratios 0.5, 0.4, 0.6
is matched_h1 'arm 1 2.72e+00 3 H1 +0.0533 +0.0436 +0.0631' "$(row matched_kl 'arm 1 2.72e+00 3 H1' | cut -d' ' -f1-8)"
is matched_h3 'arm 1 2.72e+00 3 H3 1.65 1.29 2.11 0.0131' "$(row matched_kl 'arm 1 2.72e+00 3 H3' | cut -d' ' -f1-9)"
# at 2: seed 1 a quarter from the upper one, seed 2 beyond it, seed 3 a quarter from
# the lower one: J 0.35 and 0.45 of the reference, differences of -0.05 and 0.05
is matched_seeds '2 H1 +0.0000' "$(awk '$1 == "arm" && $2 == 2 && $5 == "H1" { print $4, $5, $6 }' "$T/o/tables/matched_kl.tsv")"
sed -i 's/"arm":"arm\(,lr-2\)*"\(.*\)"on1","kl_token":{"exact":[0-9.]*/"arm":"arm\1"\2"on1","kl_token":{"exact":1000/' "$T/records.jsonl"
sweep
check nothing_to_match grep -q "No arm's KL lies within that of the reference" "$T/o/summary.txt"
# sparsity alone at a rate: the arm has nothing to compare there
sed -i '/"arm":"arm"/d' "$T/records.jsonl"
echo '{"scope":"total","n":9,"unchanged":1,"non_finite":0,"sparsity":0.5,"arm":"arm","seed":1}' >>"$T/records.jsonl"
sweep
for h in H1 H2 H3; do
    is "a_point_without_scores_$h" "arm 1 1 0 $h NA NA NA NA NA not tested" "$(row same_lr "arm 1 1 0 $h")"
done
check it_says_why grep -q 'neither scores nor KL scores (H1 arm at 1, H2 arm at 1, H3 arm at 1)' "$T/o/summary.txt"
no_point=("${points[@]:0:6}")
fails a_point_without_its_line 3 'no "point arm,lr-2" in the setting' $S --sweep "$T/x" --tasks "$T/tasks.json" \
    --set 'arms=ref ref,lr-2 arm arm,lr-2' "${no_point[@]}" "$T/records.jsonl"
fails a_line_that_is_none 3 'expected an arm and a learning rate' $S --sweep "$T/x" --tasks "$T/tasks.json" \
    --set 'arms=ref ref,lr-2 arm arm,lr-2' "${no_point[@]}" --set 'point arm,lr-2=arm fast' "$T/records.jsonl"
fails a_rate_twice 3 'arm arm has lr 1 twice' $S --sweep "$T/x" --tasks "$T/tasks.json" \
    --set 'arms=ref ref,lr-2 arm arm,lr-2' "${no_point[@]}" --set 'point arm,lr-2=arm 1' "$T/records.jsonl"
fails two_modes 2 'more than one of' $S --sweep "$T/x" --ablation "$T/records.jsonl"
check nothing_written test ! -e "$T/x"
