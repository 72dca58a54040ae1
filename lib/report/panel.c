/* panel - a field by task, seed and draw */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "panel.h"

void panel_free(struct panel *p)
{
    free(p->seed);
    free(p->v);
    memset(p, 0, sizeof *p);
}

const double *panel_at(const struct panel *p, size_t task, size_t seed)
{
    return p->v + (task * p->n_seeds + seed) * p->n_draws;
}

/* All draws of all tasks at one seed into v[task * n_draws + draw]. */
static int read_seed(const struct data *d, enum stream st, long arm,
                     const long *t, const struct panel *p, int64_t seed,
                     int field, double *v)
{
    for (size_t k = 0; k < p->n_tasks; k++)
        for (size_t r = 0; r < p->n_draws; r++)
            if (!data_at(d, st, arm, t[k], seed, (int64_t)r, field,
                         &v[k * p->n_draws + r]))
                return 0;
    return 1;
}

struct panel panel_of(const struct data *d, enum stream st, long arm,
                      const long *t, int n, int field)
{
    struct panel p = {.n_tasks = (size_t)n,
                      .n_draws = (size_t)data_draws(d, st, arm)};
    struct series s = {0};
    size_t one = p.n_tasks * p.n_draws;
    double *v;

    if (n)
        s = data_series(d, st, arm, t[0], field);
    p.seed = xcalloc(s.n + 1, sizeof *p.seed);
    p.v = xcalloc(s.n * one + 1, sizeof *p.v);
    v = xcalloc(one + 1, sizeof *v);
    for (size_t i = 0; one && i < s.n; i++)
        if (read_seed(d, st, arm, t, &p, s.seed[i], field, v))
            p.seed[p.n_seeds++] = s.seed[i];
    for (size_t i = 0; i < p.n_seeds; i++) {
        (void)read_seed(d, st, arm, t, &p, p.seed[i], field, v);
        for (size_t k = 0; k < p.n_tasks; k++)
            memcpy(p.v + (k * p.n_seeds + i) * p.n_draws, v + k * p.n_draws,
                   p.n_draws * sizeof *v);
    }
    free(v);
    series_free(&s);
    return p;
}

static int has_seed(const struct panel *p, int64_t seed)
{
    for (size_t i = 0; i < p->n_seeds; i++)
        if (p->seed[i] == seed)
            return 1;
    return 0;
}

static void keep_seeds_of(struct panel *x, const struct panel *y)
{
    struct panel kept = {x->n_tasks, 0, x->n_draws, x->seed, NULL};
    size_t *from = xcalloc(x->n_seeds + 1, sizeof *from);
    double *v = xcalloc(x->n_tasks * x->n_seeds * x->n_draws + 1, sizeof *v);

    for (size_t i = 0; i < x->n_seeds; i++)
        if (has_seed(y, x->seed[i])) {
            from[kept.n_seeds] = i;
            kept.seed[kept.n_seeds++] = x->seed[i];
        }
    for (size_t k = 0; k < x->n_tasks; k++)
        for (size_t i = 0; i < kept.n_seeds; i++)
            memcpy(v + (k * kept.n_seeds + i) * x->n_draws,
                   panel_at(x, k, from[i]), x->n_draws * sizeof *v);
    free(x->v);
    free(from);
    kept.v = v;
    *x = kept;
}

void panel_pair(struct panel *x, struct panel *y)
{
    keep_seeds_of(x, y);
    keep_seeds_of(y, x);
}
