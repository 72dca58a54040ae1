/* sec_h3 - does the clipped objective hold KL down on-task, and does an arm
 * drift off-task?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "sections.h"

static void row(const struct report *r, struct table *t, int arm,
                const char *part, const long *tasks, int n, struct reasons *why)
{
    const struct data *d = r->d;
    long ref = d->arm[d->reference];
    struct series x = data_mean(d, KLS, d->arm[arm], tasks, n, K_TOKEN);
    struct series y = data_mean(d, KLS, ref, tasks, n, K_TOKEN);
    struct ttest mx = ttest_one(x.v, x.n, 0.95);
    struct ttest my = ttest_one(y.v, y.n, 0.95);
    struct ttest w = ttest_paired(x.v, y.v, series_pair(&x, &y), 0.95);
    char at[160];

    snprintf(at, sizeof at, "%.75s %s", data_arm(d, arm), part);
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%s", part);
    table_cell(t, "%zu", x.n);
    cell_num(t, "%.2e", mx.est, mx.n1 ? NULL : "no KL scores", why, at);
    cell_num(t, "%.2e", my.est, my.n1 ? NULL : "no KL scores", why, at);
    cell_num(t, "%+.2e", w.est, x.n ? NULL : "no KL scores", why, at);
    cell_ci(t, "%+.2e", w.lo, w.hi, w.why, why, at);
    series_free(&x);
    series_free(&y);
}

/* Of a metrics field over the n steps, of all runs, that have it. */
static double mean_over_steps(const struct data *d, long arm, int field,
                              size_t *n)
{
    double sum = 0;

    *n = 0;
    for (size_t i = 0; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (o->stream != METRICS || o->arm != arm || o->replicate ||
            !(o->has >> field & 1))
            continue;
        sum += o->v[field];
        ++*n;
    }
    return *n ? sum / (double)*n : 0;
}

/* Clip fractions beside KL, since the hypothesis is about the clip. */
static void clipping(const struct report *r)
{
    struct table *t = table_open(
        "clip",
        "Fraction of tokens whose gradient the clip took away, and KL "
        "from the policy of the step's rollouts (approx_kl, nats a token), "
        "mean over steps and runs.",
        "<arm|steps|clip low|clip high|clip dual|approx KL");
    static const int field[] = {M_CLIP_LOW, M_CLIP_HIGH, M_CLIP_DUAL, M_KL};
    struct reasons why = {0};

    for (int a = 0; a < r->d->n_arms; a++) {
        size_t n;

        (void)mean_over_steps(r->d, r->d->arm[a], M_UPDATES, &n);
        table_cell(t, "%s", data_arm(r->d, a));
        table_cell(t, "%zu", n);
        for (int k = 0; k < 4; k++) {
            double mean = mean_over_steps(r->d, r->d->arm[a], field[k], &n);

            cell_num(t, k == 3 ? "%.2e" : "%.5f", mean,
                     n ? NULL : "not in the metrics", &why, data_arm(r->d, a));
        }
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

void sec_h3(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = {0};
    struct table *t;

    doc_heading(r->doc, "H3: KL to the base drifts off-task, not on-task");
    if (d->n_arms < 2 || !d->n_on || d->n_tasks == d->n_on ||
        !data_count(d, KLS)) {
        doc_para(r->doc, "Not tested: it takes two arms, KL scores, an on-task "
                         "and an off-task.");
        return;
    }
    doc_para(r->doc,
             "Test: for each seed, the mean over off-tasks of the "
             "logarithm of KL per token minus that over on-tasks, arm minus "
             "reference, paired by seed; t test, each direction at half the "
             "level. A ratio, because a difference of KL would call every arm "
             "whose KL is larger everywhere an off-task drift.");
    t = table_open("h3",
                   "KL per token (nats), mean over tasks: arm, reference, "
                   "and the difference paired by seed.",
                   "<arm|<tasks|seeds|arm KL|reference KL|difference|95% lo|"
                   "95% hi");
    t->merge = 1;
    for (int a = 0; a < d->n_arms; a++) {
        if (a == d->reference)
            continue;
        row(r, t, a, "on", d->task, d->n_on, &why);
        row(r, t, a, "off", d->task + d->n_on, d->n_tasks - d->n_on, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    if (data_count(d, METRICS))
        clipping(r);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note_finding(r, a, H3);
}
