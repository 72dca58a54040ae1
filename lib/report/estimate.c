/* estimate - changes of accuracy and components of its variance */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "../stat/vartest.h"
#include "estimate.h"
#include "halves.h"
#include "panel.h"
#include "verdict.h"

struct ttest estimate_delta_j(const struct data *d, long arm, const long *t,
                              int n)
{
    struct series s = data_delta(d, arm, t, n);
    struct ttest r = ttest_one(s.v, s.n, 0.95);

    series_free(&s);
    return r;
}

/* Covariance over seeds of both halves' means over draws: the variance of a
 * seed's mean without the noise of sampling. */
static double between_seeds(const struct panel *even, const struct panel *odd,
                            size_t task)
{
    size_t n = even->n_seeds;
    double *e = xmalloc((n + 1) * sizeof *e), *o = xmalloc((n + 1) * sizeof *o);
    double cov;

    for (size_t i = 0; i < n; i++) {
        e[i] = desc_mean(panel_at(even, task, i), even->n_draws);
        o[i] = desc_mean(panel_at(odd, task, i), odd->n_draws);
    }
    cov = desc_cov(e, o, n);
    free(e);
    free(o);
    return cov;
}

static void set_total(struct components *c, const struct data *d, long arm,
                      const long *t, int n)
{
    struct vartest_ci ci = {0};

    for (int k = 0; k < n; k++) {
        struct series j = data_series(d, SCORES, arm, t[k], S_J);

        c->n_seeds = !k || j.n < c->n_seeds ? j.n : c->n_seeds;
        ci = vartest_chi2(j.v, j.n, 0.95);
        c->total += ci.var / n;
        series_free(&j);
    }
    c->has_total = n && c->n_seeds >= 2;
    c->has_ci = n == 1 && !ci.why;
    c->lo = ci.lo;
    c->hi = ci.hi;
}

static void set_sampling(struct components *c, const struct data *d, long arm,
                         const long *t, int n)
{
    struct series v = data_mean(d, SCORES, arm, t, n, S_VAR_EVAL);

    c->has_sampling = v.n > 0 && v.n == c->n_seeds;
    c->sampling = c->has_sampling ? desc_mean(v.v, v.n) : 0;
    series_free(&v);
}

static void set_noise(struct components *c, const struct data *d, long arm,
                      const long *t, int n)
{
    struct series s = noise_of_seeds(d, arm, t, n);
    struct ttest ci = ttest_one(s.v, s.n, 0.95);

    c->has_noise = s.n > 0;
    c->noise = ci.est;
    c->noise_se = ci.se;
    c->has_noise_ci = n >= NOISE_INTERVAL_TASKS && !ci.why;
    c->noise_lo = ci.lo;
    c->noise_hi = ci.hi;
    series_free(&s);
}

static void set_seed(struct components *c, const struct data *d, long arm,
                     const long *t, int n)
{
    struct panel even = panel_of(d, SCORES, arm, t, n, S_EVEN);
    struct panel odd = panel_of(d, SCORES, arm, t, n, S_ODD);

    if (c->has_noise && even.n_seeds >= 2 && odd.n_seeds == even.n_seeds) {
        for (int k = 0; k < n; k++)
            c->seed += between_seeds(&even, &odd, (size_t)k) / n;
        c->seed = fmax(0, c->seed - c->noise / (double)even.n_draws);
        c->has_seed = 1;
        if (n == 1 || even.n_seeds >= SEED_INTERVAL_SEEDS) {
            struct halves h = halves_of(&even, &odd);
            struct component ci = halves_seed(&h);

            c->has_seed_ci = !ci.why;
            c->seed_lo = fmax(0, ci.lo);
            c->seed_hi = fmax(0, ci.hi);
        }
    }
    panel_free(&even);
    panel_free(&odd);
}

struct components estimate_components(const struct data *d, long arm,
                                      const long *t, int n)
{
    struct components c = {.n_draws = (size_t)data_draws(d, SCORES, arm)};

    set_total(&c, d, arm, t, n);
    set_sampling(&c, d, arm, t, n);
    set_noise(&c, d, arm, t, n);
    set_seed(&c, d, arm, t, n);
    return c;
}

double estimate_noise_share(const struct components *c)
{
    double noise = fmax(0, c->noise), sum = noise + c->seed;

    return c->has_noise && c->has_seed && sum > 0 ? noise / sum : -1;
}
