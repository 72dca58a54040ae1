/* sec_questions - arm against reference, question by question (SCIENCE 4) */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/mcnemar.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "paired.h"
#include "rows.h"
#include "sections.h"

enum { MOST = 3 }; /* questions listed of a task and arm */

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    size_t n, wins = 0, losses = 0;
    int one;
    struct both *q = paired_questions(d, arm, d->task[task], &n, &one);
    double *diff = xcalloc(n + 1, sizeof *diff), p = 0;
    struct ttest ci;
    char at[ROW_NAME];

    for (size_t i = 0; i < n; i++) {
        diff[i] = q[i].diff;
        wins += q[i].diff > 1e-12;
        losses += q[i].diff < -1e-12;
    }
    ci = ttest_one(diff, n, 0.95);
    if (one)
        p = mcnemar(wins, losses);
    row_task_arm(t, d, task, arm, at);
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

static void moved_most(const struct report *r, struct table *t, int task,
                       int arm)
{
    const struct data *d = r->d;
    size_t n;
    int one;
    struct both *q = paired_questions(d, arm, d->task[task], &n, &one);

    qsort_r(q, n, sizeof *q, paired_by_size, (void *)d);
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
                      "The questions that moved most, by arm and task.",
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
}
