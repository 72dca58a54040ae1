/* sec_questions - arm against reference, question by question (SCIENCE 4) */
#include <stdlib.h>
#include "../base/arena.h"
#include "../stat/mcnemar.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "paired.h"
#include "rows.h"
#include "sections.h"

enum { MOST = 3 }; /* questions listed of a task and arm */

static void row(const struct report *r, struct table *t, int task, int arm,
                const struct pairs *q, struct reasons *why)
{
    const struct data *d = r->d;
    size_t n = q->n, wins = 0, losses = 0;
    double *diff = xcalloc(n + 1, sizeof *diff), p = 0;
    struct ttest ci;
    char at[ROW_NAME];

    for (size_t i = 0; i < n; i++) {
        diff[i] = q->v[i].diff;
        wins += paired_sign(&q->v[i]) > 0;
        losses += paired_sign(&q->v[i]) < 0;
    }
    ci = ttest_one(diff, n, 0.95);
    if (q->one)
        p = mcnemar(wins, losses);
    row_task_arm(t, d, task, arm, at);
    table_cell(t, "%zu", n);
    cell_num(t, "%+.4f", ci.est, n ? NULL : "no questions in both", why, at);
    cell_num(t, "%.4f", ci.se, n > 1 ? NULL : "fewer than two questions", why,
             at);
    table_cell(t, "%zu", wins);
    table_cell(t, "%zu", losses);
    table_cell(t, "%zu", n - wins - losses);
    if (q->one)
        cell_p(t, p, NULL, why, at);
    else
        table_cell(t, "-");
    free(diff);
}

/* Leaves the pairs in the order of their differences. */
static void moved_most(const struct report *r, struct table *t, int task,
                       int arm, struct pairs *p)
{
    const struct data *d = r->d;
    const struct both *q = p->v;

    qsort_r(p->v, p->n, sizeof *p->v, paired_by_size, (void *)d);
    for (size_t i = 0; i < p->n && i < MOST && paired_sign(&q[i]); i++) {
        table_cell(t, "%s", data_task(d, task));
        table_cell(t, "%s", data_arm(d, arm));
        table_cell(t, "%s", d->questions.v[q[i].id]);
        table_cell(t, "%s", num("%.3f", q[i].arm));
        table_cell(t, "%s", num("%.3f", q[i].ref));
        table_cell(t, "%s", num("%+.3f", q[i].diff));
    }
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
                      "The questions that moved most, by arm and task.",
                      "<task|<arm|<question|J arm|J reference|difference");
    t->merge = 1;
    for (int k = 0; k < d->n_tasks; k++)
        for (int a = 0; a < d->n_arms; a++)
            if (a != d->reference) {
                struct pairs q = paired_questions(d, a, d->task[k]);

                row(r, t, k, a, &q, &why);
                moved_most(r, most, k, a, &q);
                free(q.v);
            }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    doc_table_aside(r->doc, most);
}
