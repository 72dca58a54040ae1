/* sec_h3 - does the clipped objective hold KL down on-task, and does an arm
 * drift off-task?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/power.h"
#include "../stat/ttest.h"
#include "../stat/vartest.h"
#include "cells.h"
#include "sections.h"

enum part { ON, OFF, GAP };

/* KL per token of each seed: mean of the on-tasks, of the off-tasks, or the
 * second minus the first. */
static struct series part_of(const struct data *d, int arm, enum part part)
{
    const long *off = d->task + d->n_on;
    int n_off = d->n_tasks - d->n_on;
    struct series on, s;
    size_t n = 0;

    if (part == ON)
        return data_mean(d, KLS, d->arm[arm], d->task, d->n_on, K_TOKEN);
    s = data_mean(d, KLS, d->arm[arm], off, n_off, K_TOKEN);
    if (part == OFF)
        return s;
    on = data_mean(d, KLS, d->arm[arm], d->task, d->n_on, K_TOKEN);
    for (size_t i = 0; i < s.n; i++)
        for (size_t j = 0; j < on.n; j++)
            if (s.seed[i] == on.seed[j]) {
                s.v[n] = s.v[i] - on.v[j];
                s.seed[n++] = s.seed[i];
            }
    s.n = n;
    series_free(&on);
    return s;
}

static const char *const part_name[] = { "on", "off", "off - on" };

static struct ttest welch_of(const struct report *r, int arm, enum part part)
{
    struct series x = part_of(r->d, arm, part);
    struct series y = part_of(r->d, r->d->reference, part);
    struct ttest w = ttest_welch(x.v, x.n, y.v, y.n, 0.95);

    series_free(&x);
    series_free(&y);
    return w;
}

static void row(const struct report *r, struct table *t, int arm,
                enum part part, struct reasons *why)
{
    struct series x = part_of(r->d, arm, part);
    struct series y = part_of(r->d, r->d->reference, part);
    struct ttest w = ttest_welch(x.v, x.n, y.v, y.n, 0.95);
    struct ttest mx = ttest_one(x.v, x.n, 0.95);
    struct ttest my = ttest_one(y.v, y.n, 0.95);
    char at[160];

    snprintf(at, sizeof at, "%.75s %s", data_arm(r->d, arm),
             part_name[part]);
    table_cell(t, "%s", data_arm(r->d, arm));
    table_cell(t, "%s", part_name[part]);
    cell_num(t, "%.2e", mx.est, x.n ? NULL : "no KL scores", why, at);
    cell_num(t, "%.2e", my.est, y.n ? NULL : "no KL scores", why, at);
    cell_num(t, "%+.2e", w.est, x.n && y.n ? NULL : w.why, why, at);
    cell_ci(t, "%+.2e", w.lo, w.hi, w.why, why, at);
    cell_p(t, w.p_greater, w.why, why, at);
    cell_num(t, "%.1e", w.why ? 0 : power_t_difference(w.se, w.df, 0.05, 0.8),
             w.why, why, at);
    series_free(&x);
    series_free(&y);
}

static void variance_row(const struct report *r, struct table *t, int arm,
                         enum part part, struct reasons *why)
{
    struct series x = part_of(r->d, arm, part);
    struct series y = part_of(r->d, r->d->reference, part);
    struct vartest_f f = vartest_f(x.v, x.n, y.v, y.n, 0.95);
    struct vartest_bf b = vartest_brown_forsythe(x.v, x.n, y.v, y.n);
    struct vartest_perm q = vartest_permutation(x.v, x.n, y.v, y.n,
                                                BOOT_SEED);
    const char *no_s2 = x.n < 2 || y.n < 2 ? f.why : NULL;
    char at[160];

    snprintf(at, sizeof at, "%.75s %s", data_arm(r->d, arm),
             part_name[part]);
    table_cell(t, "%s", data_arm(r->d, arm));
    table_cell(t, "%s", part_name[part]);
    cell_num(t, "%.2e", f.var_x, no_s2, why, at);
    cell_num(t, "%.2e", f.var_y, no_s2, why, at);
    cell_num(t, "%.3g", f.ratio, f.why, why, at);
    cell_ci(t, "%.3g", f.lo, f.hi, f.why, why, at);
    cell_p(t, f.p_greater, f.why, why, at);
    cell_p(t, b.p_greater, b.why, why, at);
    cell_p(t, q.p_greater, q.why, why, at);
    series_free(&x);
    series_free(&y);
}

static int testable(const struct report *r)
{
    return r->d->n_arms > 1 && r->d->n_on && r->d->n_tasks > r->d->n_on &&
           data_count(r->d, KLS);
}

enum verdict h3_verdict(const struct report *r, int arm)
{
    struct ttest off, gap;

    if (!testable(r))
        return NOT_TESTED;
    off = welch_of(r, arm, OFF);
    gap = welch_of(r, arm, GAP);
    if (off.why || gap.why)
        return CANNOT_TELL;
    if (off.p_greater < 0.05 && gap.p_greater < 0.05)
        return SUPPORTED;
    if (off.p_less < 0.05 || gap.p_less < 0.05)
        return NOT_SUPPORTED;
    return CANNOT_TELL;
}

static void note(const struct report *r, int arm)
{
    struct ttest off = welch_of(r, arm, OFF), gap = welch_of(r, arm, GAP);
    const char *why = off.why ? off.why : gap.why;
    char numbers[400];

    if (why)
        snprintf(numbers, sizeof numbers, "not computable, %s", why);
    else
        snprintf(numbers, sizeof numbers, "off-task %s nats a token, %s; "
                 "off minus on %s, %s", num("%+.2e", off.est),
                 p_is(off.p_greater), num("%+.2e", gap.est),
                 p_is(gap.p_greater));
    doc_note(r->doc, "H3, %s against %s: %s (%s).", data_arm(r->d, arm),
             data_arm(r->d, r->d->reference),
             verdict_words(h3_verdict(r, arm)), numbers);
}

static void variances(const struct report *r)
{
    struct reasons why = { 0 };
    struct table *t = table_open(
        "h3_variance", "Variance over seeds of the same KL, arm over "
        "reference; one-sided p of a larger variance.",
        "<arm|<KL|s2 arm|s2 ref|ratio|95% interval (F)|p F|p BF|p perm");

    t->merge = 1;
    for (int a = 0; a < r->d->n_arms; a++)
        for (int k = ON; k <= GAP && a != r->d->reference; k++)
            variance_row(r, t, a, (enum part)k, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

void sec_h3(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = { 0 };
    struct table *t;

    doc_heading(r->doc, "H3: KL to the base drifts off-task, not on-task");
    if (!testable(r)) {
        doc_para(r->doc, "Not tested: it takes two arms, KL scores, an on-task "
                 "and an off-task.");
        return;
    }
    doc_para(r->doc, "Test: KL per token of each seed, averaged over the "
             "on-tasks and over the off-tasks, and off minus on; Welch "
             "one-sided tests of arm against reference. Rule: supported if, "
             "at 5%% each, the off-task KL is larger than the reference's and "
             "so is off minus on (the excess is off-task); not supported if "
             "either is smaller at that level; else cannot tell at this "
             "power.");
    t = table_open("h3", "KL per token (nats): arm, reference, difference with "
                   "Welch 95% interval, p of a larger mean, and the "
                   "difference found with 80% power.",
                   "<arm|<KL|arm|reference|difference|95% interval|p|"
                   "at 80%");
    t->merge = 1;
    for (int a = 0; a < d->n_arms; a++)
        for (int k = ON; k <= GAP && a != d->reference; k++)
            row(r, t, a, (enum part)k, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    variances(r);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note(r, a);
}
