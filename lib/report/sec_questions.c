/* sec_questions - arm against reference, question by question (SCIENCE 4) */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/mcnemar.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "sections.h"

enum { MOST = 3 }; /* questions listed of a task and arm */

/* Share of right samples of each question, summed over the runs counted. */
struct tally {
    double *share;  /* [questions] */
    uint32_t *runs; /* [questions] */
    int several;    /* a question has more than one sample */
};

/* One question of both models. */
struct both {
    long id;
    double arm, ref, diff;
};

static void count(const struct obs *o, struct tally *t)
{
    for (size_t i = 0; i < o->n_q; i++) {
        const struct question *q = &o->q[i];

        t->share[q->id] += (double)q->correct / (double)q->samples;
        t->runs[q->id]++;
        t->several |= q->samples > 1;
    }
}

/* Questions of a task over the seeds and draws that both arms have; malloc'd.
 * *one: a single run with one sample a question. */
static struct both *pair_up(const struct data *d, int arm, long task, size_t *n,
                            int *one)
{
    size_t all = d->questions.n;
    struct tally x = {xcalloc(all + 1, 8), xcalloc(all + 1, 4), 0};
    struct tally y = {xcalloc(all + 1, 8), xcalloc(all + 1, 4), 0};
    struct both *v = xcalloc(all + 1, sizeof *v);
    size_t runs = 0;

    for (size_t i = 0; i < d->n; i++) {
        const struct obs *a = &d->o[i], *b;

        if (a->stream != SCORES || a->arm != d->arm[arm] || a->task != task ||
            a->replicate || !a->q)
            continue;
        b = data_find(d, SCORES, d->arm[d->reference], task, a->seed, a->draw);
        if (!b || !b->q)
            continue;
        count(a, &x);
        count(b, &y);
        runs++;
    }
    *n = 0;
    for (size_t i = 0; i < all; i++) {
        struct both q;

        if (!x.runs[i] || x.runs[i] != y.runs[i])
            continue;
        q.id = (long)i;
        q.arm = x.share[i] / x.runs[i];
        q.ref = y.share[i] / y.runs[i];
        q.diff = q.arm - q.ref;
        v[(*n)++] = q;
    }
    *one = runs == 1 && !x.several && !y.several;
    free(x.share);
    free(x.runs);
    free(y.share);
    free(y.runs);
    return v;
}

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    size_t n, wins = 0, losses = 0;
    int one;
    struct both *q = pair_up(d, arm, d->task[task], &n, &one);
    double *diff = xcalloc(n + 1, sizeof *diff), p = 0;
    struct ttest ci;
    char at[160];

    for (size_t i = 0; i < n; i++) {
        diff[i] = q[i].diff;
        wins += q[i].diff > 1e-12;
        losses += q[i].diff < -1e-12;
    }
    ci = ttest_one(diff, n, 0.95);
    if (one)
        p = mcnemar(wins, losses);
    snprintf(at, sizeof at, "%.75s %.75s", data_task(d, task),
             data_arm(d, arm));
    table_cell(t, "%s", data_task(d, task));
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%zu", n);
    cell_num(t, "%+.4f", ci.est, n ? NULL : "no questions in both", why, at);
    cell_num(t, "%.4f", ci.se, n > 1 ? NULL : "fewer than two questions", why,
             at);
    table_cell(t, "%zu", wins);
    table_cell(t, "%zu", losses);
    table_cell(t, "%zu", n - wins - losses);
    if (one)
        cell_p(t, p, NULL, why, at);
    else
        table_cell(t, "-");
    free(diff);
    free(q);
}

static int by_size(const void *x, const void *y)
{
    const struct both *a = x, *b = y;
    double p = fabs(a->diff), q = fabs(b->diff);

    return p != q ? (p < q) - (p > q) : (a->id > b->id) - (a->id < b->id);
}

static void moved_most(const struct report *r, struct table *t, int task,
                       int arm)
{
    const struct data *d = r->d;
    size_t n;
    int one;
    struct both *q = pair_up(d, arm, d->task[task], &n, &one);

    qsort(q, n, sizeof *q, by_size);
    for (size_t i = 0; i < n && i < MOST && fabs(q[i].diff) > 1e-12; i++) {
        table_cell(t, "%s", data_task(d, task));
        table_cell(t, "%s", data_arm(d, arm));
        table_cell(t, "%s", d->questions.v[q[i].id]);
        table_cell(t, "%s", num("%.3f", q[i].arm));
        table_cell(t, "%s", num("%.3f", q[i].ref));
        table_cell(t, "%s", num("%+.3f", q[i].diff));
    }
    free(q);
}

void sec_questions(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = {0};
    struct table *t, *most;

    if (d->n_arms < 2 || !d->questions.n)
        return;
    doc_heading(r->doc, "Question by question");
    t = table_open("questions",
                   "Arm against reference on the same questions, "
                   "seeds and draws: mean difference of accuracy with its "
                   "standard error clustered by question (the runs are fixed), "
                   "questions won, lost and tied; McNemar's exact p where one "
                   "run of each has one sample a question.",
                   "<task|<arm|questions|difference|se|won|lost|tied|"
                   "p McNemar");
    most = table_open("questions_moved",
                      "The questions that moved most, by "
                      "arm and task.",
                      "<task|<arm|<question|J arm|J reference|difference");
    t->merge = 1;
    for (int k = 0; k < d->n_tasks; k++)
        for (int a = 0; a < d->n_arms; a++)
            if (a != d->reference) {
                row(r, t, k, a, &why);
                moved_most(r, most, k, a);
            }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    doc_table_aside(r->doc, most);
    doc_para(r->doc,
             "tables/questions_moved.tsv names the questions that moved "
             "most. The texts of both sides: bin/show --where 'id == \"ID\"' "
             "--field response on the runs' responses.");
}
