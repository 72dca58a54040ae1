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
                                         "cannot tell at this power",
                                         "not tested" };

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

static struct tost tost_of(const struct report *r, int task, int arm,
                           struct series *x, struct series *y)
{
    const struct data *d = r->d;

    *x = data_series(d, SCORES, d->arm[arm], d->task[task], S_J);
    *y = data_series(d, SCORES, d->arm[d->reference], d->task[task], S_J);
    return ttest_tost(x->v, x->n, y->v, y->n, r->s->margin);
}

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    struct series x, y;
    struct tost q = tost_of(r, task, arm, &x, &y);
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
    series_free(&x);
    series_free(&y);
}

static int testable(const struct report *r)
{
    return r->d->n_arms > 1 && r->d->n_on && data_count(r->d, SCORES);
}

enum verdict h1_verdict(const struct report *r, int arm)
{
    int all = 1, any_not = 0;

    if (!testable(r))
        return NOT_TESTED;
    for (int k = 0; k < r->d->n_on; k++) {
        struct series x, y;
        struct tost q = tost_of(r, k, arm, &x, &y);
        enum verdict v = judge(&q);

        all &= v == SUPPORTED;
        any_not |= v == NOT_SUPPORTED;
        series_free(&x);
        series_free(&y);
    }
    return all ? SUPPORTED : any_not ? NOT_SUPPORTED : CANNOT_TELL;
}

/* The verdict with its numbers, task by task. */
static void note(const struct report *r, int arm)
{
    const struct data *d = r->d;
    struct buf b = { 0 };

    for (int k = 0; k < d->n_on; k++) {
        struct series x, y;
        struct tost q = tost_of(r, k, arm, &x, &y);

        buf_printf(&b, "%s%s: ", k ? "; " : "", data_task(d, k));
        if (q.why)
            buf_printf(&b, "not computable, %s", q.why);
        else
            buf_printf(&b, "difference %s, 90%% interval %s, margin %g, TOST "
                       "%s", num("%+.4f", q.diff.est),
                       interval("%+.4f", q.diff.lo, q.diff.hi), q.margin,
                       p_is(q.p));
        series_free(&x);
        series_free(&y);
    }
    doc_note(r->doc, "H1, %s against %s: %s (%s).", data_arm(d, arm),
             data_arm(d, d->reference), verdict_words(h1_verdict(r, arm)),
             buf_str(&b));
    buf_free(&b);
}

void sec_h1(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = { 0 };
    struct table *t;

    doc_heading(r->doc, "H1: on-task accuracy is insensitive to the "
                "precision");
    if (!testable(r)) {
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
                   "power|n at 80%");
    t->merge = 1;
    for (int k = 0; k < d->n_on; k++)
        for (int a = 0; a < d->n_arms; a++)
            if (a != d->reference)
                row(r, t, k, a, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note(r, a);
}
