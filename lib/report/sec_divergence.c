/* sec_divergence - how fast noise draws of a seed part (SCIENCE 7) */
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "cells.h"
#include "sections.h"

struct list {
    double *v;
    size_t n;
};

static void put(struct list *l, double v)
{
    l->v = xrealloc(l->v, l->n + 1, sizeof *l->v);
    l->v[l->n++] = v;
}

static int has(const struct obs *o, int field)
{
    return o->has >> field & 1;
}

static int is_of(const struct obs *o, long arm)
{
    return o->stream == DIVERGENCES && o->arm == arm && !o->replicate;
}

/* ---- weights --------------------------------------------------------- */

/* The smallest step above `after` of an arm; -1 where there is none. */
static int64_t next_step(const struct data *d, long arm, int64_t after)
{
    int64_t step = -1;

    for (size_t i = 0; i < d->n; i++)
        if (is_of(&d->o[i], arm) && d->o[i].step > after &&
            (step < 0 || d->o[i].step < step))
            step = d->o[i].step;
    return step;
}

static void step_row(struct table *t, const struct data *d, int arm,
                     int64_t step, struct reasons *why)
{
    struct list l = {NULL, 0};
    const char *no;

    for (size_t i = 0; i < d->n; i++)
        if (is_of(&d->o[i], d->arm[arm]) && d->o[i].step == step &&
            has(&d->o[i], D_DIVERGENCE))
            put(&l, d->o[i].v[D_DIVERGENCE]);
    no = l.n ? NULL : "no weight moved";
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%lld", (long long)step);
    table_cell(t, "%zu", l.n);
    cell_num(t, "%.3g", l.n ? desc_mean(l.v, l.n) : 0, no, why,
             data_arm(d, arm));
    cell_ci(t, "%.3g", l.n ? desc_min(l.v, l.n) : 0,
            l.n ? desc_max(l.v, l.n) : 0, no, why, data_arm(d, arm));
    free(l.v);
}

static void weights(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = {0};
    struct table *t = table_open(
        "divergence",
        "Weights: distance of a noise draw from draw 0 of its "
        "seed, as a part of the distance that draw 0 is from the base "
        "(Euclidean norms); mean, least and greatest over seeds and draws.",
        "<arm|step|pairs|mean|least|greatest");

    t->merge = 1;
    for (int a = 0; a < d->n_arms; a++)
        for (int64_t s = next_step(d, d->arm[a], -1); s >= 0;
             s = next_step(d, d->arm[a], s))
            step_row(t, d, a, s, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

/* ---- rollouts -------------------------------------------------------- */

/* The first record of a draw whose rollouts differ; NULL where none does.
 * Records come by seed, draw, step. */
static const struct obs *first_of(const struct data *d, size_t *i)
{
    const struct obs *o = &d->o[*i], *first = NULL;

    for (; *i < d->n && is_of(&d->o[*i], o->arm) && d->o[*i].seed == o->seed &&
           d->o[*i].draw == o->draw;
         ++*i)
        if (!first && has(&d->o[*i], D_FIRST_RESPONSE))
            first = &d->o[*i];
    return first;
}

static void median_cell(struct table *t, const struct list *l, const char *no,
                        struct reasons *why, const char *at)
{
    cell_num(t, "%.4g", l->n ? desc_median(l->v, l->n) : 0, l->n ? NULL : no,
             why, at);
}

static void rollout_row(struct table *t, const struct data *d, int arm,
                        struct reasons *why)
{
    struct list step = {NULL, 0}, token = {NULL, 0};
    const char *at = data_arm(d, arm);
    size_t pairs = 0, parted = 0;

    for (size_t i = 0; i < d->n;) {
        const struct obs *first;

        if (!is_of(&d->o[i], d->arm[arm])) {
            i++;
            continue;
        }
        first = first_of(d, &i);
        pairs++;
        if (!first)
            continue;
        parted++;
        if (has(first, D_FIRST_STEP))
            put(&step, first->v[D_FIRST_STEP]);
        if (has(first, D_FIRST_TOKEN))
            put(&token, first->v[D_FIRST_TOKEN]);
    }
    table_cell(t, "%s", at);
    table_cell(t, "%zu", pairs);
    table_cell(t, "%zu", parted);
    cell_num(t, "%.0f", step.n ? desc_min(step.v, step.n) : 0,
             step.n ? NULL : "no rollouts differ", why, at);
    median_cell(t, &step, "no rollouts differ", why, at);
    median_cell(t, &token, "no response differs in a token", why, at);
    free(step.v);
    free(token.v);
}

static void rollouts(const struct report *r)
{
    struct reasons why = {0};
    struct table *t = table_open(
        "divergence_rollouts",
        "Rollouts: pairs whose rollouts differ in what "
        "was kept of them; the first step at which they do, least and median "
        "(steps count from 0); the median of the first token that differs.",
        "<arm|pairs|parted|first step|median step|median token");

    for (int a = 0; a < r->d->n_arms; a++)
        rollout_row(t, r->d, a, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

void sec_divergence(const struct report *r)
{
    if (!data_count(r->d, DIVERGENCES))
        return;
    doc_heading(r->doc, "How fast noise draws part");
    weights(r);
    rollouts(r);
}
