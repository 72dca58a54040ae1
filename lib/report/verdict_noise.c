/* verdict_noise - the part of the variance that floating-point noise makes */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "../stat/exchange.h"
#include "../stat/ttest.h"
#include "panel.h"
#include "verdict.h"

struct series noise_of_seeds(const struct data *d, long arm, const long *t,
                             int n)
{
    struct panel even = panel_of(d, SCORES, arm, t, n, S_EVEN);
    struct panel odd = panel_of(d, SCORES, arm, t, n, S_ODD);
    struct series s = {0};

    if (even.n_draws > 1 && even.n_seeds == odd.n_seeds) {
        s.n = even.n_seeds;
        s.v = xcalloc(s.n + 1, sizeof *s.v);
        s.seed = even.seed;
        even.seed = NULL;
        for (size_t i = 0; i < s.n; i++) {
            for (int k = 0; k < n; k++)
                s.v[i] += desc_cov(panel_at(&even, (size_t)k, i),
                                   panel_at(&odd, (size_t)k, i), even.n_draws);
            s.v[i] /= n;
        }
    }
    panel_free(&even);
    panel_free(&odd);
    return s;
}

struct finding verdict_h2_noise(const struct data *d, int arm, const long *off,
                                int n_off)
{
    long ref = d->arm[d->reference];
    struct series x = noise_of_seeds(d, d->arm[arm], off, n_off);
    struct series y = noise_of_seeds(d, ref, off, n_off);
    size_t n = series_pair(&x, &y);
    struct finding f = {.n = n};
    struct ttest ci = ttest_paired(x.v, y.v, n, 0.95);

    if (!n_off)
        f.why = "no off-task that can tell";
    else if (data_draws(d, SCORES, d->arm[arm]) < 2 ||
             data_draws(d, SCORES, ref) < 2)
        f.why = "one noise draw of a seed";
    else if (n < 2)
        f.why = "fewer than two seeds with every task and draw, and two "
                "samples of a question";
    if (!f.why) {
        struct exchange e;

        for (size_t i = 0; i < n; i++)
            x.v[i] -= y.v[i];
        e = exchange_test(x.v, n, REPORT_SEED);
        f.why = e.why;
        f.p_for = fmin(1, 2 * e.p_greater);
        f.p_against = fmin(1, 2 * e.p_less);
        f.p_least = 2 * exchange_least_p(n);
        f.has_est = !e.why;
        f.est = ci.est;
        f.has_lo = f.has_hi = !ci.why && n_off >= NOISE_INTERVAL_TASKS;
        f.lo = ci.lo;
        f.hi = ci.hi;
        f.word = NOT_SHOWN;
    }
    series_free(&x);
    series_free(&y);
    return f;
}
