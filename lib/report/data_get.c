/* data_get - lists and tables of the experiment's numbers */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "data.h"

void series_free(struct series *s)
{
    free(s->v);
    free(s->seed);
    memset(s, 0, sizeof *s);
}

static void push(struct series *s, double v, int64_t seed)
{
    s->v = xrealloc(s->v, s->n + 1, sizeof *s->v);
    s->seed = xrealloc(s->seed, s->n + 1, sizeof *s->seed);
    s->v[s->n] = v;
    s->seed[s->n++] = seed;
}

static void keep_seeds_of(struct series *x, const struct series *y)
{
    size_t n = 0;

    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < y->n; j++)
            if (x->seed[i] == y->seed[j]) {
                x->v[n] = x->v[i];
                x->seed[n++] = x->seed[i];
                break;
            }
    x->n = n;
}

size_t series_pair(struct series *x, struct series *y)
{
    keep_seeds_of(x, y);
    keep_seeds_of(y, x);
    return x->n;
}

/* Observations come in the order of seeds, then draws: the next one either
 * joins the mean of the seed that is last in s or begins another. */
struct mean {
    double sum;
    size_t n;
};

static size_t add_draw(struct series *s, struct mean *m, const struct obs *o,
                       int field)
{
    if (!s->n || s->seed[s->n - 1] != o->seed) {
        push(s, o->v[field], o->seed);
        m->sum = o->v[field];
        return 1;
    }
    m->sum += o->v[field];
    s->v[s->n - 1] = m->sum / (double)(m->n + 1);
    return m->n + 1;
}

struct series data_series(const struct data *d, enum stream st, long arm,
                          long task, int field)
{
    struct series s = {0};
    struct mean m = {0};

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->stream == st && o->arm == arm && o->task == task &&
            !o->replicate && o->has >> field & 1)
            m.n = add_draw(&s, &m, o, field);
    }
    return s;
}

struct series data_weights(const struct data *d, enum stream st, long arm,
                           enum scope scope, long which, int field)
{
    struct series s = {0};
    struct mean m = {0};

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->stream == st && o->arm == arm && o->scope == scope &&
            !o->replicate && o->has >> field & 1 &&
            (scope != SCOPE_KIND || o->kind == which) &&
            (scope != SCOPE_LAYER || o->layer == which))
            m.n = add_draw(&s, &m, o, field);
    }
    return s;
}

long data_layers(const struct data *d, enum stream st)
{
    long n = 0;

    for (size_t i = 0; i < d->n; i++)
        if (d->o[i].stream == st && d->o[i].scope == SCOPE_LAYER &&
            d->o[i].layer >= n)
            n = d->o[i].layer + 1;
    return n;
}

int data_at(const struct data *d, enum stream st, long arm, long task,
            int64_t seed, int64_t draw, int field, double *v)
{
    const struct obs *o = data_find(d, st, arm, task, seed, draw);
    int found = o && o->has >> field & 1;

    if (found)
        *v = o->v[field];
    return found;
}

int data_base(const struct data *d, enum stream st, long task, int64_t seed,
              int field, double *v)
{
    return d->base >= 0 && (data_at(d, st, d->base, task, seed, 0, field, v) ||
                            data_at(d, st, d->base, task, -1, 0, field, v));
}

struct series data_delta(const struct data *d, long arm, const long *t, int n)
{
    struct series s = data_mean(d, SCORES, arm, t, n, S_J);
    size_t kept = 0;

    for (size_t i = 0; i < s.n; i++) {
        double sum = 0, v;
        int k = 0;

        for (; k < n && data_base(d, SCORES, t[k], s.seed[i], S_J, &v); k++)
            sum += v;
        if (k < n)
            continue;
        s.v[kept] = s.v[i] - sum / n;
        s.seed[kept++] = s.seed[i];
    }
    s.n = kept;
    return s;
}

int64_t data_draws(const struct data *d, enum stream st, long arm)
{
    int64_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        if (d->o[i].stream == st && d->o[i].arm == arm && d->o[i].draw >= n)
            n = d->o[i].draw + 1;
    return n;
}

int data_one(const struct data *d, enum stream st, long arm, long task,
             int field, double *v)
{
    struct series s = {0};
    int found;

    if (arm >= 0)
        s = data_series(d, st, arm, task, field);
    found = s.n > 0;
    *v = found ? desc_mean(s.v, s.n) : 0;
    series_free(&s);
    return found;
}

static int find(const struct series *s, int64_t seed, double *v)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->seed[i] == seed) {
            *v = s->v[i];
            return 1;
        }
    return 0;
}

/* v[k * seeds + i] and the seeds that all tasks have */
static double *matrix(const struct data *d, enum stream st, long arm,
                      const long *t, int n, int field, struct series *seeds)
{
    struct series *all = xcalloc((size_t)n + 1, sizeof *all);
    double *m, v;

    memset(seeds, 0, sizeof *seeds);
    for (int k = 0; k < n; k++)
        all[k] = data_series(d, st, arm, t[k], field);
    for (size_t i = 0; n && i < all[0].n; i++) {
        int k = 0;

        while (k < n && find(&all[k], all[0].seed[i], &v))
            k++;
        if (k == n)
            push(seeds, 0, all[0].seed[i]);
    }
    m = xcalloc((size_t)n * seeds->n + 1, sizeof *m);
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < seeds->n; i++)
            (void)find(&all[k], seeds->seed[i], &m[(size_t)k * seeds->n + i]);
    for (int k = 0; k < n; k++)
        series_free(&all[k]);
    free(all);
    return m;
}

double *data_matrix(const struct data *d, enum stream st, long arm,
                    const long *t, int n, int field, size_t *n_seeds)
{
    struct series seeds;
    double *m = matrix(d, st, arm, t, n, field, &seeds);

    *n_seeds = seeds.n;
    series_free(&seeds);
    return m;
}

struct series data_mean(const struct data *d, enum stream st, long arm,
                        const long *t, int n, int field)
{
    struct series s;
    double *m = matrix(d, st, arm, t, n, field, &s);
    double *column = xcalloc((size_t)n + 1, sizeof *column);

    for (size_t i = 0; i < s.n; i++) {
        for (int k = 0; k < n; k++)
            column[k] = m[(size_t)k * s.n + i];
        s.v[i] = desc_mean(column, (size_t)n);
    }
    free(column);
    free(m);
    return s;
}

size_t data_count(const struct data *d, enum stream st)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n; i++)
        n += d->o[i].stream == st;
    return n;
}

const char *data_task(const struct data *d, int i)
{
    return d->tasks.v[d->task[i]];
}

long data_floor(const struct data *d, int i)
{
    char name[256];

    snprintf(name, sizeof name, "floor_%.240s", data_arm(d, i));
    return names_find(&d->arms, name);
}
