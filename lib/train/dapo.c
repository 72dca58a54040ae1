/* dapo - advantages, the clipped loss and its gradient; see dapo.h */
#include "dapo.h"
#include <math.h>
#include <string.h>

double dapo_exp(double x)
{
    /* 1/k!, k = 13 down to 2: below 2^-57 relative for |y| <= ln(2)/2 */
    static const double c[] = {
        1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0,
        1.0 / 3628800.0,    1.0 / 362880.0,    1.0 / 40320.0,
        1.0 / 5040.0,       1.0 / 720.0,       1.0 / 120.0,
        1.0 / 24.0,         1.0 / 6.0,         0.5};
    const double ln2_hi = 6.93147180369123816490e-01; /* 33 bits */
    const double ln2_lo = 1.90821492927058770002e-10;
    double k, y, p = 0;
    uint64_t bits;

    if (!(x <= 700))
        return x > 700 ? (double)INFINITY : x;
    if (x < -700)
        return 0;
    if (x == 0) /* most tokens' ratio: the same value, and quick */
        return 1;
    k = floor(x * 1.44269504088896340736 + 0.5);
    y = (x - k * ln2_hi) - k * ln2_lo;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++)
        p = p * y + c[i];
    p = 1 + (y + y * y * p);
    bits = (uint64_t)(1023 + (int64_t)k) << 52;
    memcpy(&k, &bits, sizeof k);
    return p * k;
}

/* The rounding errors of the sum are summed apart, so that the mean of many
 * rewards which hardly differ lies between them. Where the plain sum is exact,
 * as for rewards of few binary digits, it is this one. */
static double mean_of(const double *v, int n)
{
    double sum = 0, lost = 0;

    for (int i = 0; i < n; i++) {
        double to = sum + v[i], part = to - sum;

        lost += (sum - (to - part)) + (v[i] - part);
        sum = to;
    }
    return (sum + lost) / n;
}

/* Within 2^-50 of the largest: four units in its last place, or more. */
static int are_equal(const double *v, int n)
{
    double lo = v[0], hi = v[0];

    for (int i = 1; i < n; i++) {
        lo = v[i] < lo ? v[i] : lo;
        hi = v[i] > hi ? v[i] : hi;
    }
    return hi - lo <= 0x1p-50 * (hi > -lo ? hi : -lo);
}

void dapo_advantages(double *adv, const double *reward, int n, int by_std)
{
    double mean, var = 0;

    if (are_equal(reward, n)) {
        memset(adv, 0, (size_t)n * sizeof *adv);
        return;
    }
    mean = mean_of(reward, n);
    for (int i = 0; i < n; i++)
        var += (reward[i] - mean) * (reward[i] - mean);
    var = n > 1 ? var / (n - 1) : 0;
    for (int i = 0; i < n; i++)
        adv[i] = (reward[i] - mean) / (by_std ? sqrt(var) + 1e-6 : 1);
}

/* L of one token; *dd = dL/d(logp). */
static double token_loss(const struct dapo_opts *o, double d, int clamped,
                         double adv, double *dd, struct dapo_stats *st)
{
    double r = dapo_exp(d);
    double lo = 1 - o->clip_low, hi = 1 + o->clip_high;
    double clipped = r < lo ? lo : r > hi ? hi : r;
    double l1 = -adv * r, l2 = -adv * clipped;
    double loss = l2 > l1 ? l2 : l1;

    *dd = l1;
    if (l2 > l1) {
        *dd = 0;
        if (adv > 0)
            st->high++;
        else
            st->low++;
    }
    if (adv < 0 && o->dual_clip > 0 && -o->dual_clip * adv < loss) {
        loss = -o->dual_clip * adv;
        *dd = 0;
        st->dual++;
    }
    if (clamped)
        *dd = 0;
    return loss;
}

void dapo_loss(const struct dapo_opts *o, size_t n, const float *logp,
               const float *logp_old, const float *logp_rollout, double adv,
               double scale, float *dlogp, struct dapo_stats *st)
{
    for (size_t i = 0; i < n; i++) {
        double raw = (double)logp[i] - (double)logp_old[i];
        double d = raw < -20 ? -20 : raw > 20 ? 20 : raw;
        double w = 1, dd, loss;

        loss = token_loss(o, d, raw < -20 || raw > 20, adv, &dd, st);
        if (o->tis > 0) {
            w = dapo_exp((double)logp_old[i] - (double)logp_rollout[i]);
            w = w > o->tis ? o->tis : w;
        }
        st->tokens++;
        st->neg_d -= d;
        st->loss += w * loss;
        if (dlogp)
            dlogp[i] = (float)(scale * w * dd);
    }
}
