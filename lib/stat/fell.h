/* fell - has the accuracy of a policy collapsed?
 *
 * The rule: less than half of what it was, and lower by more than five
 * standard errors of a binomial proportion (pooled). The samples of a prompt
 * are alike, which makes the true error larger, up to sqrt(n) times for n
 * samples a prompt; five are two of those where n is 8.
 */
#ifndef ULP_STAT_FELL_H
#define ULP_STAT_FELL_H

struct share {
    double right, n; /* right ones of n responses */
};

static inline int stat_fell(struct share before, struct share after)
{
    double p, q, pooled, var;

    if (!(before.n > 0 && after.n > 0))
        return 0;
    p = before.right / before.n;
    q = after.right / after.n;
    pooled = (before.right + after.right) / (before.n + after.n);
    var = pooled * (1 - pooled) * (1 / before.n + 1 / after.n);
    return q < p / 2 && (p - q) * (p - q) > 25 * var;
}

#endif
