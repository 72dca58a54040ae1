#!/bin/bash
# what training did to the weights, in the report: spectrum and overlaps of hand-made
# records whose means are known, and of real checkpoints as the programs write them
set -u
. tests/lib.sh weights
S=$BIN/stats
# drift of arm a, seed s, draw d: a + s / 10 + d / 50, in total; by kind and layer ten times that
awk 'BEGIN {
    for (a = 1; a < 3; a++) for (s = 1; s < 4; s++) for (d = 0; d < 2; d++) {
        arm = a == 1 ? "fp32" : "bf16"; v = a + s / 10 + d / 50
        tags = sprintf("\"arm\":\"%s\",\"seed\":%d,\"draw\":%d", arm, s, d)
        printf "{\"scope\":\"total\",\"n\":9,\"unchanged\":1,\"non_finite\":0,\"sparsity\":0.5,%s}\n", tags
        printf "{\"scope\":\"total\",\"n\":9,\"n_matrices\":2,\"nss\":%g,\"angle_left_max\":%g,\"angle_right_max\":%g,\"stable_rank_delta\":2,", v, 2 * v, 3 * v
        printf "\"topk_delta\":0.25,\"overlap_principal\":%g,\"overlap_principal_chance\":0.5,\"overlap_low\":0.6,\"overlap_low_chance\":0.5,%s}\n", a == 1 ? 0.4 : 0.45 + s / 30, tags
        printf "{\"scope\":\"kind\",\"kind\":\"q\",\"n\":9,\"nss\":%g,%s}\n{\"scope\":\"layer\",\"layer\":1,\"n\":9,\"nss\":%g,%s}\n", 10 * v, tags, 10 * v, tags
        printf "{\"scope\":\"matrix\",\"kind\":\"q\",\"layer\":1,\"tensor\":\"q1\",\"n\":9,\"nss\":%g,%s}\n", 10 * v, tags
    } }' >"$T/spectrum.jsonl"
pair() { # OVER TAGS JACCARD CHANCE
    echo "{\"scope\":\"total\",\"measure\":\"pair\",\"a\":1,\"b\":2,\"over\":\"$1\",$2,\"n\":9,\"jaccard\":$3,\"jaccard_chance\":$4}"
}
{
    pair arm '"arm_a":"fp32","arm_b":"bf16","seed":1,"draw":0' 0.5 0.25
    pair arm '"arm_a":"bf16","arm_b":"fp32","seed":2,"draw":0' 0.7 0.75
    pair seed '"arm":"bf16","seed_a":1,"seed_b":2,"draw":0' 0.25 0.125
    pair draw '"arm":"fp32","draw_a":0,"draw_b":1,"seed":1' 1 0.5
    # not told of the total over all weights, or of no named runs
    echo '{"scope":"kind","kind":"q","measure":"pair","a":1,"b":2,"over":"arm","arm_a":"fp32","arm_b":"bf16","seed":3,"n":9,"jaccard":0.1,"jaccard_chance":0.1}'
    echo '{"scope":"total","measure":"pair","a":1,"b":2,"n":9,"jaccard":0.1,"jaccard_chance":0.1}'
    echo '{"scope":"total","measure":"consensus","over":"arm","seed":1,"draw":0,"n":9,"consensus":0.1,"consensus_chance":0.1}'
    echo '{"scope":"total","measure":"update","update":1,"arm":"fp32","seed":1,"draw":0,"n":9,"sparsity":0.1}'
} >"$T/overlap.jsonl"
report() { "$S" --quiet --report "$1" --set arms='fp32 bf16' "${@:2}"; }
report "$T/a" "$T/spectrum.jsonl" "$T/overlap.jsonl" || no report "exit status $?"
gives overlaps_between_arms_seeds_and_draws "$(tail -n +2 "$T/a/tables/overlap.tsv")" \
    "arms	fp32, bf16	2	0.6000	0.5000	0.7000	0.5000	1
seeds	bf16	1	0.2500	0.2500	0.2500	0.1250	1
draws	fp32	1	1.0000	1.0000	1.0000	0.5000	1"
gives spectra_by_arm_beside_what_is_published "$(cut -f 1-3 "$T/a/tables/spectrum.tsv")" \
    "quantity	fp32	bf16
seeds	3	3
drift of the singular values	1.21e+00	2.21e+00
drift, least seed	1.11e+00	2.11e+00
drift, greatest seed	1.31e+00	2.31e+00
largest left angle, degrees	2.42	4.42
largest right angle, degrees	3.63	6.63
stable rank of the update	2.00	2.00
share of it in k singular values	0.2500	0.2500
changed weights, principal	0.4000	0.5167
principal, by chance	0.5000	0.5000
seeds with fewer than by chance	3	1
changed weights, small	0.6000	0.6000
small, by chance	0.5000	0.5000
seeds with more than by chance	3	3"
gives published_values "$(cut -f 4 "$T/a/tables/spectrum.tsv" | sed -n '1p;3p;6p;10p;13p' | tr '\n' ';')" \
    'published or expected;1e-5 (SFT 1e-3);below 0.5 (SFT above 10);below chance;above chance;'
gives parts_by_kind_and_layer "$(tail -q -n +2 "$T"/a/tables/spectrum_{kinds,layers}.tsv | cut -f 1-3 | tr '\t\n' ' ;')" \
    'q fp32 1.210e+01;q bf16 2.210e+01;1 fp32 1.210e+01;1 bf16 2.210e+01;'
gives sparsity_has_no_parts_but_its_own "$(tail -n +2 "$T/a/tables/sparsity_layers.tsv") $(grep '^kinds' "$T/a/plots/params.gp")" ' kinds = ""'
gives the_summary_has_both "$(grep -c '^Which weights moved$\|^Spectrum of the update$' "$T/a/summary.txt")" 2
report "$T/b" "$T/overlap.jsonl" <(tac "$T/spectrum.jsonl") || no report_again "exit status $?"
check the_same_bytes_in_another_order cmp "$T/a/summary.txt" "$T/b/summary.txt"
grep -v nss "$T/spectrum.jsonl" >"$T/sparsity.jsonl"
report "$T/c" "$T/sparsity.jsonl" || no report_without "exit status $?"
gives without_such_records_nothing_is_said "$(grep -c '^Which weights moved$\|^Spectrum of' "$T/c/summary.txt")" 0
grep nss "$T/spectrum.jsonl" >"$T/spectra.jsonl"
fails a_run_counts_once 3 'two spectrum records of arm fp32, seed 1' report "$T/d" "$T/spectra.jsonl" "$T/spectra.jsonl"
fails an_unknown_difference 3 'over: found "task"' report "$T/d" "$T/sparsity.jsonl" <(pair task '"arm":"fp32"' 1 1)
fails a_spectrum_needs_its_seed 3 'seed: missing' report "$T/d" <(echo '{"scope":"total","nss":1,"arm":"fp32"}')

# as the programs write them
M=$T/m
for s in 1 2 3; do
    "$BIN/pretrain" --quiet --tokenizer data/tokenizer/tiny --hidden 16 --layers 2 --heads 2 --kv-heads 1 --ffn 24 \
        --max-pos 32 --steps 0 --seed $s --threads 1 -o "$M$s" || no model "pretrain failed"
done
for a in fp32:2 bf16:3; do
    "$BIN/spectrum" --quiet --threads 1 --top 4 "${M}1" "$M${a#*:}" | "$S" --quiet --tag --set arm=${a%:*} --set seed=1 -o "$T/${a%:*}.msgpack"
done
"$BIN/sparsity" --quiet --threads 1 --totals --overlap --runs 'fp32/1/0 bf16/1/0' -o "$T/overlap.msgpack" "${M}1" "${M}2" "${M}1" "${M}3"
"$BIN/sparsity" --quiet --threads 1 "${M}1" "${M}2" | "$S" --quiet --tag --set arm=fp32 --set seed=1 -o "$T/sparsity.msgpack"
check programs_records_are_read report "$T/e" "$T"/{fp32,bf16,overlap,sparsity}.msgpack
gives as_they_are "$(cut -f 2,3 "$T/e/tables/spectrum.tsv" | sed -n 3p) $(cut -f 4 "$T/e/tables/overlap.tsv" | tail -n 1)" \
    "$(for a in fp32 bf16; do "$BIN/show" --where 'scope == "total"' --field nss "$T/$a.msgpack"; done | awk '{ printf "%s%.2e", (NR > 1 ? "\t" : ""), $1 }') $(
        "$BIN/show" --where 'scope == "total" and measure == "pair"' --field jaccard "$T/overlap.msgpack" | awk '{ printf "%.4f", $1 }')"
