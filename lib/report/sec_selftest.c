/* sec_selftest - does the instrument measure 0 where there is nothing? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "cells.h"
#include "runs.h"
#include "sections.h"

static int canonical(const struct report *r, int arm)
{
    if (!r->s->canonical.n)
        return arm == r->d->reference;
    return names_find(&r->s->canonical, data_arm(r->d, arm)) >= 0;
}

struct tests {
    struct table *t;
    int passed, failed, replicated;
    struct names *why; /* a sentence for each that failed */
};

/* expected NULL: nothing is expected, the number is told. */
static void line(struct tests *t, const char *what, const char *arm,
                 const char *found, const char *expected, int ok)
{
    table_cell(t->t, "%s", what);
    table_cell(t->t, "%s", arm);
    table_cell(t->t, "%s", found);
    table_cell(t->t, "%s", expected ? expected : "-");
    table_cell(t->t, "%s", !expected ? "" : ok ? "pass" : "FAIL");
    t->passed += expected && ok;
    t->failed += expected && !ok;
    if (expected && !ok) {
        char text[256];

        snprintf(text, sizeof text, "%s, %s: found %s, expected %s", what, arm,
                 found, expected);
        names_add(t->why, text);
    }
}

/* Greatest and sum of a metrics field over an arm's steps. */
static size_t over_steps(const struct data *d, long arm, int field, double *max,
                         double *sum)
{
    size_t n = 0;

    *max = *sum = 0;
    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->stream != METRICS || o->arm != arm || !(o->has >> field & 1))
            continue;
        *max = !n || o->v[field] > *max ? o->v[field] : *max;
        *sum += o->v[field];
        n++;
    }
    return n;
}

static void from_metrics(const struct report *r, struct tests *t, int arm)
{
    const struct data *d = r->d;
    const char *name = data_arm(d, arm);
    int zero = canonical(r, arm);
    struct runs runs = runs_of(d, d->arm[arm]);
    double max, sum, none;
    char found[64];

    if (over_steps(d, d->arm[arm], M_GAP, &max, &sum))
        line(t, "largest |logp trainer - logp sampler|, any step", name,
             num("%.3g", max), zero ? "0" : NULL, max == 0);
    else
        line(t, "largest |logp trainer - logp sampler|, any step", name,
             "not run", NULL, 0);
    if (!runs.n)
        return;
    (void)over_steps(d, d->arm[arm], M_SKIPPED, &none, &sum);
    /* loss scaling looks for its scale by skipping */
    line(t, "updates skipped (gradient not finite)", name, num("%.0f", sum),
         runs.scaling ? NULL : "0", sum == 0);
    snprintf(found, sizeof found, "%zu of %zu", runs.idle, runs.n);
    line(t, "runs without an update, an advantage or a change", name, found,
         "0", runs.idle == 0);
    snprintf(found, sizeof found, "%.0f of %.0f", runs.missing, runs.groups);
    line(t, "prompt groups that batches lacked", name,
         runs.groups > 0 ? found : "not run", runs.groups > 0 ? "0" : NULL,
         runs.missing == 0);
    snprintf(found, sizeof found, "%zu of %zu", runs.collapsed, runs.n);
    line(t, "runs whose policy collapsed", name,
         runs.judged ? found : "not run", runs.judged ? "0" : NULL,
         runs.collapsed == 0);
}

static void from_floor(const struct report *r, struct tests *t, int arm)
{
    const struct data *d = r->d;
    long floor_ = data_floor(d, arm);
    double worst = 0, v;
    int n = 0;

    for (int k = 0; k < d->n_tasks; k++)
        if (data_one(d, KLS, floor_, d->task[k], K_TOKEN, &v)) {
            worst = fabs(v) > worst ? fabs(v) : worst;
            n++;
        }
    line(t, "KL of the base against itself, largest task", data_arm(d, arm),
         n ? num("%.3g", worst) : "not run",
         n && canonical(r, arm) && arm == r->d->reference ? "0" : NULL,
         worst == 0);
}

/* Runs repeated with the same seed: J and, where recorded, the weights. */
static void replicates(const struct report *r, struct tests *t, int arm)
{
    const struct data *d = r->d;
    size_t n = 0, compared = 0, alike = 0;
    double worst = 0;
    char found[64];

    for (size_t i = 1; i < d->n; i++) {
        const struct obs *b = &d->o[i], *a = b - 1;

        if (b->stream != SCORES || b->arm != d->arm[arm] ||
            a->stream != SCORES || a->arm != b->arm || a->task != b->task ||
            a->seed != b->seed || a->draw != b->draw)
            continue;
        n++;
        worst = fmax(worst, fabs(a->v[S_J] - b->v[S_J]));
        if (*a->policy && *b->policy) {
            compared++;
            alike += !strcmp(a->policy, b->policy);
        }
    }
    if (!n)
        return;
    t->replicated = 1;
    snprintf(found, sizeof found, "%s in %zu tasks", num("%.3g", worst), n);
    line(t, "a seed run twice, largest difference of J", data_arm(d, arm),
         found, canonical(r, arm) ? "0" : NULL, worst == 0);
    if (!compared)
        return;
    snprintf(found, sizeof found, "%s", alike == compared ? "yes" : "no");
    line(t, "a seed run twice, the same weights bit for bit", data_arm(d, arm),
         found, canonical(r, arm) ? "yes" : NULL, alike == compared);
}

static void whole_experiment(const struct report *r, struct tests *t)
{
    const struct data *d = r->d;
    size_t negative = 0, kl = 0;
    double bad = 0, worst = 0;

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->stream == SPARSITIES && o->scope == SCOPE_TOTAL)
            bad += o->v[P_NON_FINITE];
        if (o->stream != KLS || !(o->has >> K_TOKEN & 1))
            continue;
        kl++;
        negative += o->v[K_TOKEN] < -1e-9;
        if (o->has >> K_K3 & 1)
            worst = fmax(worst, fabs(o->v[K_K3] - o->v[K_TOKEN]));
    }
    if (kl) {
        line(t, "exact KL below 0", "all", num("%.0f", (double)negative), "0",
             negative == 0);
        line(t, "largest |k3 - exact KL|, nats a token (k3 is sampled)", "all",
             num("%.2g", worst), NULL, 0);
    }
    if (data_count(d, SPARSITIES))
        line(t, "weights that are not finite", "all", num("%.0f", bad), "0",
             bad == 0);
}

/* ---- counts ----------------------------------------------------------- */

static size_t seeds_seen(const struct data *d, int arm)
{
    struct names seeds = {0};
    size_t n;

    for (size_t i = 0; i < d->n; i++)
        if (d->o[i].arm == d->arm[arm] && d->o[i].seed >= 0)
            names_add(&seeds, num("%.0f", (double)d->o[i].seed));
    n = seeds.n;
    names_free(&seeds);
    return n;
}

/* How often the base was evaluated: once for each stream. */
static size_t base_streams(const struct data *d)
{
    struct series s = {0};
    size_t n;

    if (d->n_tasks)
        s = data_series(d, SCORES, d->base, d->task[0], S_J);
    n = s.n;
    series_free(&s);
    return n;
}

static void counts(const struct report *r)
{
    const struct data *d = r->d;
    struct table *t = table_open("counts",
                                 "Records read, and how many there "
                                 "should be.",
                                 "<arm|runs|scores|scores due|KL|KL due|"
                                 "sparsity|sparsity due|training steps");

    for (int a = d->base >= 0 ? -1 : 0; a < d->n_arms; a++) {
        long arm = a < 0 ? d->base : d->arm[a];
        size_t n[N_STREAMS] = {0}, runs;

        for (size_t i = 0; i < d->n; i++)
            if (d->o[i].arm == arm && !d->o[i].replicate)
                n[d->o[i].stream] += d->o[i].stream != SPARSITIES ||
                                     d->o[i].scope == SCOPE_TOTAL;
        if (a >= 0)
            runs = (r->s->seeds.n ? r->s->seeds.n : seeds_seen(d, a)) *
                   (size_t)data_draws(d, SCORES, arm);
        else
            runs = base_streams(d);
        table_cell(t, "%s", a < 0 ? "base" : data_arm(d, a));
        table_cell(t, "%s", a < 0 ? "-" : num("%.0f", (double)runs));
        table_cell(t, "%zu", n[SCORES]);
        table_cell(t, "%zu", runs * (size_t)d->n_tasks);
        table_cell(t, "%zu", n[KLS]);
        table_cell(t, "%zu", a < 0 ? 0 : runs * (size_t)d->n_tasks);
        table_cell(t, "%zu", n[SPARSITIES]);
        table_cell(t, "%zu", a < 0 ? 0 : runs);
        table_cell(t, "%zu", n[METRICS]);
    }
    doc_table(r->doc, t);
}

struct table *selftest_table(const struct report *r, int *passed, int *failed,
                             struct names *why)
{
    struct tests t = {.why = why};

    t.t = table_open("selftest",
                     "Where nothing should be measured, nothing "
                     "is: an arm in the canonical order of sums must give "
                     "exactly 0; other arms tell their noise.",
                     "<self-test|<arm|found|expected|<");
    for (int a = 0; a < r->d->n_arms; a++) {
        if (a)
            table_rule(t.t);
        from_metrics(r, &t, a);
        from_floor(r, &t, a);
        replicates(r, &t, a);
    }
    table_rule(t.t);
    if (!t.replicated)
        line(&t, "a seed run twice, largest difference of J", "all", "not run",
             NULL, 0);
    whole_experiment(r, &t);
    *passed = t.passed;
    *failed = t.failed;
    return t.t;
}

void sec_selftest(const struct report *r)
{
    struct names why = {0};
    int passed, failed;

    doc_heading(r->doc, "The instrument's self-tests");
    doc_table(r->doc, selftest_table(r, &passed, &failed, &why));
    doc_para(r->doc,
             "A policy collapsed where in some step all samples of "
             "each prompt were the same and not all were right, or where "
             "from the first tenth of the steps to the last accuracy, or "
             "with it the share of mixed groups, fell to less than half, by "
             "more than 4 standard errors of a share of groups.");
    counts(r);
    names_free(&why);
}
