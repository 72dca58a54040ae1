/* sec_h1 - is on-task accuracy the same in every precision? */
#include <math.h>
#include <stdio.h>
#include "../stat/describe.h"
#include "../stat/power.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "sections.h"

const char *verdict_words(enum verdict v)
{
    static const char *const words[] = { "supported", "not supported",
                                         "cannot tell at this power" };

    return words[v];
}

static enum verdict judge(const struct tost *x)
{
    if (x->why)
        return CANNOT_TELL;
    if (x->p < 0.05)
        return SUPPORTED;
    if (x->diff.lo >= x->margin || x->diff.hi <= -x->margin)
        return NOT_SUPPORTED;
    return CANNOT_TELL;
}

/* Seeds an arm that would give 80% power with the mean of both variances. */
static const char *seeds_needed(double margin, const struct series *x,
                                const struct series *y)
{
    double sd = sqrt((desc_var(x->v, x->n) + desc_var(y->v, y->n)) / 2);
    size_t n = power_tost_n(margin, sd, 0.05, 0.8);

    return n ? num("%.0f", (double)n) : ">1000";
}

static enum verdict row(const struct report *r, struct table *t, int task,
                        int arm, struct reasons *why)
{
    const struct data *d = r->d;
    struct series x = data_series(d, SCORES, d->arm[arm], d->task[task], S_J);
    struct series y = data_series(d, SCORES, d->arm[d->reference],
                                  d->task[task], S_J);
    struct tost q = ttest_tost(x.v, x.n, y.v, y.n, r->s->margin);
    const char *no_d = x.n && y.n ? NULL : q.why;
    char at[160];

    snprintf(at, sizeof at, "%.75s %.75s", data_task(d, task),
             data_arm(d, arm));
    table_cell(t, "%s", data_task(d, task));
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%zu+%zu", x.n, y.n);
    cell_num(t, "%+.4f", q.diff.est, no_d, why, at);
    cell_ci(t, "%+.4f", q.diff.lo, q.diff.hi, q.why, why, at);
    cell_p(t, q.p, q.why, why, at);
    cell_p(t, q.diff.p, q.why, why, at);
    if (q.why) {
        table_cell(t, "n.c.");
        table_cell(t, "n.c.");
    } else {
        table_cell(t, "%s", num("%.2f", power_tost(q.margin, q.diff.se,
                                                   q.diff.df, 0.05)));
        table_cell(t, "%s", seeds_needed(q.margin, &x, &y));
    }
    table_cell(t, "%s", q.why ? "-" : verdict_words(judge(&q)));
    series_free(&x);
    series_free(&y);
    return judge(&q);
}

static enum verdict arm_rows(const struct report *r, struct table *t, int arm,
                             struct reasons *why)
{
    int all = 1, any_not = 0;

    for (int k = 0; k < r->d->n_on; k++) {
        enum verdict v = row(r, t, k, arm, why);

        all &= v == SUPPORTED;
        any_not |= v == NOT_SUPPORTED;
    }
    return all ? SUPPORTED : any_not ? NOT_SUPPORTED : CANNOT_TELL;
}

void sec_h1(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = { 0 };
    enum verdict v[64];
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
    doc_para(r->doc, "Test: equivalence by two one-sided tests (TOST) with "
             "Welch standard errors, margin %g, each side at 5%%. Rule: "
             "supported if TOST's p < 0.05 on every on-task, that is, the 90%% "
             "interval of the difference lies inside the margin; not "
             "supported if that interval lies wholly outside on any; else "
             "cannot tell at this power. A difference test's p > 0.05 would "
             "prove nothing.", r->s->margin);
    t = table_open("h1", "Difference of mean J, arm minus reference; power of "
                   "TOST when the true difference is 0, and seeds an arm for "
                   "80% power, at the observed spread.",
                   "<task|<arm|seeds|difference|90% interval|p TOST|p diff.|"
                   "power|seeds 80%|<verdict");
    for (int a = 0; a < d->n_arms && a < 64; a++)
        if (a != d->reference)
            v[a] = arm_rows(r, t, a, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms && a < 64; a++)
        if (a != d->reference)
            doc_note(r->doc, "H1, %s against %s: %s.", data_arm(d, a),
                     data_arm(d, d->reference), verdict_words(v[a]));
}
