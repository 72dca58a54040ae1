/* verdict_power - power of the deciding tests, by formula or simulation */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "../stat/describe.h"
#include "../stat/dist.h"
#include "../stat/exchange.h"
#include "../stat/power.h"
#include "../stat/ttest.h"
#include "estimate.h"
#include "verdict_power.h"

enum { SIMULATIONS = 400 };

static double level(const struct verdicts *v)
{
    return v->alpha / (v->n_tests ? v->n_tests : 1);
}

double power_h1(const struct verdicts *v, const struct data *d, int arm,
                double margin, size_t n_seeds)
{
    double least = 1;

    if (n_seeds < 2 || !d->n_on)
        return -1;
    for (int k = 0; k < d->n_on; k++) {
        long ref = d->arm[d->reference];
        struct series x = data_series(d, SCORES, d->arm[arm], d->task[k], S_J);
        struct series y = data_series(d, SCORES, ref, d->task[k], S_J);
        size_t n = series_pair(&x, &y);
        struct ttest t = ttest_paired(x.v, y.v, n, 0.9);

        series_free(&x);
        series_free(&y);
        if (t.why)
            return -1;
        least = fmin(least, power_tost(margin,
                                       t.se * sqrt((double)n / (double)n_seeds),
                                       (double)n_seeds - 1, level(v)));
    }
    return least;
}

double power_h3_ratio(const struct verdicts *v, const struct data *d, int arm,
                      size_t n_seeds)
{
    struct finding f = verdict_h3(d, arm);
    double half, se;

    if (f.why || n_seeds < 2)
        return 0;
    half = (log(f.hi) - log(f.lo)) / 2;
    se = half / dist_t_isf(0.025, (double)f.n - 1);
    se *= sqrt((double)f.n / (double)n_seeds);
    return exp(power_t_difference(se, (double)n_seeds - 1, level(v) / 2, 0.8));
}

/* ---- the spread of the reference ---------------------------------------- */

/* Mean correlation of seeds' J between tasks: m has a row a task. */
static double mean_correlation(const double *m, int n_tasks, size_t n)
{
    double sum = 0;
    int pairs = 0;

    for (int a = 0; a < n_tasks; a++)
        for (int b = 0; b < a; b++) {
            sum += desc_corr(m + (size_t)a * n, m + (size_t)b * n, n);
            pairs++;
        }
    return pairs ? fmax(0, sum / pairs) : 0;
}

struct spread spread_of(const struct verdicts *v, const struct data *d)
{
    long ref = d->arm[d->reference];
    struct spread s = {.n = v->n_off,
                       .n_draws = (size_t)data_draws(d, SCORES, ref)};
    double *m;
    size_t n;

    s.seed = xcalloc((size_t)s.n + 1, sizeof *s.seed);
    s.sampling = xcalloc((size_t)s.n + 1, sizeof *s.sampling);
    for (int k = 0; k < v->n_off; k++) {
        struct components c = estimate_components(d, ref, &v->off[k], 1);

        if (!c.has_total || !c.has_sampling) {
            s.n = 0;
            return s;
        }
        s.sampling[k] = c.sampling;
        s.seed[k] = c.has_seed ? c.seed : fmax(0, c.total - c.sampling);
    }
    m = data_matrix(d, SCORES, ref, v->off, v->n_off, S_J, &n);
    s.rho = n >= 2 ? mean_correlation(m, v->n_off, n) : 0;
    free(m);
    return s;
}

void spread_free(struct spread *s)
{
    free(s->seed);
    free(s->sampling);
    memset(s, 0, sizeof *s);
}

static int all_zero(const struct spread *s)
{
    for (int k = 0; k < s->n; k++)
        if (s->seed[k] > 0)
            return 0;
    return 1;
}

/* Normal values, one a task, that correlate by rho. */
static void correlated(struct rng *g, const struct spread *s, double *z)
{
    double all = rng_normal(g);

    for (int k = 0; k < s->n; k++)
        z[k] = sqrt(s->rho) * all + sqrt(1 - s->rho) * rng_normal(g);
}

/* ---- H2 -------------------------------------------------------------------- */

/* x[k * n + i]: J of n seeds of an arm; then each seed's part (verdict_h2). */
static void variance_parts(struct rng *g, const struct spread *s, double ratio,
                           size_t n, double *x, double *z, double *c)
{
    for (size_t i = 0; i < n; i++) {
        correlated(g, s, z);
        for (int k = 0; k < s->n; k++)
            x[(size_t)k * n + i] = sqrt(ratio * s->seed[k]) * z[k] +
                                   sqrt(s->sampling[k]) * rng_normal(g);
    }
    memset(c, 0, n * sizeof *c);
    for (int k = 0; k < s->n; k++) {
        double m = desc_median(x + (size_t)k * n, n);

        for (size_t i = 0; i < n; i++)
            c[i] += (x[(size_t)k * n + i] - m) * (x[(size_t)k * n + i] - m) -
                    s->sampling[k];
    }
}

/* ---- H2-noise ---------------------------------------------------------------- */

/* A seed's noise variance as noise_of_seeds estimates it. */
static double noise_part(struct rng *g, const struct spread *s, double share,
                         double samples, size_t draws, double *z, double *h)
{
    double sum = 0;

    for (size_t r = 0; r < draws; r++) {
        correlated(g, s, z);
        for (int k = 0; k < s->n; k++)
            for (int half = 0; half < 2; half++)
                h[((size_t)k * 2 + (size_t)half) * draws + r] =
                    sqrt(share * s->seed[k]) * z[k] +
                    sqrt(2 * s->sampling[k] / samples) * rng_normal(g);
    }
    for (int k = 0; k < s->n; k++) {
        const double *half = h + (size_t)k * 2 * draws;

        sum += desc_cov(half, half + draws, draws);
    }
    return sum;
}

/* ---- simulations ----------------------------------------------------------- */

struct room {
    double *x, *z, *d, *other;
};

static struct room room_open(const struct spread *s, size_t n, size_t draws)
{
    size_t k = (size_t)s->n;

    return (struct room){xmalloc((k * n + 2 * k * draws + 1) * 8),
                         xmalloc((k + 1) * 8), xmalloc((n + 1) * 8),
                         xmalloc((n + 1) * 8)};
}

static void room_close(struct room *m)
{
    free(m->x);
    free(m->z);
    free(m->d);
    free(m->other);
}

/* With many pairs the sum over sign patterns is close to normal, with variance
 * sum d^2: a simulation has no time for a hundred thousand patterns a test. */
static int finds(const struct verdicts *v, const double *d, size_t n)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++) {
        sum += d[i];
        squares += d[i] * d[i];
    }
    if (n > EXCHANGE_EXACT)
        return 2 * dist_normal_sf(sum / sqrt(squares)) < level(v);
    return 2 * exchange_test(d, n, REPORT_SEED).p_greater < level(v);
}

double power_h2(const struct verdicts *v, const struct spread *s, double ratio,
                size_t n)
{
    struct room m;
    struct rng g;
    int hits = 0;

    if (!s->n || n < 2 || all_zero(s))
        return -1;
    m = room_open(s, n, 1);
    rng_init(&g, REPORT_SEED, 0x706f7765);
    for (int i = 0; i < SIMULATIONS; i++) {
        variance_parts(&g, s, ratio, n, m.x, m.z, m.d);
        variance_parts(&g, s, 1, n, m.x, m.z, m.other);
        for (size_t k = 0; k < n; k++)
            m.d[k] -= m.other[k];
        hits += finds(v, m.d, n);
    }
    room_close(&m);
    return (double)hits / SIMULATIONS;
}

double power_noise(const struct verdicts *v, const struct spread *s,
                   double share, double samples, size_t n, size_t draws)
{
    struct room m;
    struct rng g;
    int hits = 0;

    if (!s->n || n < 2 || draws < 2 || all_zero(s))
        return -1;
    m = room_open(s, n, draws);
    rng_init(&g, REPORT_SEED, 0x6e6f6973);
    for (int i = 0; i < SIMULATIONS; i++) {
        for (size_t k = 0; k < n; k++)
            m.d[k] = noise_part(&g, s, share, samples, draws, m.z, m.x) -
                     noise_part(&g, s, 0, samples, draws, m.z, m.x);
        hits += finds(v, m.d, n);
    }
    room_close(&m);
    return (double)hits / SIMULATIONS;
}
