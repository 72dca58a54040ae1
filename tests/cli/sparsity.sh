# sparsity: records per tensor, kind, layer and total of real checkpoints
set -u
. tests/lib.sh sparsity
root=$PWD
cd "$T"
for i in 1 2 3 4 5 6 7 8; do echo "{\"prompt\":\"1+$i=\",\"response\":\"$((1 + i))\"}"; done >rows
pre() { "$BIN/pretrain" --quiet --tokenizer "$root/data/tokenizer/tiny" --hidden 16 --layers 2 --heads 2 --kv-heads 1 --ffn 24 --max-pos 32 --batch 4 --warmup 0 --threads 1 "$@" rows; }
pre --steps 1 --lr 0 -o base
awk -v SEED=1 -v STEPS=1 -v P=4 -v N=4 -f "$root/tests/golden/train/rollouts.awk" >r.jsonl
step() { "$BIN/dapo-step" --quiet --off-policy --prompts 4 --mini-batch 4 --samples 4 --model base -o /dev/null --threads 1 "$@" r.jsonl; }
step --arm fp32 --lr 1e-5 --out fp32
step --arm bf16 --lr 1e-5 --out bf16
step --arm fp32 --lr 0 --out none
sp() { "$BIN/sparsity" --json "$@"; }
get() { grep -o "\"$1\":[^,}]*" | cut -d: -f2-; }

sp base fp32 >s
gives scopes "$(get scope <s | sort | uniq -c | awk '{ print $2 $1 }' | tr '\n' ' ')" '"kind"10 "layer"2 "tensor"26 "total"1 '
for scope in tensor kind; do
    sum=$(grep "\"scope\":\"$scope\"" s | get unchanged | awk '{ n += $1 } END { print n }')
    gives "${scope}s_add_up" "$sum" "$(grep '"scope":"total"' s | get unchanged)"
done
gives qproj "$(grep -c '"tensor":"model.layers.1.self_attn.q_proj.weight","kind":"q","layer":1,"n":256,' s)" 1
gives fp32_columns "$(grep '"scope":"total"' s | grep -o '"sparsity_[^"]*"' | tr '\n' ' ')" '"sparsity_f32" "sparsity_abs1e-5" '
gives bf16_has_no_fp32_columns "$(sp base bf16 | grep -c unchanged_f32)" 0
awk -v a="$(grep '"scope":"total"' s | get sparsity)" -v b="$(sp base bf16 | tail -n 1 | get sparsity)" -v c="$(grep '"scope":"total"' s | get sparsity_f32)" \
    'BEGIN { print (a > 0.5 && b > a && c < a + 1e-9 ? "ok" : "not ok") " sparsity_bf16_moves_less: " a " " b " " c }'
gives no_update_changes_nothing "$(sp base none | tail -n 1 | get sparsity)" 1.0
j=$(sp --against bf16 base fp32 | tail -n 1)
awk -v j="$(get jaccard <<<"$j")" -v c="$(get jaccard_chance <<<"$j")" 'BEGIN { print (j > c && j <= 1 && c > 0 ? "ok" : "not ok") " sparsity_overlap_beats_chance: " j " " c }'
gives with_itself "$(sp --against fp32 base fp32 | tail -n 1 | get jaccard)" 1.0
gives files_as_directories "$(sp base/model.safetensors fp32/model.safetensors | tail -n 1)" "$(sp base fp32 | tail -n 1)"
sp base r.jsonl >/dev/null 2>err.txt; gives not_a_checkpoint $? 3
sp base nowhere >/dev/null 2>err.txt; gives no_such_file $? 1

# Several checkpoints, as numpy has them (tests/golden/compare).
golden=$root/tests/golden/compare
python3 "$golden/steps.py" .
sp --consecutive a0 a1 a2 a3 >many
gives consecutive_as_numpy "$(python3 "$golden/check.py" "$golden/consecutive.jsonl" many)" '245 fields, 0 differ, 0 records without expectation'
sp --overlap a0 a3 b0 b3 a1 a2 >over
gives overlap_as_numpy "$(python3 "$golden/check.py" "$golden/overlap.jsonl" over)" '406 fields, 0 differ, 0 records without expectation'
sp --overlap --threads 1 a0 a3 b0 b3 a1 a2 | cmp -s - over && ok threads_give_the_same_bytes || no threads_give_the_same_bytes "they differ"
# the same figures as of two checkpoints at a time
for i in 1 2 3; do
    gives "consecutive_$i" "$(grep '"scope":"total".*"update":'$i, many | grep -o '"n":.*"sparsity":[^,]*')" "$(sp a$((i - 1)) a$i | tail -n 1 | grep -o '"n":.*"sparsity":[^,}]*')"
done
j=$(sp --against b3 a0 a3 | tail -n 1)
gives jaccard_of_a_pair "$(grep '"scope":"total"' over | grep '"a":1,"b":2' | get jaccard)" "$(get jaccard <<<"$j")"
# updates of named runs: pairs and groups over one of arm, seed, draw
sp --totals --overlap --runs 'x/1/0 x/2/0 y/1/0 x/1/3' a0 a3 b0 b3 a1 a2 a2 a3 >runs
gives runs_pairs "$(grep '"scope":"total".*"pair"' runs | grep -o '"over":.*"n":' | tr -d '"\n')" \
    over:seed,arm:x,draw:0,seed_a:1,seed_b:2,n:over:arm,seed:1,draw:0,arm_a:x,arm_b:y,n:over:draw,arm:x,seed:1,draw_a:0,draw_b:3,n:
gives runs_updates "$(grep '"scope":"total".*"update"' runs | grep -o '"arm":.*"n":' | tr -d '"\n')" \
    arm:x,seed:1,draw:0,n:arm:x,seed:2,draw:0,n:arm:y,seed:1,draw:0,n:arm:x,seed:1,draw:3,n:
gives runs_consensus "$(grep '"scope":"total".*"consensus"' runs | grep -o '"over":.*"n":' | tr -d '"\n')" \
    over:arm,seed:1,draw:0,n:over:seed,arm:x,draw:0,n:over:draw,arm:x,seed:1,n:
gives runs_totals_alone "$(grep -c '"scope":"tensor"' runs)" 0
# as of the members of a group alone, which are finite everywhere in the same weights
sp --overlap a0 a3 b0 b3 a1 a2 a2 a3 >over4
sp --overlap --runs 'x/1/0 x/2/0 x/3/0 x/4/0' a0 a3 b0 b3 a1 a2 a2 a3 >same
gives one_group_is_all "$(grep consensus same | grep -o '"n":.*')" "$(grep consensus over4 | grep -o '"n":.*')"
gives one_group_has_all_pairs "$(grep '"pair"' same | grep -o '"n":.*')" "$(grep '"pair"' over4 | grep -o '"n":.*')"
misuse() { sp "${@:2}" >/dev/null 2>err.txt; is "misuse_$1" 2 $?; }
misuse three_without_a_mode a0 a1 a2
misuse odd_overlap --overlap a0 a1 a2
misuse both_modes --overlap --consecutive a0 a1
misuse runs_missing --overlap --runs x/1/0 a0 a1 a1 a2
misuse runs_twice --overlap --runs 'x/1/0 x/1/0' a0 a1 a1 a2
misuse runs_malformed --overlap --runs 'x/1 y/1/0' a0 a1 a1 a2
misuse runs_without_overlap --consecutive --runs x/1/0 a0 a1
misuse totals_of_two --totals a0 a1
misuse against --against a2 --consecutive a0 a1
sp --consecutive a0 base >/dev/null 2>err.txt; is other_tensors 3 $?
