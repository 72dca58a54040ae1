/* collapse - has training ruined the policy?
 *
 * From the first tenth of the steps to the last (each one step or more), one of
 * two shares fell to less than half, by more than four standard errors (pooled,
 * binomial): accuracy; or, where accuracy fell at all, the share of groups that
 * are mixed, samples right and samples wrong. The second finds a collapse where
 * accuracy was next to nothing. Groups are what is counted, because the samples
 * of a prompt are alike; prompts are drawn independently. tests/unit/
 * stat_collapse.c measures how often a policy that stays as it is is called
 * collapsed.
 */
#ifndef ULP_STAT_COLLAPSE_H
#define ULP_STAT_COLLAPSE_H

/* Sums over some steps. */
struct answers {
    double groups; /* read */
    double right;  /* of each group the share of right samples */
    double mixed;  /* groups */
};

/* From share a of na to share b of nb: less than half, by more than four
 * standard errors. */
static inline int stat_share_fell(double a, double na, double b, double nb)
{
    double p = a / na, q = b / nb, pooled = (a + b) / (na + nb);
    double var = pooled * (1 - pooled) * (1 / na + 1 / nb);

    return q < p / 2 && (p - q) * (p - q) > 16 * var;
}

/* was: the first tenth of the steps; is: the last. */
static inline int stat_collapsed(struct answers was, struct answers is)
{
    if (!(was.groups > 0 && is.groups > 0))
        return 0;
    return stat_share_fell(was.right, was.groups, is.right, is.groups) ||
           (is.right / is.groups < was.right / was.groups &&
            stat_share_fell(was.mixed, was.groups, is.mixed, is.groups));
}

#endif
