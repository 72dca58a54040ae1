/* sec_power - what the tests that decide could have found */
#include <stdio.h>
#include "cells.h"
#include "sections.h"
#include "verdict_power.h"

static size_t seeds_of(const struct report *r)
{
    size_t least = 0;

    for (int a = 0; a < r->d->n_arms; a++) {
        struct series s = data_series(r->d, SCORES, r->d->arm[a], r->d->task[0],
                                      S_J);

        least = !a || s.n < least ? s.n : least;
        series_free(&s);
    }
    return least;
}

static void cell_power(struct table *t, double power, const char *why,
                       struct reasons *reasons)
{
    cell_num(t, "%.2f", power, power < 0 ? why : NULL, reasons, "power");
}

/* The least over arms, since H1 speaks of each of them. */
static double h1(const struct report *r, size_t n)
{
    double least = 2;

    for (int a = 0; a < r->d->n_arms; a++) {
        double p = a == r->d->reference
                       ? 2
                       : power_h1(r->v, r->d, a, r->s->margin, n);

        least = p < least ? p : least;
    }
    return least > 1 ? -1 : least;
}

static double h3(const struct report *r, size_t n)
{
    double most = 0;

    for (int a = 0; a < r->d->n_arms; a++) {
        double x = a == r->d->reference ? 0 : power_h3_ratio(r->v, r->d, a, n);

        most = x > most ? x : most;
    }
    return most;
}

static void row(const struct report *r, struct table *t, const struct spread *s,
                size_t n, size_t draws, size_t here, struct reasons *why)
{
    double ratio = h3(r, n);

    table_cell(t, "%zu", n);
    table_cell(t, "%zu", draws);
    cell_power(t, h1(r, n), "no spread of paired differences", why);
    cell_power(t, power_h2(r->v, s, 4, n), "no variance between seeds", why);
    cell_power(t, power_noise(r->v, s, 0.5, 1, n, draws),
               "no variance between seeds", why);
    cell_power(t, power_noise(r->v, s, 0.5, 4, n, draws),
               "no variance between seeds", why);
    cell_num(t, "%.2f", ratio, ratio > 0 ? NULL : "no KL, or no spread", why,
             "H3");
    table_cell(t, "%s", n == here ? "this design" : "");
}

void sec_power(const struct report *r)
{
    static const size_t more[] = {5, 10, 20, 40};
    size_t here, draws;
    struct reasons why = {0};
    struct spread s;
    struct table *t;

    doc_heading(r->doc, "Power of the design");
    if (r->d->n_arms < 2 || !data_count(r->d, SCORES) || !r->d->n_tasks) {
        doc_para(r->doc, "Not told: it takes two arms and scores.");
        return;
    }
    here = seeds_of(r);
    s = spread_of(r->v, r->d);
    draws = s.n_draws > 2 ? s.n_draws : 3;
    t = table_open("power",
                   "Power of the tests that decide, at the spread "
                   "that the reference shows and at the level of the first "
                   "step of Holm's method, by simulation (H1: formula): H1 "
                   "when the true difference is 0; H2 when the variance "
                   "between seeds is 4 times as large; H2-noise when noise is "
                   "half the seed variance, with these samples a question and "
                   "with 4 times as many; and the ratio that H3 finds with "
                   "80% power.",
                   "seeds|draws|H1|H2|H2-noise|noise, 4x samples|H3 ratio|<");
    if (here >= 2)
        row(r, t, &s, here, draws, here, &why);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (i == 0 && here >= 2)
            table_rule(t);
        if (more[i] != here)
            row(r, t, &s, more[i], draws, here, &why);
    }
    doc_table(r->doc, t);
    reasons_print(&why, r->doc);
    spread_free(&s);
}
