/* design - the cheapest of a grid of designs */
#include "design.h"
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/dist.h"
#include "../stat/power.h"
#include "halves.h"
#include "verdict_power.h"

/* 22: beyond EXCHANGE_EXACT, whose simulations take long. */
static const size_t more_seeds[] = {5, 10, 15, 22, 30, 40, 60};
static const size_t more_draws[] = {2, 3, 4};
enum {
    MAX_SEEDS = sizeof more_seeds / sizeof *more_seeds,
    MAX_DRAWS = DESIGN_DRAWS,   /* those there and more_draws */
    N_SAMPLES = DESIGN_SAMPLES, /* 1, 2, 4 and 8 times those of the records */
};

/* The least number of seeds that reaches the power. */
struct grid {
    size_t draws[MAX_DRAWS], n_draws;
    size_t least[MAX_DRAWS][N_SAMPLES]
                [N_HYPOTHESES]; /* 0: none of those tried */
};

/* ---- a seed's paired difference ------------------------------------------- */

/* x -= y, where both have the same seeds. */
static void subtract(struct panel *x, struct panel *y)
{
    panel_pair(x, y);
    for (size_t i = 0; i < x->n_tasks * x->n_seeds * x->n_draws; i++)
        x->v[i] -= y->v[i];
}

struct paired paired_of(const struct data *d, int arm, long task)
{
    long id[2] = {d->arm[arm], d->arm[d->reference]};
    struct panel even[2], odd[2];
    struct paired p = {0};
    struct halves h;

    for (int i = 0; i < 2; i++) {
        even[i] = panel_of(d, SCORES, id[i], &task, 1, S_EVEN);
        odd[i] = panel_of(d, SCORES, id[i], &task, 1, S_ODD);
    }
    if (even[0].n_draws == even[1].n_draws) {
        subtract(&even[0], &even[1]);
        subtract(&odd[0], &odd[1]);
    }
    if (even[0].n_draws == even[1].n_draws && even[0].n_seeds >= 2 &&
        even[0].n_seeds == odd[0].n_seeds) {
        double r = (double)even[0].n_draws;

        h = halves_of(&even[0], &odd[0]);
        p.n_seeds = h.n_seeds;
        p.n_draws = h.n_draws;
        p.noise = fmax(0, h.m.draws - h.d.draws);
        p.own = h.d.draws;
        p.common = fmax(0, h.d.seeds - h.d.draws / r);
        p.seed = fmax(0, h.m.seeds - h.d.seeds - p.noise / r);
    }
    for (int i = 0; i < 2; i++) {
        panel_free(&even[i]);
        panel_free(&odd[i]);
    }
    return p;
}

double paired_sampling(const struct paired *p, double draws, double samples)
{
    return (p->common + p->own / draws) / samples;
}

double paired_variance(const struct paired *p, double draws, double samples)
{
    return p->seed + p->noise / draws + paired_sampling(p, draws, samples);
}

/* ---- power of a design ------------------------------------------------------ */

struct asked {
    const struct verdicts *v;
    const struct data *d;
    const struct spread *s;
    double margin;
};

static double level(const struct verdicts *v)
{
    return v->alpha / (v->n_tests ? v->n_tests : 1);
}

/* Of the arm and on-task with the least; -1: not known. */
static double of_h1(const struct asked *a, size_t n, size_t draws,
                    double samples)
{
    double least = 2;

    for (int arm = 0; arm < a->d->n_arms; arm++)
        for (int k = 0; k < a->d->n_on && arm != a->d->reference; k++) {
            struct paired p = paired_of(a->d, arm, a->d->task[k]);
            double var = paired_variance(&p, (double)draws, samples);

            if (!p.n_seeds || var <= 0)
                return -1;
            least = fmin(least, power_tost(a->margin, sqrt(var / (double)n),
                                           (double)n - 1, level(a->v)));
        }
    return least > 1 ? -1 : least;
}

/* Of the arm with the least; -1: not known. */
static double of_h3(const struct asked *a, size_t n)
{
    double least = 2;

    for (int arm = 0; arm < a->d->n_arms; arm++) {
        struct finding f = {.why = "the reference"};
        double se, df = (double)n - 1;

        if (arm != a->d->reference)
            f = verdict_h3(a->d, arm);
        if (f.why)
            continue;
        se = (log(f.hi) - log(f.lo)) / 2 / dist_t_isf(0.025, (double)f.n - 1) *
             sqrt((double)f.n / (double)n);
        least = fmin(least, 1 - dist_t_sf(log(DESIGN_H3) / se -
                                              dist_t_isf(level(a->v) / 2, df),
                                          df));
    }
    return least > 1 ? -1 : least;
}

/* The spread with more samples a question. */
static struct spread sampled(const struct spread *s, double samples,
                             double *sampling)
{
    struct spread r = *s;

    for (int k = 0; k < s->n; k++)
        sampling[k] = s->sampling[k] / samples;
    r.sampling = sampling;
    return r;
}

static double power_of(const struct asked *a, int which, size_t n, size_t draws,
                       double samples)
{
    double *x, power;
    struct spread s;

    if (which == H1)
        return of_h1(a, n, draws, samples);
    if (which == H3)
        return of_h3(a, n);
    if (which == H2_NOISE)
        return power_noise(a->v, a->s, DESIGN_NOISE, samples, n, draws);
    x = xmalloc(((size_t)a->s->n + 1) * sizeof *x);
    s = sampled(a->s, samples, x);
    power = power_h2(a->v, &s, DESIGN_H2, n);
    free(x);
    return power;
}

/* ---- the grid --------------------------------------------------------------- */

/* Seeds of the first arm that is not the reference, with their draws. */
static size_t seeds_there(const struct data *d)
{
    size_t most = 0;

    for (int a = 0; a < d->n_arms && d->n_tasks; a++) {
        struct series s = data_series(d, SCORES, d->arm[a], d->task[0], S_J);

        most = s.n > most ? s.n : most;
        series_free(&s);
    }
    return most;
}

static size_t draws_there(const struct data *d)
{
    int64_t most = 1;

    for (int a = 0; a < d->n_arms; a++) {
        int64_t n = data_draws(d, SCORES, d->arm[a]);

        most = n > most ? n : most;
    }
    return (size_t)most;
}

/* The least number of seeds, of those tried, that reaches the power; 0: none.
 * Power grows with seeds. */
static size_t least_seeds(const struct asked *a, int which, size_t here,
                          size_t draws, double samples)
{
    size_t n[MAX_SEEDS + 1] = {here}, n_tried = 1, lo = 0, hi;

    for (size_t i = 0; i < MAX_SEEDS; i++)
        if (more_seeds[i] > here)
            n[n_tried++] = more_seeds[i];
    hi = n_tried;
    while (lo < hi) {
        size_t m = (lo + hi) / 2;

        if (n[m] >= 2 &&
            power_of(a, which, n[m], draws, samples) >= DESIGN_POWER)
            hi = m;
        else
            lo = m + 1;
    }
    return hi < n_tried ? n[hi] : 0;
}

static double seconds_of(const struct data *d, const struct costs *c,
                         size_t here, size_t draws_here, const struct design *x)
{
    double seeds = c->fresh ? 0 : (double)here;
    double arms = d->n_arms, had = seeds * (double)draws_here;
    double runs = (double)(x->seeds * x->draws);
    double base = (double)x->seeds - seeds, again = x->samples > 1;

    return arms * (runs - had) * (c->train + c->rest + c->eval * x->samples) +
           base * c->eval * x->samples +
           again * (arms * had + seeds) * c->eval * x->samples;
}

/* H2 does not depend on draws here, H3 on neither. */
static void fill(const struct asked *a, struct grid *g, size_t here)
{
    for (size_t r = 0; r < g->n_draws; r++)
        for (size_t m = 0; m < N_SAMPLES; m++) {
            size_t *to = g->least[r][m];
            double more = (double)(1 << m);

            to[H1] = least_seeds(a, H1, here, g->draws[r], more);
            to[H2] = r ? g->least[0][m][H2]
                       : least_seeds(a, H2, here, g->draws[r], more);
            to[H2_NOISE] = g->draws[r] < 2 ? 0
                                           : least_seeds(a, H2_NOISE, here,
                                                         g->draws[r], more);
            to[H3] = r || m ? g->least[0][0][H3]
                            : least_seeds(a, H3, here, g->draws[r], more);
        }
}

/* Seeds of one hypothesis, or the most that any needs; 0: not reached. */
static size_t seeds_for(const size_t *least, int which)
{
    size_t most = 0;

    if (which < N_HYPOTHESES)
        return least[which];
    for (int h = 0; h < N_HYPOTHESES; h++) {
        if (!least[h])
            return 0;
        most = least[h] > most ? least[h] : most;
    }
    return most;
}

void design_find(const struct verdicts *v, const struct data *d, double margin,
                 const struct costs *c, struct designs *found)
{
    struct spread s = spread_of(v, d);
    const struct asked a = {v, d, &s, margin};
    size_t here = seeds_there(d), draws_here = draws_there(d);
    struct grid g = {.draws = {draws_here}, .n_draws = 1};

    for (size_t i = 0; i < MAX_DRAWS - 1; i++)
        if (more_draws[i] > draws_here)
            g.draws[g.n_draws++] = more_draws[i];
    fill(&a, &g, here);
    *found = (struct designs){.n_draws = g.n_draws};
    for (int h = 0; h <= N_HYPOTHESES; h++) {
        struct design *best = &found->best[h];

        for (size_t r = 0; r < g.n_draws; r++)
            for (size_t m = 0; m < N_SAMPLES; m++) {
                struct design x = {seeds_for(g.least[r][m], h), g.draws[r],
                                   (double)(1 << m), 0};

                x.seconds = seconds_of(d, c, here, draws_here, &x);
                found->tried[h][r][m] = x;
                if (x.seeds && (!best->seeds || x.seconds < best->seconds))
                    *best = x;
            }
    }
    spread_free(&s);
}
