/* ablation - means, variances and paired differences of each arm */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "ablation.h"

/* What sums of values of order 1 leave of 0. */
static const double ROUNDING = 1e-14;

static struct series values(const struct data *d, int arm,
                            enum ablation_quantity q)
{
    const long *off = d->task + d->n_on;
    int n_off = d->n_tasks - d->n_on;
    long a = d->arm[arm];

    switch (q) {
    case DJ_ON:
        return data_delta(d, a, d->task, d->n_on);
    case DJ_OFF:
        return data_delta(d, a, off, n_off);
    case KL_ON:
        return data_mean(d, KLS, a, d->task, d->n_on, K_TOKEN);
    case KL_OFF:
        return data_mean(d, KLS, a, off, n_off, K_TOKEN);
    default:
        return data_weights(d, SPARSITIES, a, SCOPE_TOTAL, -1, P_BF16);
    }
}

/* The mean over tasks of the variance of J over seeds. error: its standard
 * error (a variance v of n normal values has the variance 2 v^2 / (n - 1)). */
static double variance(const struct data *d, int arm, int on, double *error)
{
    const long *t = on ? d->task : d->task + d->n_on;
    int n = on ? d->n_on : d->n_tasks - d->n_on;
    double sum = 0, squares = 0;

    for (int k = 0; k < n; k++) {
        struct series s = data_series(d, SCORES, d->arm[arm], t[k], S_J);
        double v = desc_var(s.v, s.n) / n;

        sum += v;
        squares += 2 * v * v / (double)(s.n - 1);
        series_free(&s);
    }
    *error = sqrt(squares);
    return sum;
}

static struct ablation_cell variance_cell(const struct data *d, int arm, int on)
{
    double se, se0, v = variance(d, arm, on, &se);
    double v0 = variance(d, 0, on, &se0);

    return (struct ablation_cell){v, v - v0, sqrt(se0 * se0 + se * se)};
}

static int paired_cell(struct ablation_cell *c, const struct data *d, int arm,
                       enum ablation_quantity q, struct err *e)
{
    static const char *const what[] = {
        [DJ_ON] = "J of the on-tasks and of the base",
        [DJ_OFF] = "J of the off-tasks and of the base",
        [KL_ON] = "KL on the on-tasks",
        [KL_OFF] = "KL on the off-tasks",
        [SAME] = "sparsity"};
    struct series x = values(d, arm, q), y = values(d, 0, q);
    size_t all = x.n, n = all;

    if (all >= 2) {
        c->mean = desc_mean(x.v, all);
        n = series_pair(&x, &y);
    }
    if (n < 2) {
        series_free(&x);
        series_free(&y);
        return err_set(e, ERR_DATA,
                       "arm %s: found %zu seeds with %s%s, "
                       "expected 2 or more",
                       data_arm(d, arm), n, what[q],
                       all < 2 ? "" : " that the reference has too");
    }
    for (size_t i = 0; i < n; i++)
        x.v[i] -= y.v[i];
    c->difference = desc_mean(x.v, n);
    if (fabs(c->difference) < ROUNDING)
        c->difference = 0;
    c->se = sqrt(desc_var(x.v, n) / (double)n);
    series_free(&x);
    series_free(&y);
    return 0;
}

static int check_tasks(const struct data *d, struct err *e)
{
    if (d->n_arms < 2)
        return err_set(e, ERR_DATA,
                       "found one arm, expected a reference and "
                       "another");
    if (!d->n_on || d->n_on == d->n_tasks)
        return err_set(e, ERR_DATA,
                       "--tasks: expected a task that is \"on\" "
                       "and one that is \"off\"");
    return 0;
}

int ablation_of(struct ablation *a, const struct data *d, struct err *e)
{
    size_t n = (size_t)d->n_arms;
    int r = check_tasks(d, e);

    *a = (struct ablation){d, xcalloc(n * N_ABLATION + 1, sizeof *a->cell),
                           xcalloc(n + 1, sizeof *a->n_seeds)};
    for (int i = 0; i < d->n_arms && !r; i++)
        for (int q = 0; q < N_ABLATION && !r; q++) {
            struct ablation_cell *c = &a->cell[i * N_ABLATION + q];

            if (q == VAR_J_ON || q == VAR_J_OFF) /* J is there, by DJ */
                *c = variance_cell(d, i, q == VAR_J_ON);
            else
                r = paired_cell(c, d, i, (enum ablation_quantity)q, e);
        }
    for (int i = 0; i < d->n_arms && !r; i++) {
        struct series s = values(d, i, DJ_ON);

        a->n_seeds[i] = s.n;
        series_free(&s);
    }
    return r;
}

void ablation_free(struct ablation *a)
{
    free(a->cell);
    free(a->n_seeds);
    memset(a, 0, sizeof *a);
}

const struct ablation_cell *ablation_at(const struct ablation *a, int arm,
                                        enum ablation_quantity q)
{
    return &a->cell[arm * N_ABLATION + (int)q];
}

int ablation_known(const struct ablation *a, enum ablation_quantity q)
{
    const struct ablation_cell *c = ablation_at(a, a->d->n_arms - 1, q);

    return fabs(c->difference) > 2 * c->se;
}

double ablation_singles(const struct ablation *a, enum ablation_quantity q)
{
    const char *first = data_arm(a->d, 0);
    size_t n = strlen(first);
    double sum = 0;

    for (int i = 1; i < a->d->n_arms - 1; i++)
        if (!strncmp(data_arm(a->d, i), first, n) &&
            data_arm(a->d, i)[n] == ',')
            sum += ablation_at(a, i, q)->difference;
    return sum;
}
