/* halves - mean squares of sums and differences of halves */
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "halves.h"

static struct squares squares_of(const double *x, size_t n, size_t draws)
{
    double *mean = xmalloc((n + 1) * sizeof *mean);
    struct squares s = {0};

    for (size_t i = 0; i < n; i++) {
        mean[i] = desc_mean(x + i * draws, draws);
        if (draws > 1)
            s.draws += desc_var(x + i * draws, draws) / (double)n;
    }
    s.seeds = desc_var(mean, n);
    free(mean);
    return s;
}

struct halves halves_of(const struct panel *even, const struct panel *odd)
{
    struct halves h = {.n_seeds = even->n_seeds, .n_draws = even->n_draws};
    size_t n = h.n_seeds * h.n_draws;
    double *x = xmalloc((n + 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (even->v[i] + odd->v[i]) / 2;
    h.m = squares_of(x, h.n_seeds, h.n_draws);
    for (size_t i = 0; i < n; i++)
        x[i] = (even->v[i] - odd->v[i]) / 2;
    h.d = squares_of(x, h.n_seeds, h.n_draws);
    free(x);
    return h;
}

struct component halves_seed(const struct halves *h)
{
    double r = (double)h->n_draws, df = (double)h->n_seeds - 1;
    double df_draws = (double)h->n_seeds * (r - 1);
    const struct mean_square m[] = {{1, h->m.seeds, df},
                                    {-1 / r, h->m.draws, df_draws},
                                    {-1, h->d.seeds, df},
                                    {1 / r, h->d.draws, df_draws}};

    return component_of(m, 4, 0.95);
}
