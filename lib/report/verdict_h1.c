/* verdict_h1 - is on-task accuracy the same in every precision? */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/dist.h"
#include "../stat/ttest.h"
#include "panel.h"
#include "verdict.h"

/* A seed's mean over draws, of arm and reference at common seeds. */
static struct tost tost_of(const struct data *d, int arm, long task,
                           double margin)
{
    long ref = d->arm[d->reference];
    struct series x = data_series(d, SCORES, d->arm[arm], task, S_J);
    struct series y = data_series(d, SCORES, ref, task, S_J);
    size_t n = series_pair(&x, &y);
    struct tost q = ttest_tost_paired(x.v, y.v, n, margin);

    series_free(&x);
    series_free(&y);
    return q;
}

/* Supported on every on-task, contradicted on any of them. */
struct finding verdict_h1(const struct data *d, int arm, double margin)
{
    struct finding f = {.p_against = 1};
    double widest = -1;

    if (!d->n_on) {
        f.why = "no on-task";
        return f;
    }
    for (int k = 0; k < d->n_on; k++) {
        struct tost q = tost_of(d, arm, d->task[k], margin);
        double above, below, reach;

        f.n = q.diff.n1;
        if (q.why) {
            f.why = q.why;
            f.word = f.n < 2 ? TOO_FEW_SEEDS : NOT_SHOWN;
            return f;
        }
        above = dist_t_sf((q.diff.est - margin) / q.diff.se, q.diff.df);
        below = dist_t_cdf((q.diff.est + margin) / q.diff.se, q.diff.df);
        f.p_for = fmax(f.p_for, q.p);
        f.p_against = fmin(f.p_against, 2 * d->n_on * fmin(above, below));
        reach = fmax(fabs(q.diff.lo), fabs(q.diff.hi));
        if (reach > widest) {
            widest = reach;
            f.est = q.diff.est;
            f.lo = q.diff.lo;
            f.hi = q.diff.hi;
        }
    }
    f.has_est = f.has_lo = f.has_hi = 1;
    return f;
}
