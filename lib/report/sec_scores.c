/* sec_scores - accuracy before and after training */
#include <stdlib.h>
#include "../stat/describe.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "estimate.h"
#include "rows.h"
#include "sections.h"

static void score_row(const struct report *r, struct table *t, int task,
                      int arm, struct reasons *why)
{
    const struct data *d = r->d;
    struct series j = data_series(d, SCORES, d->arm[arm], d->task[task], S_J);
    struct ttest ci = ttest_one(j.v, j.n, 0.95);
    struct ttest delta = estimate_delta_j(d, d->arm[arm], &d->task[task], 1);
    double base;
    int has = data_one(d, SCORES, d->base, d->task[task], S_J, &base);
    const char *no_j = j.n ? NULL : "no scores";
    const char *no_base = no_j       ? no_j
                          : delta.n1 ? NULL
                                     : "no score of the base";
    char at[ROW_NAME];

    row_task_role_arm(t, d, task, arm, at);
    table_cell(t, "%zu", j.n);
    table_cell(t, "%s", has ? num("%.4f", base) : "-");
    cell_num(t, "%.4f", ci.est, no_j, why, at);
    cell_ci(t, "%.4f", ci.lo, ci.hi, ci.why, why, at);
    cell_num(t, "%+.4f", delta.est, no_base, why, at);
    cell_ci(t, "%+.4f", delta.lo, delta.hi, no_base ? no_base : delta.why, why,
            at);
    series_free(&j);
}

/* Mean over the off-tasks of each seed. */
static void mean_row(const struct report *r, struct table *t, int arm,
                     struct reasons *why)
{
    const struct data *d = r->d;
    const long *off = d->task + d->n_on;
    int n = d->n_tasks - d->n_on;
    struct series j = data_mean(d, SCORES, d->arm[arm], off, n, S_J);
    struct series b = {0};
    struct ttest ci = ttest_one(j.v, j.n, 0.95);
    struct ttest delta = estimate_delta_j(d, d->arm[arm], off, n);
    const char *no_j = j.n ? NULL : "no seed has every off-task";
    const char *no_base = no_j       ? no_j
                          : delta.n1 ? NULL
                                     : "no score of the base";

    if (d->base >= 0)
        b = data_mean(d, SCORES, d->base, off, n, S_J);
    table_cell(t, "mean of off");
    table_cell(t, "off");
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%zu", j.n);
    table_cell(t, "%s", b.n ? num("%.4f", desc_mean(b.v, b.n)) : "-");
    cell_num(t, "%.4f", ci.est, no_j, why, "mean of off");
    cell_ci(t, "%.4f", ci.lo, ci.hi, ci.why, why, "mean of off");
    cell_num(t, "%+.4f", delta.est, no_base, why, "mean of off");
    cell_ci(t, "%+.4f", delta.lo, delta.hi, no_base ? no_base : delta.why, why,
            "mean of off");
    series_free(&j);
    series_free(&b);
}

static void scores(const struct report *r)
{
    struct reasons why = {0};
    struct table *t = table_open(
        "scores",
        "Accuracy J over training seeds, and its change from the "
        "base model under the same evaluation stream; 95% t intervals over "
        "seeds.",
        "<task|<role|<arm|n|J base|J|J lo|J hi|dJ|dJ lo|dJ hi");

    t->merge = 2;
    for (int k = 0; k < r->d->n_tasks; k++) {
        if (k && k == r->d->n_on)
            table_rule(t);
        for (int a = 0; a < r->d->n_arms; a++)
            score_row(r, t, k, a, &why);
    }
    if (r->d->n_tasks - r->d->n_on > 1) {
        table_rule(t);
        for (int a = 0; a < r->d->n_arms; a++)
            mean_row(r, t, a, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

/* Mean over seeds of a field of an arm (or of the base). */
static void field_cell(const struct report *r, struct table *t, long arm,
                       int task, int field, const char *fmt)
{
    struct series s = data_series(r->d, SCORES, arm, r->d->task[task], field);

    table_cell(t, "%s", s.n ? num(fmt, desc_mean(s.v, s.n)) : "-");
    series_free(&s);
}

static void answers(const struct report *r)
{
    const struct data *d = r->d;
    struct table *t = table_open(
        "answers",
        "What the answers are like (mean over seeds): fraction "
        "well-formed, accuracy J, accuracy among the well-formed ones, tokens, "
        "fraction cut at the length limit, and pass@n with n samples a "
        "question.",
        "<task|<model|well-formed|J|J well-formed|tokens|cut|n|pass@n");

    t->merge = 1;
    for (int k = 0; k < d->n_tasks; k++) {
        if (k && k == d->n_on)
            table_rule(t);
        for (int a = d->base >= 0 ? -1 : 0; a < d->n_arms; a++) {
            long arm = a < 0 ? d->base : d->arm[a];

            table_cell(t, "%s", data_task(d, k));
            table_cell(t, "%s", a < 0 ? "base" : data_arm(d, a));
            field_cell(r, t, arm, k, S_FORMED, "%.3f");
            field_cell(r, t, arm, k, S_J, "%.4f");
            field_cell(r, t, arm, k, S_ACC_FORMED, "%.4f");
            field_cell(r, t, arm, k, S_LENGTH, "%.1f");
            field_cell(r, t, arm, k, S_LIMIT, "%.3f");
            field_cell(r, t, arm, k, S_N, "%.0f");
            field_cell(r, t, arm, k, S_PASS_N, "%.4f");
        }
    }
    doc_table(r->doc, t);
}

/* P(x > y): mean over tasks of the share of pairs of seeds with x above y, ties
 * counted half (rliable, arXiv 2108.13264). Task-major, n tasks. */
static double improvement(const double *x, size_t nx, const double *y,
                          size_t ny, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < nx; i++)
            for (size_t j = 0; j < ny; j++) {
                double a = x[k * nx + i], b = y[k * ny + j];

                sum += a > b ? 1 : a == b ? 0.5 : 0;
            }
    return nx && ny ? sum / ((double)nx * (double)ny * (double)n) : 0;
}

static void aggregates(const struct report *r)
{
    const struct data *d = r->d;
    const long *off = d->task + d->n_on;
    int n = d->n_tasks - d->n_on;
    size_t n_ref;
    double *ref = data_matrix(d, SCORES, d->arm[d->reference], off, n, S_J,
                              &n_ref);
    struct reasons why = {0};
    struct table *t = table_open(
        "aggregates",
        "Over all off-tasks: interquartile mean of J, and the "
        "probability that a seed of the arm scores above one of the "
        "reference. Without intervals: a bootstrap of so few seeds does not "
        "cover what it says.",
        "<arm|seeds|IQM|P(arm > reference)");

    for (int a = 0; a < d->n_arms; a++) {
        size_t m;
        double *x = data_matrix(d, SCORES, d->arm[a], off, n, S_J, &m);

        table_cell(t, "%s", data_arm(d, a));
        table_cell(t, "%zu", m);
        cell_num(t, "%.4f", m ? desc_iqm(x, m * (size_t)n) : 0,
                 m ? NULL : "no seed has every off-task", &why, data_arm(d, a));
        if (a == d->reference)
            table_cell(t, "-");
        else
            cell_num(t, "%.3f", improvement(x, m, ref, n_ref, (size_t)n),
                     m && n_ref ? NULL : "no seed has every off-task", &why,
                     data_arm(d, a));
        free(x);
    }
    free(ref);
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

void sec_scores(const struct report *r)
{
    doc_heading(r->doc, "Accuracy");
    if (data_count(r->d, METRICS))
        doc_plot(r->doc, "reward",
                 "Mean reward of the rollouts of each "
                 "training step, by arm: mean over seeds, band from the least "
                 "to the greatest seed.");
    if (!data_count(r->d, SCORES)) {
        doc_para(r->doc, "No scores were given.");
        return;
    }
    scores(r);
    doc_plot(r->doc, "delta_j",
             "Change of J from the base model: a dot for "
             "each seed, the mean and its 95% interval.");
    answers(r);
    if (r->d->n_tasks > r->d->n_on)
        aggregates(r);
}
