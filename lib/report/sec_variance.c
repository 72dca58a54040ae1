/* sec_variance - spread over training seeds, task by task */
#include <math.h>
#include "cells.h"
#include "estimate.h"
#include "rows.h"
#include "sections.h"

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    struct components c = estimate_components(d, d->arm[arm], &d->task[task],
                                              1);
    const char *no_s2 = c.has_total ? NULL : "fewer than two seeds";
    const char *no_v = c.has_sampling ? NULL : "one sample of a question";
    char at[ROW_NAME];

    row_task_role_arm(t, d, task, arm, at);
    table_cell(t, "%zu", c.n_seeds);
    table_cell(t, "%zu", c.n_draws);
    /* points of accuracy: 100 J */
    cell_num(t, "%.3f", 1e4 * c.total, no_s2, why, at);
    cell_ci(t, "%.3g", 1e4 * c.lo, 1e4 * c.hi,
            no_s2      ? no_s2
            : c.has_ci ? NULL
                       : "zero variance",
            why, at);
    cell_num(t, "%.2f", 100 * sqrt(c.total), no_s2, why, at);
    cell_num(t, "%.3f", 1e4 * c.sampling, no_v, why, at);
}

/* The base was evaluated once, not once for each seed. */
static int one_stream(const struct data *d)
{
    double v;

    return d->base >= 0 && d->n_tasks &&
           data_at(d, SCORES, d->base, d->task[0], -1, 0, S_J, &v);
}

void sec_variance(const struct report *r)
{
    struct reasons why = {0};
    struct table *t;

    doc_heading(r->doc, "Variance over training seeds");
    if (!data_count(r->d, SCORES)) {
        doc_para(r->doc, "No scores were given.");
        return;
    }
    t = table_open(
        "variance",
        "Variance over seeds of a seed's J, its mean over noise "
        "draws, in squared points of accuracy (100 J), with its "
        "chi-square interval, which assumes normal values; its root; "
        "and the variance that sampling adds to one draw.",
        "<task|<role|<arm|seeds|draws|s2|95% lo|95% hi|sd|"
        "sampling");
    t->merge = 2;
    for (int k = 0; k < r->d->n_tasks; k++) {
        if (k && k == r->d->n_on)
            table_rule(t);
        for (int a = 0; a < r->d->n_arms; a++)
            row(r, t, k, a, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    doc_para(
        r->doc,
        "sampling = mean over seeds of sum p(1-p)/(K-1)/n^2 with "
        "the questions fixed. %s",
        one_stream(r->d)
            ? "Every run was evaluated with the same stream of random "
              "numbers, so that the sampling errors of seeds are not "
              "independent: intervals over seeds are narrower than they "
              "claim."
            : "A training seed has an evaluation stream of its own, the same "
              "for every arm, draw and the base.");
}
