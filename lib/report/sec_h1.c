/* sec_h1 - is on-task accuracy the same in every precision? */
#include <math.h>
#include "../stat/describe.h"
#include "../stat/power.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "rows.h"
#include "sections.h"

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    long ref = d->arm[d->reference], k = d->task[task];
    struct series x = data_series(d, SCORES, d->arm[arm], k, S_J);
    struct series y = data_series(d, SCORES, ref, k, S_J);
    struct tost w = ttest_tost(x.v, x.n, y.v, y.n, r->s->margin);
    size_t n = series_pair(&x, &y);
    struct tost q = ttest_tost_paired(x.v, y.v, n, r->s->margin);
    char at[ROW_NAME];
    /* an arm, for 80% power at this spread of the differences */
    size_t needed = q.why ? 0
                          : power_tost_pairs(q.margin,
                                             q.diff.se * sqrt((double)n), 0.05,
                                             0.8, 1000);

    row_task_arm(t, d, task, arm, at);
    table_cell(t, "%zu", n);
    cell_num(t, "%+.4f", q.diff.est, n ? NULL : "no common seeds", why, at);
    cell_ci(t, "%+.4f", q.diff.lo, q.diff.hi, q.why, why, at);
    cell_p(t, q.p, q.why, why, at);
    cell_p(t, w.p, w.why, why, at);
    cell_num(t, "%.2f",
             q.why ? 0 : power_tost(q.margin, q.diff.se, q.diff.df, 0.05),
             q.why, why, at);
    cell_num(t, "%.0f", (double)needed,
             q.why    ? q.why
             : needed ? NULL
                      : "more than 1000 seeds",
             why, at);
    series_free(&x);
    series_free(&y);
}

void sec_h1(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = {0};
    struct table *t;

    doc_heading(r->doc, "H1: on-task accuracy is insensitive to the "
                        "precision");
    if (d->n_arms < 2 || !d->n_on || !data_count(d, SCORES)) {
        doc_para(r->doc, "Not tested: it takes %s.",
                 d->n_arms < 2 ? "two arms"
                 : !d->n_on    ? "an on-task, which the tasks file names"
                               : "scores");
        return;
    }
    doc_para(r->doc,
             "Test: equivalence by two one-sided tests (TOST), margin "
             "%g, on the differences of seeds that both arms have; a seed's J "
             "is its mean over noise draws. Supported if both sides reject on "
             "every on-task: the 90%% interval of the difference lies inside "
             "the margin. Contradicted if the difference is beyond the margin "
             "on any on-task, each side at half the level.",
             r->s->margin);
    t = table_open("h1",
                   "Difference of mean J, arm minus reference, paired by "
                   "seed; p of TOST paired and, beside it, of unpaired samples "
                   "(Welch). Power of TOST alone when the true difference is "
                   "0, and seeds an arm for 80% power, at the observed spread.",
                   "<task|<arm|seeds|difference|90% lo|90% hi|p TOST|"
                   "p Welch|power|seeds at 80%");
    t->merge = 1;
    for (int k = 0; k < d->n_on; k++)
        for (int a = 0; a < d->n_arms; a++)
            if (a != d->reference)
                row(r, t, k, a, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note_finding(r, a, H1);
}
