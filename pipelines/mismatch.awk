# mismatch - the page of make mismatch, from what show prints
#
# in      j ARM SEED TASK J; m ARM and the fields of a step's metrics: compared,
#         differing, non_finite, dp_mean, dp_max, pearson, k3, chi2, ess,
#         approx_kl, clip_low, clip_high; tabs between; the base comes first,
#         under each seed's stream
# -v      arms: names, the first without a mismatch; on, off: tasks
#
# Figures of a step are averaged over the tokens compared; dp_max is the largest.
BEGIN {
    FS = "\t"
    n_arms = split(arms, arm, " ")
    n_on = split(on, t, " ")
    for (i in t) role[t[i]] = "on"
    n_off = split(off, t, " ")
    for (i in t) role[t[i]] = "off"
}
$1 == "j" && $2 == "base" { base[$4, $3] = $5; next }
$1 == "j" {
    d[$2, role[$4]] += $5
    n[$2, role[$4]]++
    b[$2, role[$4]] += base[$4, $3]
    next
}
{
    steps[$2]++
    compared[$2] += $3
    differing[$2] += $4
    lost[$2] += $5
    for (i = 6; i <= 14; i++)
        sum[$2, i] += $3 * $i
    if ($7 > most[$2])
        most[$2] = $7
}
function mean(a, i) { return sum[a, i] / compared[a] }
END {
    for (i = 1; i <= n_arms; i++) {
        a = arm[i]
        if (length(a) > width)
            width = length(a)
        if (!compared[a]) {
            print "mismatch: arm " a ": found no log-probabilities to compare" >"/dev/stderr"
            exit 3
        }
    }
    print "A sampler that computes otherwise than the trainer"
    print "=================================================="
    print ""
    print "Over the response tokens of all steps and seeds, before each step's updates; p is the"
    print "trainer's probability of a token, q the sampler's. differ = fraction of the compared"
    print "log-probabilities that differ in any bit; dp = |p - q|; pearson of p and q; k3 and chi2 estimate"
    print "the divergence of q from p, nats a token; ess = effective sample size a token of the weight"
    print "p / q (at most C in an arm with tis=C, whose loss has that weight). Tokens without two"
    print "finite log-probabilities are counted (lost) and are in no other figure."
    print ""
    printf "  %-*s  %9s  %6s  %4s  %8s  %8s  %9s  %8s  %8s  %6s\n", width, "arm", "compared", "differ", "lost", "dp mean", "dp max", "1-pearson", "k3", "chi2", "1-ess"
    for (i = 1; i <= n_arms; i++) {
        a = arm[i]
        printf "  %-*s  %9d  %6.4f  %4d  %8.1e  %8.1e  %9.1e  %8.1e  %8.1e  %6.0e\n", width, a, compared[a], differing[a] / compared[a], lost[a], mean(a, 6), most[a], 1 - mean(a, 8), mean(a, 9), mean(a, 10), 1 - mean(a, 11)
    }
    print ""
    print "What came of it: the loss's own approximate KL to the policy before the update, clipped"
    print "tokens, and the change of accuracy on and off the training task (mean over seeds and tasks)."
    print ""
    printf "  %-*s  %5s  %9s  %8s  %9s  %8s  %8s\n", width, "arm", "steps", "approx_kl", "clip low", "clip high", "dJ on", "dJ off"
    for (i = 1; i <= n_arms; i++) {
        a = arm[i]
        printf "  %-*s  %5d  %+9.1e  %8.1e  %9.1e  %+8.4f  %+8.4f\n", width, a, steps[a], mean(a, 12), mean(a, 13), mean(a, 14), (d[a, "on"] - b[a, "on"]) / n[a, "on"], (d[a, "off"] - b[a, "off"]) / n[a, "off"]
    }
}
