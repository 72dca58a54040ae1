/* verdict_h2 - does off-task accuracy vary more over seeds in an arm? */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "../stat/exchange.h"
#include "panel.h"
#include "verdict.h"

/* Each seed's part of an arm's variance, averaged over tasks and draws: the
 * squared deviation from the arm's median, without the variance that sampling
 * adds. The sampling part depends on J itself, so that arms of different J
 * would differ in it. */
static double *parts(const struct panel *j, const struct panel *sampling)
{
    size_t n = j->n_seeds, per_task = n * j->n_draws;
    double *c = xcalloc(n + 1, sizeof *c);

    for (size_t k = 0; k < j->n_tasks; k++) {
        double median = desc_median(panel_at(j, k, 0), per_task);

        for (size_t i = 0; i < n; i++)
            for (size_t r = 0; r < j->n_draws; r++) {
                double x = panel_at(j, k, i)[r] - median;

                c[i] += x * x;
                if (sampling->n_seeds == n)
                    c[i] -= panel_at(sampling, k, i)[r];
            }
    }
    for (size_t i = 0; i < n; i++)
        c[i] /= (double)(j->n_tasks * j->n_draws);
    return c;
}

/* The exchange test of arm / ratio against reference. */
static struct exchange test(const double *arm, const double *ref, size_t n,
                            double ratio)
{
    double *d = xmalloc((n + 1) * sizeof *d);
    struct exchange x;

    for (size_t i = 0; i < n; i++)
        d[i] = arm[i] / ratio - ref[i];
    x = exchange_test(d, n, REPORT_SEED);
    free(d);
    return x;
}

/* The ratios that the test does not reject, each side at alpha/2: where it is
 * the larger variance (upper) or the smaller one that is rejected. */
static int bound(const double *arm, const double *ref, size_t n, double alpha,
                 int upper, double *ratio)
{
    double lo = -12, hi = 12; /* log ratios: rejected on one side only */

    for (int i = 0; i < 40; i++) {
        double m = (lo + hi) / 2;
        struct exchange x = test(arm, ref, n, exp(m));
        double p = upper ? x.p_less : x.p_greater;

        if ((p > alpha / 2) == upper)
            lo = m;
        else
            hi = m;
    }
    *ratio = exp((lo + hi) / 2);
    return fabs(lo) < 11 && fabs(hi) < 11;
}

static double sum(const double *v, size_t n)
{
    double s = 0;

    for (size_t i = 0; i < n; i++)
        s += v[i];
    return s;
}

static void compare(struct finding *f, const double *arm, const double *ref,
                    size_t n, double alpha)
{
    struct exchange x = test(arm, ref, n, 1);
    double a = sum(arm, n), b = sum(ref, n);

    f->why = x.why;
    f->p_for = fmin(1, 2 * x.p_greater);
    f->p_against = fmin(1, 2 * x.p_less);
    f->p_least = 2 * exchange_least_p(n);
    f->has_est = a > 0 && b > 0;
    f->est = f->has_est ? a / b : 0;
    if (f->p_least < alpha && b > 0) {
        f->has_lo = bound(arm, ref, n, alpha, 0, &f->lo);
        f->has_hi = bound(arm, ref, n, alpha, 1, &f->hi);
    }
}

struct finding verdict_h2(const struct data *d, int arm, const long *off,
                          int n_off, double alpha)
{
    long id[2] = {d->arm[arm], d->arm[d->reference]};
    struct panel j[2], sampling[2];
    struct finding f = {.word = NOT_TESTED};
    double *c[2];

    if (!n_off) {
        f.why = "no off-task that can tell";
        return f;
    }
    for (int i = 0; i < 2; i++) {
        j[i] = panel_of(d, SCORES, id[i], off, n_off, S_J);
        sampling[i] = panel_of(d, SCORES, id[i], off, n_off, S_VAR_EVAL);
    }
    panel_pair(&j[0], &j[1]);
    panel_pair(&sampling[0], &sampling[1]);
    f.n = j[0].n_seeds;
    f.word = f.n < 2 ? TOO_FEW_SEEDS : NOT_SHOWN;
    if (f.n < 2) {
        f.why = "fewer than two seeds with every task";
    } else {
        for (int i = 0; i < 2; i++)
            c[i] = parts(&j[i], &sampling[i]);
        compare(&f, c[0], c[1], f.n, alpha);
        free(c[0]);
        free(c[1]);
    }
    for (int i = 0; i < 2; i++) {
        panel_free(&j[i]);
        panel_free(&sampling[i]);
    }
    return f;
}
