# records - the records of an experiment whose truth is known, as JSON lines
#
#   awk -v sd=0.01 -v ratio=20 -v seeds=5 -f records.awk
#
# Arms fp32, bf16, bf16-mixed; tasks dm_val (on) and six others. J of the base
# is 0.3; training adds 0.2 on-task in every arm (H1 holds) and 0.05 off-task.
# The standard deviation over seeds is sd, and sd * sqrt(ratio) off-task in bf16
# (H2). KL is 0.02 on-task and 0.04 off-task, 0.08 off-task in bf16 (H3).
# Numbers come from a small generator of its own, alike in every awk.
function uniform() { x = (x * 16807) % 2147483647; return x / 2147483647 }
function normal(  i, s) {
    s = -6
    for (i = 0; i < 12; i++)
        s += uniform()
    return s
}
function score(arm, seed, task, j) {
    printf "{\"arm\":\"%s\"%s,\"task\":\"%s\",\"j\":%.6f,\"se\":0.02," \
        "\"var_eval\":%.8f,\"n_questions\":100,\"n_samples\":400,\"n\":4," \
        "\"well_formed_fraction\":0.95,\"accuracy_well_formed\":%.6f," \
        "\"pass_at_n\":%.6f,\"response_length_mean\":12.5," \
        "\"length_fraction\":0.01}\n", arm, seed, task, j, 0.00002, \
        j / 0.95, j + 0.1
}
function kl(arm, seed, task, v) {
    printf "{\"arm\":\"%s\"%s,\"task\":\"%s\",\"n_questions\":64," \
        "\"kl_token\":{\"exact\":%.8f,\"k1\":%.8f,\"k2\":%.8f,\"k3\":%.8f}," \
        "\"kl_token_se\":{\"exact\":0.001}," \
        "\"kl_sequence\":{\"exact\":%.8f}," \
        "\"kl_sequence_se\":{\"exact\":0.01}}\n", arm, seed, task, v, v, \
        v * 1.02, v * 1.01, v * 12.5
}
function sparsity(arm, seed, scope, extra, v) {
    printf "{\"arm\":\"%s\"%s,\"scope\":\"%s\"%s,\"n\":1000," \
        "\"unchanged\":%d,\"non_finite\":0,\"sparsity\":%.3f%s}\n", arm, \
        seed, scope, extra, 1000 * v, v, \
        arm == "bf16" ? "" : sprintf(",\"sparsity_f32\":%.3f", v / 10)
}
BEGIN {
    x = 20250708
    n_arms = split("fp32 bf16 bf16-mixed", arm, " ")
    n_tasks = split("dm_val aime24 amc23 math500 gsm8k mmlu_stem humaneval", \
                    task, " ")
    n_kinds = split("q k v o gate up down embed norm", kind, " ")
    for (k = 1; k <= n_tasks; k++)
        score("base", "", task[k], 0.3)
    for (a = 1; a <= n_arms; a++) {
        for (k = 1; k <= n_tasks; k++)
            kl("floor_" arm[a], "", task[k], a == 1 ? 0 : 0.000001 * a)
        for (s = 1; s <= seeds; s++) {
            tag = ",\"seed\":" s
            shared = normal()
            for (k = 1; k <= n_tasks; k++) {
                wide = arm[a] == "bf16" && k > 1 ? sqrt(ratio) : 1
                noise = sd * wide * (0.5 * shared + 0.866 * normal())
                score(arm[a], tag, task[k], 0.3 + (k == 1 ? 0.2 : 0.05) + noise)
                drift = k == 1 ? 0.02 : arm[a] == "bf16" ? 0.08 : 0.04
                kl(arm[a], tag, task[k], drift * (1 + 0.1 * normal()))
            }
            base = arm[a] == "bf16" ? 0.9 : 0.5
            for (k = 1; k <= n_kinds; k++)
                sparsity(arm[a], tag, "kind", ",\"kind\":\"" kind[k] "\"", \
                         base + 0.01 * k)
            for (k = 0; k < 3; k++)
                sparsity(arm[a], tag, "layer", ",\"layer\":" k, \
                         base + 0.02 * k + 0.01 * uniform())
            sparsity(arm[a], tag, "total", "", base + 0.05)
            for (k = 0; k < 40; k++)
                printf "{\"arm\":\"%s\"%s,\"step\":%d,\"reward_mean\":%.6f," \
                    "\"accuracy\":%.6f,\"logp_gap_max\":%s,\"updates\":1," \
                    "\"skipped_updates\":0,\"groups_missing\":0,\"groups_kept\":16}\n", arm[a], \
                    tag, k, -0.4 + 0.02 * k + 0.05 * normal(), \
                    0.3 + 0.01 * k, arm[a] == "bf16" ? "1e-3" : "0"
        }
    }
}
