/* sec_findings - the page in a few lines: verdicts, learning, self-tests
 */
#include <stdio.h>
#include "../stat/ttest.h"
#include "cells.h"
#include "estimate.h"
#include "sections.h"

static void verdicts(const struct report *r)
{
    const struct data *d = r->d;
    struct table *t;
    char caption[480];

    if (d->n_arms < 2)
        return;
    snprintf(caption, sizeof caption,
             "The hypotheses, each arm against "
             "%.80s: H1 on-task accuracy is equivalent, H2 accuracy varies "
             "more over seeds off-task, H2-noise floating-point noise makes "
             "more of that variance, H3 KL grows off-task relative to "
             "on-task. Level %s over the %d tests together.",
             data_arm(d, d->reference), num("%.3g", r->v->alpha),
             r->v->n_tests);
    t = table_open("verdicts", caption, "<arm|<H1|<H2|<H2-noise|<H3");
    for (int a = 0; a < d->n_arms; a++) {
        if (a == d->reference)
            continue;
        table_cell(t, "%s", data_arm(d, a));
        for (int h = 0; h < N_HYPOTHESES; h++)
            table_cell(
                t, "%s",
                verdict_word(verdicts_get(r->v, a, (enum hypothesis)h)->word));
    }
    doc_table(r->doc, t);
    note_directions(r);
}

/* "+0.1988 +0.1926 +0.2050": change of the mean J over some tasks. */
static void change(const struct report *r, struct table *t, int arm,
                   const long *tasks, int n, struct reasons *why)
{
    const struct data *d = r->d;
    struct ttest ci = estimate_delta_j(d, d->arm[arm], tasks, n);
    const char *at = data_arm(d, arm);
    const char *no = !n      ? "no such task"
                     : ci.n1 ? NULL
                             : "no scores of the arm and the base";

    cell_num(t, "%+.4f", ci.est, no, why, at);
    cell_ci(t, "%+.4f", ci.lo, ci.hi, no ? no : ci.why, why, at);
}

static void kl_cell(const struct report *r, struct table *t, int arm,
                    const long *tasks, int n, struct reasons *why)
{
    struct series x = data_mean(r->d, KLS, r->d->arm[arm], tasks, n, K_TOKEN);
    struct ttest m = ttest_one(x.v, x.n, 0.95);

    cell_num(t, "%.2e", m.est,
             x.n ? NULL
             : n ? "no KL scores"
                 : "no such task",
             why, data_arm(r->d, arm));
    series_free(&x);
}

static void numbers(const struct report *r)
{
    const struct data *d = r->d;
    const long *off = d->task + d->n_on;
    int n_off = d->n_tasks - d->n_on;
    struct reasons why = {0};
    struct table *t = table_open(
        "findings",
        "Mean over the on-tasks and over the off-tasks: change of "
        "accuracy from the base model (dJ), KL to it in nats a token; fraction "
        "of weights that stayed the same.",
        "<arm|dJ on|on lo|on hi|dJ off|off lo|off hi|KL on|KL off|same");

    for (int a = 0; a < d->n_arms; a++) {
        struct series s = data_weights(d, SPARSITIES, d->arm[a], SCOPE_TOTAL,
                                       -1, P_BF16);
        struct ttest m = ttest_one(s.v, s.n, 0.95);

        table_cell(t, "%s", data_arm(d, a));
        change(r, t, a, d->task, d->n_on, &why);
        change(r, t, a, off, n_off, &why);
        kl_cell(r, t, a, d->task, d->n_on, &why);
        kl_cell(r, t, a, off, n_off, &why);
        cell_num(t, "%.3f", m.est, s.n ? NULL : "no sparsity records", &why,
                 data_arm(d, a));
        series_free(&s);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
}

void sec_findings(const struct report *r)
{
    struct names why = {0};
    int passed, failed;
    struct table *t = selftest_table(r, &passed, &failed, &why);

    table_close(&t);
    doc_heading(r->doc, "Findings");
    if (r->s->synthetic)
        doc_note(r->doc, "The tasks are synthetic stand-ins: small problems "
                         "generated from a seed under the names of the real "
                         "benchmarks. The numbers say nothing about those "
                         "benchmarks.");
    for (size_t i = 0; i < why.n; i++)
        doc_note(r->doc, "A self-test failed: %s.", why.v[i]);
    numbers(r);
    verdicts(r);
    doc_para(r->doc, "Self-tests of the instrument: %d passed, %d failed.",
             passed, failed);
    names_free(&why);
}
