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

static struct ttest row(const struct report *r, struct table *t, int arm,
                        enum part part, struct reasons *why)
{
    static const char *const name[] = { "on", "off", "off - on" };
    struct series x = part_of(r->d, arm, part);
    struct series y = part_of(r->d, r->d->reference, part);
    struct ttest w = ttest_welch(x.v, x.n, y.v, y.n, 0.95);
    struct ttest mx = ttest_one(x.v, x.n, 0.95);
    struct ttest my = ttest_one(y.v, y.n, 0.95);
    struct vartest_f f = vartest_f(x.v, x.n, y.v, y.n, 0.95);
    char at[160];

    snprintf(at, sizeof at, "%.75s %s", data_arm(r->d, arm), name[part]);
    table_cell(t, "%s", data_arm(r->d, arm));
    table_cell(t, "%s", name[part]);
    table_cell(t, "%zu+%zu", x.n, y.n);
    cell_num(t, "%.2e", mx.est, x.n ? NULL : "no KL scores", why, at);
    cell_num(t, "%.2e", my.est, y.n ? NULL : "no KL scores", why, at);
    cell_num(t, "%+.2e", w.est, x.n && y.n ? NULL : w.why, why, at);
    cell_ci(t, "%+.2e", w.lo, w.hi, w.why, why, at);
    cell_p(t, w.p_greater, w.why, why, at);
    cell_num(t, "%.2e", w.why ? 0 : power_t_difference(w.se, w.df, 0.05, 0.8),
             w.why, why, at);
    cell_num(t, "%.3g", f.ratio, f.why, why, at);
    cell_p(t, f.p_greater, f.why, why, at);
    series_free(&x);
    series_free(&y);
    return w;
}

static enum verdict arm_rows(const struct report *r, struct table *t, int arm,
                             struct reasons *why)
{
    struct ttest off, gap;

    (void)row(r, t, arm, ON, why);
    off = row(r, t, arm, OFF, why);
    gap = row(r, t, arm, GAP, why);
    if (off.why || gap.why)
        return CANNOT_TELL;
    if (off.p_greater < 0.05 && gap.p_greater < 0.05)
        return SUPPORTED;
    if (off.p_less < 0.05 || gap.p_less < 0.05)
        return NOT_SUPPORTED;
    return CANNOT_TELL;
}

void sec_h3(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = { 0 };
    enum verdict v[64];
    struct table *t;
    int after = 0;

    doc_heading(r->doc, "H3: KL is held down on-task and drifts off-task");
    if (d->n_arms < 2 || !d->n_on || d->n_tasks == d->n_on ||
        !data_count(d, KLS)) {
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
                   "Welch 95% interval, p of a larger mean, the difference "
                   "found with 80% power, variance ratio over seeds and its "
                   "one-sided F test.",
                   "<arm|<KL|seeds|arm|reference|difference|95% interval|p|"
                   "at 80%|ratio s2|p F");
    for (int a = 0; a < d->n_arms && a < 64; a++) {
        if (a == d->reference)
            continue;
        if (after++)
            table_rule(t);
        v[a] = arm_rows(r, t, a, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms && a < 64; a++)
        if (a != d->reference)
            doc_note(r->doc, "H3, %s against %s: %s.", data_arm(d, a),
                     data_arm(d, d->reference), verdict_words(v[a]));
}
