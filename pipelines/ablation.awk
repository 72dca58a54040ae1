# ablation - the table of make ablation, from what show prints
#
# in      j ARM SEED TASK J, kl ARM SEED TASK NATS, same ARM SEED SCOPE FRACTION,
#         tabs between; J of the base comes first, under each seed's stream
# -v      arms: names, the first the reference, the last the whole; on, off:
#         tasks
#
# A difference is the arm's minus the reference's at the same seed: those two
# runs differ in one factor and nothing else. Its standard error is over seeds.
BEGIN {
    FS = "\t"
    n_arms = split(arms, arm, " ")
    n_role["on"] = split(on, t, " ")
    for (i in t) role[t[i]] = "on"
    n_role["off"] = split(off, t, " ")
    for (i in t) role[t[i]] = "off"
    n_q = split("dJ on,dJ off,KL on,KL off,same", quantity, ",")
}
$2 == "base" { base[$4, $3] = $5; next }
$1 == "same" {
    if ($4 == "total")
        sum[$2, $3, "same"] = $5
    next
}
{
    if (!(($2, $3) in seen)) {
        seen[$2, $3] = 1
        seed_of[$2, ++n_seeds[$2]] = $3
    }
    r = role[$4]
    if ($1 == "kl") {
        sum[$2, $3, "KL " r] += $5 / n_role[r]
    } else {
        sum[$2, $3, "dJ " r] += ($5 - base[$4, $3]) / n_role[r]
        task[$4] = 1
        s[$2, $4] += $5
        ss[$2, $4] += $5 * $5
    }
}
# mean over seeds of quantity q in arm a
function mean(a, q,    i, x) {
    for (i = 1; i <= n_seeds[a]; i++)
        x += sum[a, seed_of[a, i], q]
    return x / n_seeds[a]
}
# the mean over tasks of the variance of J over seeds; v_se, its standard error
# for normal J (a variance from n seeds has 2 v^2 / (n - 1)), tasks apart
function variance(a, r,    k, n, v, x) {
    n = n_seeds[a]
    v_se = 0
    for (k in task)
        if (role[k] == r) {
            x = (ss[a, k] - s[a, k] * s[a, k] / n) / (n - 1)
            x = x < 0 ? 0 : x
            v += x / n_role[r]
            v_se += 2 * x * x / (n - 1) / n_role[r] ^ 2
        }
    v_se = sqrt(v_se)
    return v
}
# the paired difference from the reference: d, and its standard error se
function difference(a, q,    i, n, x, x1, x2) {
    for (i = 1; i <= n_seeds[a]; i++) {
        if (!((arm[1], seed_of[a, i]) in seen))
            continue
        x = sum[a, seed_of[a, i], q] - sum[arm[1], seed_of[a, i], q]
        n++
        x1 += x
        x2 += x * x
    }
    d = x1 / n
    se = n > 1 && x2 > x1 * x1 / n ? sqrt((x2 - x1 * x1 / n) / (n - 1) / n) : 0
}
function part(x, whole, known,    p) {
    if (!known || whole == 0)
        return "n.c."
    p = sprintf("%.0f", 100 * x / whole)
    return (p + 0 == 0 ? "0" : p) "%"
}
function line(q, name, x, err, p) {
    printf "  %-10s  %-*s  %+12.3e  %9s  %7s\n", q, width, name, x, err, p
}
# one block: how far from arm 1 to the last each other arm goes
function block(q,    i, total, all, all_se, known) {
    difference(arm[n_arms], q)
    all = d
    all_se = se
    known = (all > 0 ? all : -all) > 2 * all_se
    for (i = 2; i <= n_arms; i++) {
        difference(arm[i], q)
        line(i == 2 ? q : "", arm[i], d, sprintf("%.1e", se), part(d, all, known))
        if (i < n_arms && index(arm[i], arm[1] ",") == 1)
            total += d
    }
    line("", "sum of single factors", total, "-", part(total, all, known))
    print rule
}
function block_variance(q, r,    i, v0, se0, all, known, x) {
    v0 = variance(arm[1], r)
    se0 = v_se
    all = variance(arm[n_arms], r) - v0
    known = (all > 0 ? all : -all) > 2 * sqrt(se0 ^ 2 + v_se ^ 2)
    for (i = 2; i <= n_arms; i++) {
        x = variance(arm[i], r) - v0
        line(i == 2 ? q : "", arm[i], x, sprintf("%.1e", sqrt(se0 ^ 2 + v_se ^ 2)), part(x, all, known))
    }
    print rule
}
END {
    width = length("sum of single factors")
    for (i = 1; i <= n_arms; i++) {
        if (length(arm[i]) > width)
            width = length(arm[i])
        if (n_seeds[arm[i]] < 2) {
            print "ablation: arm " arm[i] ": found " n_seeds[arm[i]] + 0 " seeds, expected 2 or more" >"/dev/stderr"
            exit 3
        }
    }
    print "Which factor carries which part"
    print "==============================="
    print ""
    print "Each factor in which " arm[n_arms] " differs from " arm[1] ", alone on top of " arm[1] ", and all of them"
    print "(" arm[n_arms] "). dJ = accuracy after training minus that of the base model; var J = its variance"
    print "over seeds, mean over tasks; KL to the base in nats a token; same = fraction of weights"
    print "unchanged (bf16-aware). on = " on "; off = " off "."
    print ""
    printf "  %-*s  %2s  %8s  %8s  %9s  %9s  %9s  %9s  %6s\n", width, "arm", "n", "dJ on", "dJ off", "var J on", "var J off", "KL on", "KL off", "same"
    for (i = 1; i <= n_arms; i++) {
        a = arm[i]
        printf "  %-*s  %2d  %+8.4f  %+8.4f  %9.2e  %9.2e  %9.2e  %9.2e  %6.4f\n", width, a, n_seeds[a], mean(a, "dJ on"), mean(a, "dJ off"), variance(a, "on"), variance(a, "off"), mean(a, "KL on"), mean(a, "KL off"), mean(a, "same")
    }
    print ""
    print "Difference from " arm[1] " at the same seed (mean over seeds, its standard error; that of"
    print "a difference of variances is for normal J and tasks that vary apart), and that as a"
    print "part of the difference of " arm[n_arms] ". What the single factors' sum lacks of it, or has too"
    print "much, comes from factors acting together. n.c. = not computable: the difference of"
    print arm[n_arms] " is below two of its own standard errors, or 0."
    print ""
    rule = sprintf("  %*s", width + 48, "")
    gsub(/ /, "-", rule)
    rule = "  " substr(rule, 3)
    printf "  %-10s  %-*s  %12s  %9s  %7s\n", "", width, "arm", "difference", "se", "part"
    print rule
    block("dJ on")
    block("dJ off")
    block_variance("var J on", "on")
    block_variance("var J off", "off")
    block("KL on")
    block("KL off")
    block("same")
}
