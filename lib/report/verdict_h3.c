/* verdict_h3 - does KL to the base grow off-task relative to on-task? */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/ttest.h"
#include "panel.h"
#include "verdict.h"

/* Mean over tasks and draws of log KL of one seed; 0 if one is not positive. */
static int mean_log(const struct panel *p, size_t seed, double *v)
{
    *v = 0;
    for (size_t k = 0; k < p->n_tasks; k++)
        for (size_t r = 0; r < p->n_draws; r++) {
            double kl = panel_at(p, k, seed)[r];

            if (!(kl > 0))
                return 0;
            *v += log(kl);
        }
    *v /= (double)(p->n_tasks * p->n_draws);
    return 1;
}

/* Each seed's log ratio of off-task to on-task KL. A difference of KL would
 * call every arm whose KL is larger everywhere an off-task drift. */
static struct series log_ratio(const struct data *d, long arm, int *zero)
{
    const long *off = d->task + d->n_on;
    struct panel x = panel_of(d, KLS, arm, off, d->n_tasks - d->n_on, K_TOKEN);
    struct panel y = panel_of(d, KLS, arm, d->task, d->n_on, K_TOKEN);
    struct series s = {0};

    panel_pair(&x, &y);
    s.v = xcalloc(x.n_seeds + 1, sizeof *s.v);
    s.seed = xcalloc(x.n_seeds + 1, sizeof *s.seed);
    for (size_t i = 0; i < x.n_seeds; i++) {
        double a, b;

        if (!mean_log(&x, i, &a) || !mean_log(&y, i, &b)) {
            *zero = 1;
            continue;
        }
        s.v[s.n] = a - b;
        s.seed[s.n++] = x.seed[i];
    }
    panel_free(&x);
    panel_free(&y);
    return s;
}

struct finding verdict_h3(const struct data *d, int arm)
{
    struct finding f = {.word = NOT_TESTED};
    struct series x, y;
    struct ttest t;
    int zero = 0;

    if (!d->n_on || d->n_tasks == d->n_on || !data_count(d, KLS)) {
        f.why = !data_count(d, KLS) ? "no KL scores"
                : d->n_on           ? "no off-task"
                                    : "no on-task";
        return f;
    }
    x = log_ratio(d, d->arm[arm], &zero);
    y = log_ratio(d, d->arm[d->reference], &zero);
    f.n = series_pair(&x, &y);
    t = ttest_paired(x.v, y.v, f.n, 0.95);
    f.word = f.n < 2 ? TOO_FEW_SEEDS : NOT_SHOWN;
    f.why = zero && f.n < 2 ? "a KL is 0" : t.why;
    if (!f.why) {
        f.p_for = fmin(1, 2 * t.p_greater);
        f.p_against = fmin(1, 2 * t.p_less);
        f.est = exp(t.est);
        f.lo = exp(t.lo);
        f.hi = exp(t.hi);
        f.has_est = f.has_lo = f.has_hi = 1;
    }
    series_free(&x);
    series_free(&y);
    return f;
}
