/* sec_variance - spread over training seeds, with and without the sampling
 * noise of the evaluation
 */
#include <math.h>
#include <stdio.h>
#include "../stat/describe.h"
#include "../stat/evaluate.h"
#include "../stat/vartest.h"
#include "cells.h"
#include "sections.h"

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    struct series j = data_series(d, SCORES, d->arm[arm], d->task[task], S_J);
    struct series v = data_series(d, SCORES, d->arm[arm], d->task[task],
                                  S_VAR_EVAL);
    struct vartest_ci s2 = vartest_chi2(j.v, j.n, 0.95);
    const char *no_s2 = j.n < 2 ? "fewer than two seeds" : NULL;
    const char *no_v = v.n && v.n == j.n ? NULL : "one sample of a question";
    double noise = v.n ? desc_mean(v.v, v.n) : 0;
    double seed = eval_var_seed(s2.var, noise);
    char at[160];

    snprintf(at, sizeof at, "%.75s %.75s", data_task(d, task),
             data_arm(d, arm));
    table_cell(t, "%s", data_task(d, task));
    table_cell(t, "%s", task < d->n_on ? "on" : "off");
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%zu", j.n);
    /* points of accuracy: 100 J */
    cell_num(t, "%.3f", 1e4 * s2.var, no_s2, why, at);
    cell_ci(t, "%.3g", 1e4 * s2.lo, 1e4 * s2.hi, no_s2 ? no_s2 : s2.why, why,
            at);
    cell_num(t, "%.3f", 1e4 * noise, no_v, why, at);
    cell_num(t, "%.3f", 1e4 * seed, no_s2 ? no_s2 : no_v, why, at);
    cell_num(t, "%.2f", 100 * sqrt(s2.var), no_s2, why, at);
    cell_num(t, "%.2f", 100 * sqrt(seed), no_s2 ? no_s2 : no_v, why, at);
    series_free(&j);
    series_free(&v);
}

void sec_variance(const struct report *r)
{
    struct reasons why = { 0 };
    struct table *t;

    doc_heading(r->doc, "Variance over training seeds");
    if (!data_count(r->d, SCORES)) {
        doc_para(r->doc, "No scores were given.");
        return;
    }
    t = table_open("variance",
                   "Variance of J over seeds in squared points of accuracy "
                   "(100 J): observed s2 with its chi-square interval, the "
                   "sampling part of it, and what is left for the seed.",
                   "<task|<role|<arm|n|s2|95% interval|sampling|seed|"
                   "sd obs.|sd seed");
    t->merge = 2;
    for (int k = 0; k < r->d->n_tasks; k++) {
        if (k && k == r->d->n_on)
            table_rule(t);
        for (int a = 0; a < r->d->n_arms; a++)
            row(r, t, k, a, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    doc_para(r->doc, "seed = max(0, s2 - sampling), sampling = mean over "
             "seeds of sum p(1-p)/(K-1)/n^2 with the questions fixed. All "
             "runs are evaluated with the same sampling seeds, so the "
             "sampling errors of similar policies are correlated and the "
             "correction may take away too much; the tests below use s2.");
}
