/* halves - mean squares of sums and differences of halves */
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "halves.h"

/* One task: x[seed * draws + draw]. Puts deviations into column k of n_tasks:
 * of the seeds' means from theirs, of the draws from their seed's mean. */
static void add_task(struct squares *s, const double *x, size_t n, size_t draws,
                     double *by_seed, double *by_draw, size_t k, size_t n_tasks)
{
    double *mean = xmalloc((n + 1) * sizeof *mean), of_all, within = 0;

    for (size_t i = 0; i < n; i++) {
        mean[i] = desc_mean(x + i * draws, draws);
        if (draws > 1)
            within += desc_var(x + i * draws, draws) / (double)n;
    }
    s->seeds += desc_var(mean, n) / (double)n_tasks;
    s->draws += within / (double)n_tasks;
    of_all = desc_mean(mean, n);
    for (size_t i = 0; i < n; i++) {
        by_seed[i * n_tasks + k] = mean[i] - of_all;
        for (size_t r = 0; r < draws; r++)
            by_draw[(i * draws + r) * n_tasks + k] = x[i * draws + r] - mean[i];
    }
    free(mean);
}

static struct squares squares_of(const double *x, size_t n_tasks, size_t n,
                                 size_t draws)
{
    double *by_seed = xmalloc((n * n_tasks + 1) * sizeof *by_seed);
    double *by_draw = xmalloc((n * draws * n_tasks + 1) * sizeof *by_draw);
    struct squares s = {0};

    for (size_t k = 0; k < n_tasks; k++)
        add_task(&s, x + k * n * draws, n, draws, by_seed, by_draw, k, n_tasks);
    s.seeds_df = mean_square_df(by_seed, n, n_tasks, (double)n - 1);
    if (draws > 1)
        s.draws_df = mean_square_df(by_draw, n * draws, n_tasks,
                                    (double)n * ((double)draws - 1));
    free(by_seed);
    free(by_draw);
    return s;
}

struct halves halves_of(const struct panel *even, const struct panel *odd)
{
    struct halves h = {.n_seeds = even->n_seeds, .n_draws = even->n_draws};
    size_t n = even->n_tasks * h.n_seeds * h.n_draws;
    double *x = xmalloc((n + 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (even->v[i] + odd->v[i]) / 2;
    h.m = squares_of(x, even->n_tasks, h.n_seeds, h.n_draws);
    for (size_t i = 0; i < n; i++)
        x[i] = (even->v[i] - odd->v[i]) / 2;
    h.d = squares_of(x, even->n_tasks, h.n_seeds, h.n_draws);
    free(x);
    return h;
}

struct component halves_seed(const struct halves *h)
{
    double r = (double)h->n_draws;
    const struct mean_square m[] = {{1, h->m.seeds, h->m.seeds_df},
                                    {-1 / r, h->m.draws, h->m.draws_df},
                                    {-1, h->d.seeds, h->d.seeds_df},
                                    {1 / r, h->d.draws, h->d.draws_df}};

    return component_of(m, 4, 0.95);
}
