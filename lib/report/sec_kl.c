/* sec_kl - divergence from the base model, on-task and off-task */
#include "../stat/describe.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "rows.h"
#include "sections.h"

static double mean_or_0(const struct series *s)
{
    return s->n ? desc_mean(s->v, s->n) : 0;
}

static void mean_cell(const struct report *r, struct table *t, int arm,
                      long task, int field, const char *fmt,
                      struct reasons *why, const char *at)
{
    struct series s = data_series(r->d, KLS, r->d->arm[arm], task, field);

    cell_num(t, fmt, mean_or_0(&s), s.n ? NULL : "not in the records", why, at);
    series_free(&s);
}

static void row(const struct report *r, struct table *t, int task, int arm,
                struct reasons *why)
{
    const struct data *d = r->d;
    long k = d->task[task];
    struct series x = data_series(d, KLS, d->arm[arm], k, K_TOKEN);
    struct ttest ci = ttest_one(x.v, x.n, 0.95);
    double floor_;
    int has = data_one(d, KLS, data_floor(d, arm), k, K_TOKEN, &floor_);
    char at[ROW_NAME];

    row_task_arm(t, d, task, arm, at);
    table_cell(t, "%zu", x.n);
    cell_num(t, "%.2e", ci.est, x.n ? NULL : "no KL scores", why, at);
    cell_ci(t, "%.2e", ci.lo, ci.hi, ci.why, why, at);
    mean_cell(r, t, arm, k, K_TOKEN_SE, "%.1e", why, at);
    mean_cell(r, t, arm, k, K_SEQ, "%.2e", why, at);
    mean_cell(r, t, arm, k, K_K3, "%.2e", why, at);
    table_cell(t, "%s", has ? num("%.1e", floor_) : "-");
    series_free(&x);
}

/* Mean over the tasks t[0..n) of each seed. */
static void mean_row(const struct report *r, struct table *t, int arm,
                     const char *name, const long *tasks, int n,
                     struct reasons *why)
{
    const struct data *d = r->d;
    struct series x = data_mean(d, KLS, d->arm[arm], tasks, n, K_TOKEN);
    struct series q = data_mean(d, KLS, d->arm[arm], tasks, n, K_SEQ);
    struct ttest ci = ttest_one(x.v, x.n, 0.95);

    table_cell(t, "%s", name);
    table_cell(t, "%s", data_arm(d, arm));
    table_cell(t, "%zu", x.n);
    cell_num(t, "%.2e", ci.est, x.n ? NULL : "no KL scores", why, name);
    cell_ci(t, "%.2e", ci.lo, ci.hi, ci.why, why, name);
    table_cell(t, "-");
    cell_num(t, "%.2e", mean_or_0(&q), q.n ? NULL : "not in the records", why,
             name);
    table_cell(t, "-");
    table_cell(t, "-");
    series_free(&x);
    series_free(&q);
}

void sec_kl(const struct report *r)
{
    const struct data *d = r->d;
    int n_off = d->n_tasks - d->n_on;
    struct reasons why = {0};
    struct table *t;

    doc_heading(r->doc, "KL to the base model");
    if (!data_count(d, KLS)) {
        doc_para(r->doc, "No KL scores were given.");
        return;
    }
    t = table_open("kl",
                   "KL(policy || base) in nats on the policy's own samples "
                   "(temperature 1, top-p 1), exact over the vocabulary: per "
                   "token, its interval over seeds, its standard error within "
                   "a run (clustered by question), per sequence; the k3 "
                   "estimate; the noise floor.",
                   "<task|<arm|n|per token|95% lo|95% hi|se run|"
                   "per seq.|k3|floor");
    t->merge = 1;
    for (int k = 0; k < d->n_tasks; k++) {
        if (k && k == d->n_on)
            table_rule(t);
        for (int a = 0; a < d->n_arms; a++)
            row(r, t, k, a, &why);
    }
    if (n_off > 1) {
        table_rule(t);
        for (int a = 0; a < d->n_arms; a++)
            mean_row(r, t, a, "mean of off", d->task + d->n_on, n_off, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    doc_para(
        r->doc,
        "floor = KL per token of the base model against itself "
        "recomputed with the arm's compute precision: what that arithmetic "
        "alone would add if the runs were scored in it. The KL of every "
        "run is scored in the arithmetic of the setting's evaluation, so "
        "only an arm computed alike has its own floor here.");
    doc_plot(
        r->doc, "kl",
        "KL to the base model per token, by task and arm: "
        "a dot for each seed and the mean; short bars mark the noise floor "
        "where it is above 0.");
}
