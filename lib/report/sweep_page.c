/* sweep_page - the grid, and the arms at the same rate, at their best and at
 * the same KL
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/ttest.h"
#include "cells.h"
#include "estimate.h"
#include "runs.h"
#include "sweep.h"

static const char *lr(double v)
{
    return num("%.4g", v);
}

/* ---- the grid -------------------------------------------------------- */

static void change(struct table *t, const struct sweep *w, long arm,
                   const long *tasks, int n, struct reasons *why,
                   const char *at)
{
    struct ttest ci = estimate_delta_j(w->d, arm, tasks, n);
    const char *no = ci.n1 ? NULL : "no scores of the arm and the base";

    cell_num(t, "%+.4f", ci.est, no, why, at);
    cell_ci(t, "%+.4f", ci.lo, ci.hi, no ? no : ci.why, why, at);
}

static void mean_cell(struct table *t, const char *fmt, struct series s,
                      const char *what, struct reasons *why, const char *at)
{
    cell_num(t, fmt, ttest_one(s.v, s.n, 0.95).est, s.n ? NULL : what, why, at);
    series_free(&s);
}

static void grid_row(struct table *t, const struct sweep *w, int i,
                     struct reasons *why)
{
    const struct data *d = w->d;
    int arm = w->p[i].arm, n_off = d->n_tasks - d->n_on;
    const long *off = d->task + d->n_on;
    const char *at = data_arm(d, arm);
    long a = d->arm[arm];
    struct runs runs = runs_of(d, a);
    struct series j = data_mean(d, SCORES, a, d->task, d->n_on, S_J);

    table_cell(t, "%s", sweep_arm(w, i));
    table_cell(t, "%s", lr(w->p[i].lr));
    table_cell(t, "%zu", j.n);
    change(t, w, a, d->task, d->n_on, why, at);
    change(t, w, a, off, n_off, why, at);
    mean_cell(t, "%.2e", data_mean(d, KLS, a, d->task, d->n_on, K_TOKEN),
              "no KL scores", why, at);
    mean_cell(t, "%.2e", data_mean(d, KLS, a, off, n_off, K_TOKEN),
              "no KL scores", why, at);
    mean_cell(t, "%.3f",
              data_weights(d, SPARSITIES, a, SCOPE_TOTAL, -1, P_BF16),
              "no sparsity records", why, at);
    table_cell(t, "%zu", runs.idle + runs.collapsed);
    table_cell(t, "%s", sweep_best(w, w->p[i].of) == i ? "yes" : "no");
    series_free(&j);
}

static void grid(struct doc *doc, const struct sweep *w)
{
    struct reasons why = {0};
    struct table *t = table_open(
        "grid",
        "Mean over the on-tasks and over the off-tasks: change of "
        "accuracy from the base model (dJ) with its 95% t interval over "
        "seeds, KL to it in nats a token; fraction of weights that stayed the "
        "same; runs that made no update or collapsed; whether it is the rate "
        "of the arm's greatest mean on-task accuracy.",
        "<arm|lr|seeds|dJ on|on lo|on hi|dJ off|off lo|off hi|KL on|KL off|"
        "same|failed|<best");

    doc_heading(doc, "The grid");
    t->merge = 1;
    for (size_t of = 0; of < w->arms.n; of++) {
        for (int i = 0; i < w->n; i++)
            if (w->p[i].of == of)
                grid_row(t, w, i, &why);
        if (of + 1 < w->arms.n)
            table_rule(t);
    }
    doc_table(doc, t);
    reasons_print(&why, doc);
}

/* ---- comparisons ----------------------------------------------------- */

static void estimate(struct table *t, enum hypothesis h,
                     const struct finding *f, struct reasons *why,
                     const char *at)
{
    const char *fmt = h == H1 ? "%+.4f" : "%.3g";
    const char *no = f->why ? f->why
                            : "the reference's variance is not "
                              "above 0";

    cell_num(t, fmt, f->est, f->has_est && !f->why ? NULL : no, why, at);
    table_cell(t, "%s", f->has_lo ? num(fmt, f->lo) : "-");
    table_cell(t, "%s", f->has_hi ? num(fmt, f->hi) : "-");
    cell_p(t, f->p, f->why, why, at);
    cell_p(t, f->holm, f->why, why, at);
    table_cell(t, "%s", verdict_word(f->word));
}

/* The rows of one arm of a comparison, at a point; beside: what the
 * reference is at. */
static void compared(struct table *t, const struct sweep *w,
                     const struct comparison *c, int point, const char *beside,
                     struct reasons *why)
{
    static const enum hypothesis tested[] = {H1, H2, H3};
    static const struct finding none = {.why = "neither scores nor KL scores"};
    int arm = data_arm_at(&c->d, sweep_arm(w, point));

    for (size_t i = 0; i < sizeof tested / sizeof *tested; i++) {
        const struct finding *f = arm < 0 ? &none
                                          : verdicts_get(&c->v, arm, tested[i]);
        char at[300];

        snprintf(at, sizeof at, "%s %.200s at %s", verdict_name(tested[i]),
                 sweep_arm(w, point), lr(w->p[point].lr));
        table_cell(t, "%s", sweep_arm(w, point));
        table_cell(t, "%s", lr(w->p[point].lr));
        table_cell(t, "%s", beside);
        table_cell(t, "%zu", f->n);
        table_cell(t, "%s", verdict_name(tested[i]));
        estimate(t, tested[i], f, why, at);
    }
}

static struct table *open_table(const char *name, const char *caption,
                                const char *beside)
{
    char heads[200];
    struct table *t;

    snprintf(heads, sizeof heads,
             "<arm|lr|%s|seeds|<hypothesis|estimate|lo|"
             "hi|p|p Holm|<verdict",
             beside);
    t = table_open(name, caption, heads);
    t->merge = 4;
    return t;
}

/* The reference and others, a point each or -1 (point[of]). */
static int compare_points(struct table *t, const struct sweep *w,
                          const int *point, struct reasons *why, struct err *e)
{
    struct comparison c;
    char beside[64];
    int r;

    comparison_open(&c, w);
    for (size_t of = 0; of < w->arms.n; of++)
        if (point[of] >= 0)
            comparison_add(&c, w, point[of]);
    r = comparison_end(&c, w, e);
    snprintf(beside, sizeof beside, "%s", lr(w->p[point[0]].lr));
    for (size_t of = 1; of < w->arms.n && !r; of++)
        if (point[of] >= 0)
            compared(t, w, &c, point[of], beside, why);
    comparison_free(&c);
    return r;
}

static int same_rate(struct doc *doc, const struct sweep *w, struct err *e)
{
    struct reasons why = {0};
    struct table *t = open_table(
        "same_lr",
        "Each arm against the reference at the same learning rate. "
        "Estimates: H1 difference of on-task accuracy (90% interval), H2 ratio "
        "of variances over seeds, H3 ratio of off-task to on-task KL (95%). p "
        "Holm is adjusted over the tests at that rate.",
        "reference lr");
    int *point = xcalloc(w->arms.n + 1, sizeof *point), r = 0;

    doc_heading(doc, "Same learning rate");
    for (int i = 0; i < w->n && !r; i++) {
        int n = 0;

        if (w->p[i].of) /* rates of the reference */
            continue;
        for (size_t of = 0; of < w->arms.n; of++) {
            point[of] = sweep_find(w, of, w->p[i].lr);
            n += point[of] >= 0;
        }
        if (n > 1)
            r = compare_points(t, w, point, &why, e);
        if (n > 1 && i + 1 < w->n)
            table_rule(t);
    }
    free(point);
    doc_table(doc, t);
    reasons_print(&why, doc);
    return r;
}

static int best_rate(struct doc *doc, const struct sweep *w, struct err *e)
{
    struct reasons why = {0};
    struct table *t = open_table(
        "best_lr",
        "Each arm at the rate at which its mean on-task accuracy "
        "over seeds is the greatest, against the reference at its own. The "
        "rates were chosen on the same runs, by the same rule in each arm: "
        "both means are larger than those of other runs at these rates would "
        "be.",
        "reference lr");
    int *point = xcalloc(w->arms.n + 1, sizeof *point), r = 0, n = 0;

    doc_heading(doc, "Best learning rate");
    for (size_t of = 0; of < w->arms.n; of++) {
        point[of] = sweep_best(w, of);
        n += point[of] >= 0;
        if (point[of] >= 0 && sweep_at_edge(w, point[of]))
            doc_note(doc,
                     "The best rate of %s, %s, is at the edge of its "
                     "grid: a better one may lie beyond.",
                     w->arms.v[of], lr(w->p[point[of]].lr));
    }
    if (point[0] >= 0 && n > 1)
        r = compare_points(t, w, point, &why, e);
    free(point);
    doc_table(doc, t);
    reasons_print(&why, doc);
    return r;
}

/* ---- matched KL ------------------------------------------------------ */

static int match(struct table *t, const struct sweep *w, int point,
                 struct reasons *why, struct err *e)
{
    const struct data *d = w->d;
    struct comparison c;
    char beside[64];
    int r = 0;

    comparison_open(&c, w);
    if (comparison_add_matched(&c, w, point)) {
        struct series kl = data_mean(d, KLS, d->arm[w->p[point].arm], d->task,
                                     d->n_on, K_TOKEN);

        snprintf(beside, sizeof beside, "%s",
                 num("%.2e", ttest_one(kl.v, kl.n, 0.95).est));
        series_free(&kl);
        comparison_add(&c, w, point);
        r = comparison_end(&c, w, e);
        if (!r)
            compared(t, w, &c, point, beside, why);
    }
    comparison_free(&c);
    return r;
}

static int matched(struct doc *doc, const struct sweep *w, struct err *e)
{
    struct reasons why = {0};
    struct table *t = open_table(
        "matched_kl",
        "Each point of each arm against the reference at the "
        "same on-task KL to the base (KL on: mean of the arm, nats a token). "
        "For each seed the reference is taken between its two rates whose "
        "on-task KL lies around the arm's; seeds at which there are none are "
        "left out, and so are points at which no seed is left. p Holm is "
        "adjusted over the tests of the point.",
        "KL on");
    int r = 0;

    doc_heading(doc, "Matched KL");
    for (size_t of = 1; of < w->arms.n; of++)
        for (int i = 0; i < w->n && !r; i++)
            if (w->p[i].of == of)
                r = match(t, w, i, &why, e);
    if (t->n_rows < 2)
        doc_para(doc, "No arm's KL lies within that of the reference: more "
                      "learning rates are needed.");
    doc_table(doc, t);
    reasons_print(&why, doc);
    return r;
}

static void setting(struct doc *doc, const struct sweep *w)
{
    struct buf b = {0};

    doc_heading(doc, "Setting");
    if (w->s->synthetic)
        doc_note(doc, "The tasks are synthetic stand-ins.");
    for (size_t i = 0; i < w->s->keys.n; i++)
        if (strncmp(w->s->keys.v[i], "point ", 6) &&
            strcmp(w->s->keys.v[i], "arms"))
            doc_fact(doc, w->s->keys.v[i], "%s", w->s->value[i]);
    for (int k = 0; k < w->d->n_on; k++)
        buf_printf(&b, "%s%s", k ? ", " : "", data_task(w->d, k));
    doc_fact(doc, "on-task", "%s", buf_str(&b));
    buf_free(&b);
    for (int k = w->d->n_on; k < w->d->n_tasks; k++)
        buf_printf(&b, "%s%s", k > w->d->n_on ? ", " : "", data_task(w->d, k));
    doc_fact(doc, "off-task", "%s", buf_str(&b));
    buf_free(&b);
}

int sweep_page(struct doc *doc, const struct sweep *w, struct err *e)
{
    int r;

    doc_para(doc,
             "A precision may act like another learning rate. So arms "
             "are compared at the same rate, each at its best rate, and at "
             "the same KL to the base. The tests are those of the summary "
             "(H1, H2, H3).");
    setting(doc, w);
    grid(doc, w);
    r = same_rate(doc, w, e);
    if (!r)
        r = best_rate(doc, w, e);
    return r ? r : matched(doc, w, e);
}
