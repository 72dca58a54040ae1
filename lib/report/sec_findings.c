/* sec_findings - the page in a few lines: verdicts, learning, self-tests
 */
#include <stdio.h>
#include "../stat/ttest.h"
#include "cells.h"
#include "sections.h"

static void verdicts(const struct report *r)
{
    const struct data *d = r->d;
    struct table *t;
    char caption[256];

    if (d->n_arms < 2)
        return;
    snprintf(caption, sizeof caption, "The hypotheses, each arm against "
             "%.80s: H1 on-task accuracy is equivalent, H2 off-task variance "
             "is larger, H3 KL drifts off-task.", data_arm(d, d->reference));
    t = table_open("verdicts", caption, "<arm|<H1|<H2|<H3");
    for (int a = 0; a < d->n_arms; a++) {
        if (a == d->reference)
            continue;
        table_cell(t, "%s", data_arm(d, a));
        table_cell(t, "%s", verdict_words(h1_verdict(r, a)));
        table_cell(t, "%s", verdict_words(h2_verdict(r, a)));
        table_cell(t, "%s", verdict_words(h3_verdict(r, a)));
    }
    doc_table(r->doc, t);
}

/* "+0.1988 [+0.1926, +0.2050]": change of the mean J over some tasks. */
static void change(const struct report *r, struct table *t, int arm,
                   const long *tasks, int n, struct reasons *why)
{
    const struct data *d = r->d;
    struct series j = data_mean(d, SCORES, d->arm[arm], tasks, n, S_J);
    struct series b = { 0 };
    struct ttest ci = ttest_one(j.v, j.n, 0.95);
    const char *at = data_arm(d, arm);
    const char *no;

    if (d->base >= 0)
        b = data_mean(d, SCORES, d->base, tasks, n, S_J);
    no = !n ? "no such task" : !j.n ? "no scores"
         : !b.n ? "no score of the base" : NULL;
    cell_num(t, "%+.4f", no ? 0 : ci.est - b.v[0], no, why, at);
    cell_ci(t, "%+.4f", no ? 0 : ci.lo - b.v[0], no ? 0 : ci.hi - b.v[0],
            no ? no : ci.why, why, at);
    series_free(&j);
    series_free(&b);
}

static void kl_cell(const struct report *r, struct table *t, int arm,
                    const long *tasks, int n, struct reasons *why)
{
    struct series x = data_mean(r->d, KLS, r->d->arm[arm], tasks, n, K_TOKEN);
    struct ttest m = ttest_one(x.v, x.n, 0.95);

    cell_num(t, "%.2e", m.est, x.n ? NULL : n ? "no KL scores"
             : "no such task", why, data_arm(r->d, arm));
    series_free(&x);
}

static void numbers(const struct report *r)
{
    const struct data *d = r->d;
    const long *off = d->task + d->n_on;
    int n_off = d->n_tasks - d->n_on;
    struct reasons why = { 0 };
    struct table *t = table_open(
        "findings", "Mean over the on-tasks and over the off-tasks: change of "
        "accuracy from the base model (dJ), KL to it in nats a token; fraction "
        "of weights that stayed the same.",
        "<arm|dJ on|95% interval|dJ off|95% interval|KL on|KL off|"
        "same");

    for (int a = 0; a < d->n_arms; a++) {
        struct series s = data_sparsity(d, d->arm[a], SCOPE_TOTAL, -1,
                                        P_BF16);
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
    struct names why = { 0 };
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
