/* sec_h2 - does off-task accuracy vary more over seeds in an arm? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/boot.h"
#include "../stat/power.h"
#include "../stat/vartest.h"
#include "cells.h"
#include "sections.h"

/* The least ratio that the design finds with 80% power must be at most this
 * for the absence of a finding to count against H2. */
static const double DECISIVE_RATIO = 4;

struct pair {
    struct series x, y; /* arm and reference */
};

static struct pair pair_of(const struct data *d, int arm, int task)
{
    struct pair p = {
        data_series(d, SCORES, d->arm[arm], d->task[task], S_J),
        data_series(d, SCORES, d->arm[d->reference], d->task[task], S_J),
    };

    return p;
}

static void pair_free(struct pair *p)
{
    series_free(&p->x);
    series_free(&p->y);
}

static int same_seeds(const struct pair *p)
{
    return p->x.n == p->y.n &&
           (!p->x.n || !memcmp(p->x.seed, p->y.seed,
                               p->x.n * sizeof *p->x.seed));
}

static void row(const struct report *r, struct table *t, int arm, int task,
                double holm, const char *no_holm, struct reasons *why)
{
    struct pair p = pair_of(r->d, arm, task);
    struct vartest_f f = vartest_f(p.x.v, p.x.n, p.y.v, p.y.n, 0.95);
    struct vartest_bf b = vartest_brown_forsythe(p.x.v, p.x.n, p.y.v, p.y.n);
    struct vartest_perm q = vartest_permutation(p.x.v, p.x.n, p.y.v, p.y.n,
                                                BOOT_SEED);
    struct vartest_pm m = { .why = "arms have different seeds" };
    const char *no_s2 = p.x.n < 2 || p.y.n < 2 ? f.why : NULL;
    const char *at = data_task(r->d, task);

    if (same_seeds(&p))
        m = vartest_pitman_morgan(p.x.v, p.y.v, p.x.n);
    table_cell(t, "%s", data_task(r->d, task));
    table_cell(t, "%s", task < r->d->n_on ? "on" : "off");
    cell_num(t, "%.3f", 1e4 * f.var_x, no_s2, why, at);
    cell_num(t, "%.3f", 1e4 * f.var_y, no_s2, why, at);
    cell_num(t, "%.3g", f.ratio, f.why, why, at);
    cell_ci(t, "%.3g", f.lo, f.hi, f.why, why, at);
    cell_p(t, f.p_greater, f.why, why, at);
    if (task < r->d->n_on)
        table_cell(t, "-");
    else
        cell_p(t, holm, no_holm, why, at);
    cell_p(t, b.p_greater, b.why, why, at);
    cell_p(t, q.p_greater, q.why, why, at);
    cell_p(t, m.p_greater, m.why, why, at);
    pair_free(&p);
}

static void arm_table(const struct report *r, int arm)
{
    const struct data *d = r->d;
    double *p = xcalloc((size_t)d->n_tasks + 1, sizeof *p);
    double *holm = xcalloc((size_t)d->n_tasks + 1, sizeof *holm);
    struct reasons why = { 0 };
    struct table *t;
    char name[160], caption[400];

    for (int k = d->n_on; k < d->n_tasks; k++) {
        struct pair x = pair_of(d, arm, k);
        struct vartest_f f = vartest_f(x.x.v, x.x.n, x.y.v, x.y.n, 0.95);

        p[k] = f.why ? -1 : f.p_greater;
        pair_free(&x);
    }
    power_holm(p + d->n_on, (size_t)(d->n_tasks - d->n_on), holm + d->n_on);
    snprintf(name, sizeof name, "h2_%.140s", data_arm(d, arm));
    snprintf(caption, sizeof caption, "Variance of J over seeds (squared "
             "points), %.80s against %.80s; one-sided p of a larger variance: "
             "F, F after Holm over off-tasks, Brown-Forsythe (BF), "
             "permutation, Pitman-Morgan on paired seeds (PM).",
             data_arm(d, arm), data_arm(d, d->reference));
    t = table_open(name, caption, "<task|<role|s2 arm|s2 ref|ratio|"
                   "95% interval (F)|p F|Holm|p BF|p perm|p PM");
    for (int k = 0; k < d->n_tasks; k++) {
        if (k && k == d->n_on)
            table_rule(t);
        row(r, t, arm, k, holm[k], p[k] < 0 ? "zero variance in an arm or "
            "too few seeds" : NULL, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    free(p);
    free(holm);
}

struct pooled {
    struct boot b;
    struct vartest_perm q;
    size_t nx, ny;
};

static struct pooled pooled_of(const struct data *d, int arm)
{
    const long *off = d->task + d->n_on;
    int n = d->n_tasks - d->n_on;
    struct pooled p;
    double *x = data_matrix(d, SCORES, d->arm[arm], off, n, S_J, &p.nx);
    double *y = data_matrix(d, SCORES, d->arm[d->reference], off, n, S_J,
                            &p.ny);

    p.b = boot_log_var_ratio(x, p.nx, y, p.ny, (size_t)n, 0.95, BOOT_SEED);
    p.q = vartest_permutation_tasks(x, p.nx, y, p.ny, (size_t)n, BOOT_SEED);
    free(x);
    free(y);
    return p;
}

static enum verdict judge(const struct pooled *p)
{
    if (p->q.why)
        return CANNOT_TELL;
    if (p->q.p_greater < 0.05)
        return SUPPORTED;
    if (p->q.p_less < 0.05 ||
        power_f_ratio(p->nx, p->ny, 0.05, 0.8) <= DECISIVE_RATIO)
        return NOT_SUPPORTED;
    return CANNOT_TELL;
}

static int testable(const struct report *r)
{
    return r->d->n_arms > 1 && r->d->n_tasks > r->d->n_on &&
           data_count(r->d, SCORES);
}

enum verdict h2_verdict(const struct report *r, int arm)
{
    struct pooled p;

    if (!testable(r))
        return NOT_TESTED;
    p = pooled_of(r->d, arm);
    return judge(&p);
}

static void note(const struct report *r, int arm)
{
    struct pooled p = pooled_of(r->d, arm);
    struct buf b = { 0 };

    if (p.q.why)
        buf_printf(&b, "not computable, %s", p.q.why);
    else
        buf_printf(&b, "permutation %s of a larger variance", p_is(p.q.p_greater));
    if (!p.q.why)
        buf_printf(&b, " and %s of a smaller one; ", p_is(p.q.p_less));
    if (!p.q.why && !p.b.why)
        buf_printf(&b, "pooled variance ratio %s; ",
                   num("%.3g", exp(p.b.est)));
    if (!p.q.why)
        buf_printf(&b, "one F test needs a true ratio of %s for 80%% power",
                   num("%.1f", power_f_ratio(p.nx, p.ny, 0.05, 0.8)));
    doc_note(r->doc, "H2, %s against %s: %s (%s).", data_arm(r->d, arm),
             data_arm(r->d, r->d->reference), verdict_words(judge(&p)),
             buf_str(&b));
    buf_free(&b);
}

static void pooled_row(const struct report *r, struct table *t, int arm,
                       struct reasons *why)
{
    struct pooled p = pooled_of(r->d, arm);
    const char *at = data_arm(r->d, arm);

    table_cell(t, "%s", at);
    table_cell(t, "%zu+%zu", p.nx, p.ny);
    table_cell(t, "%zu", p.b.n_tasks);
    cell_num(t, "%.3g", exp(p.b.est), p.b.why, why, at);
    cell_ci(t, "%.3g", exp(p.b.lo), exp(p.b.hi), p.b.why, why, at);
    cell_p(t, p.q.p_greater, p.q.why, why, at);
    cell_p(t, p.q.p_less, p.q.why, why, at);
    if (p.q.why)
        table_cell(t, "-");
    else
        table_cell(t, "%s %u", p.q.exact ? "all" : "random", p.q.n_splits);
    if (p.nx >= 2 && p.ny >= 2)
        table_cell(t, "%s", num("%.1f", power_f_ratio(p.nx, p.ny, 0.05,
                                                      0.8)));
    else
        table_cell(t, "-");
}

void sec_h2(const struct report *r)
{
    const struct data *d = r->d;
    struct reasons why = { 0 };
    struct table *t;

    doc_heading(r->doc, "H2: off-task accuracy varies more over seeds");
    if (!testable(r)) {
        doc_para(r->doc, "Not tested: it takes %s.",
                 d->n_arms < 2           ? "two arms"
                 : d->n_tasks == d->n_on ? "an off-task"
                                         : "scores");
        return;
    }
    doc_para(r->doc, "Test: permutation of whole seeds between the arms on "
             "median-centred J, all off-tasks moved together because the tasks "
             "of a seed share a checkpoint; its statistic is the mean over "
             "tasks of (v - v_ref)/(v + v_ref). Rule: supported if its "
             "one-sided p < 0.05; not supported if the variance is smaller at "
             "that level, or if nothing is found though the design has 80%% "
             "power for a true ratio of %g; else cannot tell at this power. "
             "Tests of single tasks, and the pooled ratio, are given beside "
             "it.", DECISIVE_RATIO);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            arm_table(r, a);
    t = table_open("h2_pooled", "Pooled over off-tasks: geometric mean of the "
                   "variance ratios with a bootstrap over whole seeds (too "
                   "narrow with few seeds), permutation p of a larger and of a "
                   "smaller variance, and the true ratio that one F test finds "
                   "with 80% power.",
                   "<arm|seeds|tasks|ratio|95% bootstrap|p larger|p smaller|"
                   "splits|ratio at 80%");
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            pooled_row(r, t, a, &why);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    for (int a = 0; a < d->n_arms; a++)
        if (a != d->reference)
            note(r, a);
}
