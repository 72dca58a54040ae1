/* sec_h2 - does off-task accuracy vary more over seeds in an arm, and how much
 * of that is floating-point noise?
 */
#include "../stat/vartest.h"
#include "cells.h"
#include "estimate.h"
#include "rows.h"
#include "sections.h"

static const char *not_testable(const struct report *r)
{
    const struct data *d = r->d;

    return d->n_arms < 2           ? "two arms"
           : d->n_tasks == d->n_on ? "an off-task"
           : data_count(d, SCORES) ? NULL
                                   : "scores";
}

static void row(const struct report *r, struct table *t, int arm, int task,
                struct reasons *why)
{
    const struct data *d = r->d;
    long ref = d->arm[d->reference], k = d->task[task];
    struct series x = data_series(d, SCORES, d->arm[arm], k, S_J);
    struct series y = data_series(d, SCORES, ref, k, S_J);
    struct vartest_f f = vartest_f(x.v, x.n, y.v, y.n, 0.95);
    struct vartest_bf b = vartest_brown_forsythe(x.v, x.n, y.v, y.n);
    const char *no_s2 = x.n < 2 || y.n < 2 ? f.why : NULL;
    const char *no_bf = x.n < 10 || y.n < 10
                            ? "no evidence from fewer than ten seeds"
                            : b.why;
    char at[ROW_NAME];

    row_name(at, data_task(d, task), data_arm(d, arm));
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%s", data_task(d, task));
    table_cell(t, "%s", row_role(d, task));
    table_cell(t, "%s", task < d->n_on || r->v->left_out[task] ? "no" : "yes");
    cell_num(t, "%.3f", 1e4 * f.var_x, no_s2, why, at);
    cell_num(t, "%.3f", 1e4 * f.var_y, no_s2, why, at);
    cell_num(t, "%.3g", f.ratio, f.why, why, at);
    cell_ci(t, "%.3g", f.lo, f.hi, f.why, why, at);
    cell_p(t, f.p_greater, f.why, why, at);
    cell_p(t, b.p_greater, no_bf, why, no_bf == b.why ? at : "p BF");
    series_free(&x);
    series_free(&y);
}

static void left_out(const struct report *r)
{
    struct buf b = {0};

    for (int k = r->d->n_on; k < r->d->n_tasks; k++)
        if (r->v->left_out[k])
            buf_printf(&b, "%s%s (%s)", b.n ? "; " : "", data_task(r->d, k),
                       r->v->left_out[k]);
    if (b.n)
        doc_para(r->doc, "Left out, since they can tell nothing: %s.",
                 buf_str(&b));
    buf_free(&b);
}

void sec_h2(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = {0};
    struct table *t;

    doc_heading(r->doc, "H2: off-task accuracy varies more over seeds");
    if (not_testable(r)) {
        doc_para(r->doc, "Not tested: it takes %s.", not_testable(r));
        return;
    }
    doc_para(r->doc,
             "Test: the labels arm and reference are exchanged within "
             "seeds, in all 2^S ways. The statistic is the mean over off-tasks "
             "of the difference of variances over seeds; values are centred "
             "at their arm's median, and the variance that sampling adds, "
             "which depends on J itself, is subtracted. Each direction has "
             "half the level. The interval of the ratio is the set of ratios "
             "that the same test does not reject. An off-task at which base "
             "and reference are at chance or at the ceiling (within two "
             "standard errors), or at which the reference does not vary, is "
             "left out.");
    left_out(r);
    t = table_open("h2",
                   "Variance over seeds of a seed's mean J (squared "
                   "points), task by task, for orientation: one-sided p of a "
                   "larger variance by F, which assumes normal values, and by "
                   "Brown-Forsythe (BF). The verdict rests on the tasks that "
                   "count, together.",
                   "<arm|<task|<role|<counts|s2 arm|s2 ref|ratio|95% lo|"
                   "95% hi|p F|p BF");
    t->merge = 1;
    for (int a = 0; a < d->n_arms; a++) {
        if (a == d->reference)
            continue;
        if (t->n_rows > 1)
            table_rule(t);
        for (int k = 0; k < d->n_tasks; k++)
            row(r, t, a, k, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note_finding(r, a, H2);
}

static void component_cells(struct table *t, struct components c,
                            struct reasons *why, const char *at)
{
    const char *no = c.has_seed ? NULL : "fewer than two samples or seeds";

    table_cell(t, "%zu", c.n_seeds);
    table_cell(t, "%zu", c.n_draws);
    cell_num(t, "%.3f", 1e4 * c.seed, no, why, at);
    cell_ci(t, "%.3f", 1e4 * c.seed_lo, 1e4 * c.seed_hi,
            no              ? no
            : c.has_seed_ci ? NULL
                            : "zero variance",
            why, at);
    cell_num(t, "%+.3f", 1e4 * c.noise, no, why, at);
    cell_num(t, "%.3f", 1e4 * c.sampling, c.has_sampling ? NULL : no, why, at);
}

static void component_row(const struct report *r, struct table *t, int task,
                          int arm, struct reasons *why)
{
    const struct data *d = r->d;
    char at[ROW_NAME];

    row_task_role_arm(t, d, task, arm, at);
    component_cells(t, estimate_components(d, d->arm[arm], &d->task[task], 1),
                    why, at);
}

/* The off-tasks kept, where their mean has an interval. */
static void component_mean_row(const struct report *r, struct table *t, int arm,
                               struct reasons *why)
{
    const char *name = data_arm(r->d, arm);
    struct components c = estimate_components(r->d, r->d->arm[arm], r->v->off,
                                              r->v->n_off);
    char at[ROW_NAME];

    if (r->v->n_off < 2 || !c.has_seed_ci)
        return;
    row_name(at, "mean of off", name);
    table_cell(t, "mean of off");
    table_cell(t, "off");
    table_cell(t, "%s", name);
    component_cells(t, c, why, at);
}

/* One group of tasks of an arm: where the variance of J comes from. */
static void noise_row(const struct report *r, struct table *t, int arm,
                      const char *name, const long *tasks, int n,
                      struct reasons *why)
{
    struct components c = estimate_components(r->d, r->d->arm[arm], tasks, n);
    double share = estimate_noise_share(&c);
    const char *no_noise = c.n_draws < 2 ? "one noise draw of a seed"
                           : c.has_noise ? NULL
                                         : "one sample of a question";
    char at[ROW_NAME];

    row_name(at, name, data_arm(r->d, arm));
    table_cell(t, "%s", name);
    table_cell(t, "%s", data_arm(r->d, arm));
    table_cell(t, "%zu", c.n_seeds);
    table_cell(t, "%zu", c.n_draws);
    cell_num(t, "%.3f", 1e4 * c.seed, c.has_seed ? NULL : no_noise, why, at);
    cell_num(t, "%+.3f", 1e4 * c.noise, no_noise, why, at);
    cell_num(t, "%.3f", 1e4 * c.noise_se, no_noise, why, at);
    cell_ci(t, "%+.3f", 1e4 * c.noise_lo, 1e4 * c.noise_hi,
            no_noise         ? no_noise
            : c.has_noise_ci ? NULL
                             : "fewer than four tasks, too skewed for t",
            why, at);
    cell_num(t, "%.3f", 1e4 * c.sampling,
             c.has_sampling ? NULL : "one sample of a question", why, at);
    cell_num(t, "%.2f", share,
             share >= 0 ? NULL
             : no_noise ? no_noise
                        : "no variance between seeds",
             why, at);
}

/* The components of each task, and of the mean where it has an interval. */
static void components(const struct report *r, struct reasons *why)
{
    const struct data *d = r->d;
    struct table *t = table_open(
        "components",
        "Variance of J by task (squared points): between seeds with its "
        "interval, which assumes normal values; between noise draws of a seed; "
        "and what sampling adds to one draw.",
        "<task|<role|<arm|seeds|draws|seed|seed 95% lo|seed 95% hi|noise|"
        "sampling");

    for (int k = 0; k < d->n_tasks; k++)
        for (int a = 0; a < d->n_arms; a++)
            if (data_draws(d, SCORES, d->arm[a]) > 1)
                component_row(r, t, k, a, why);
    for (int a = 0; a < d->n_arms; a++)
        component_mean_row(r, t, a, why);
    if (t->n_rows)
        doc_table_aside(r->doc, t);
    else
        table_close(&t);
}

void sec_h2_noise(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = {0};
    struct table *t;

    doc_heading(r->doc, "H2-noise: more of the variance is floating-point "
                        "noise");
    if (not_testable(r)) {
        doc_para(r->doc, "Not tested: it takes %s.", not_testable(r));
        return;
    }
    doc_para(r->doc,
             "A seed is trained several times, with other orders of "
             "its floating-point sums (noise draws). The noise variance of a "
             "seed is the sum over draws of the product of two deviations from "
             "the seed's mean J, on the even and on the odd samples of each "
             "question, by draws - 1: unbiased, and free of sampling, because "
             "the halves are independent. Test: the exchange test of H2 on "
             "these estimates, arm against the reference under its own draws.");
    t = table_open(
        "noise",
        "Variance of J (squared points), mean over tasks: "
        "between seeds, between noise draws of a seed with its "
        "standard error and t interval over seeds, and what sampling "
        "adds to one draw; noise as a share of noise and seed.",
        "<tasks|<arm|seeds|draws|seed|noise|noise se|95% lo|"
        "95% hi|sampling|share");
    t->merge = 1;
    for (int a = 0; a < d->n_arms && d->n_on; a++)
        noise_row(r, t, a, "on", d->task, d->n_on, &why);
    table_rule(t);
    for (int a = 0; a < d->n_arms && r->v->n_off; a++)
        noise_row(r, t, a, "off", r->v->off, r->v->n_off, &why);
    doc_table(r->doc, t);
    components(r, &why);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note_finding(r, a, H2_NOISE);
}
