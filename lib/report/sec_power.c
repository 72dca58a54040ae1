/* sec_power - what the design could have seen */
#include <stdio.h>
#include "../stat/power.h"
#include "cells.h"
#include "sections.h"

static size_t seeds_of(const struct report *r, int arm)
{
    size_t n = 0;

    for (int k = 0; k < r->d->n_tasks; k++) {
        struct series s = data_series(r->d, SCORES, r->d->arm[arm],
                                      r->d->task[k], S_J);

        n = s.n > n ? s.n : n;
        series_free(&s);
    }
    return n;
}

void sec_power(const struct report *r)
{
    static const size_t more[] = { 5, 8, 10, 15, 20, 30 };
    static const double ratio[] = { 2, 4, 8, 16 };
    size_t here = seeds_of(r, r->d->reference), n[7], count = 0;
    struct table *t;

    for (int a = 0; a < r->d->n_arms; a++)
        here = seeds_of(r, a) < here ? seeds_of(r, a) : here;
    doc_heading(r->doc, "Power of the design");
    t = table_open("power", "One-sided F test of two variances at 5%: the true "
                   "ratio found with 80% power, and the power at given true "
                   "ratios, by the number of seeds an arm.",
                   "seeds an arm|ratio at 80%|power at 2|at 4|at 8|at 16|<");
    if (here >= 2)
        n[count++] = here;
    for (size_t i = 0; i < 6; i++)
        if (more[i] != here)
            n[count++] = more[i];
    for (size_t i = 0; i < count; i++) {
        if (i == 1 && here >= 2)
            table_rule(t);
        table_cell(t, "%zu", n[i]);
        table_cell(t, "%s", num("%.1f", power_f_ratio(n[i], n[i], 0.05,
                                                      0.8)));
        for (size_t k = 0; k < 4; k++)
            table_cell(t, "%s", num("%.2f", power_f(ratio[k], n[i], n[i],
                                                    0.05)));
        table_cell(t, "%s", n[i] == here ? "this design" : "");
    }
    doc_table(r->doc, t);
}
