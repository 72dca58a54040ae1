/* sec_overlap - which weights moved: between arms, seeds and noise draws */
#include <math.h>
#include <stdio.h>
#include "cells.h"
#include "sections.h"

/* Of the pairs that differ in one thing. */
struct sum {
    size_t n, above; /* above: whose overlap is larger than chance */
    double jaccard, chance, least, most;
};

static struct sum of(const struct data *d, enum over over, long a, long b)
{
    struct sum s = {.least = INFINITY, .most = -INFINITY};

    for (size_t i = 0; i < d->n_pairs; i++) {
        const struct pair *p = &d->pair[i];

        if (p->over != over || !((p->arm[0] == a && p->arm[1] == b) ||
                                 (p->arm[0] == b && p->arm[1] == a)))
            continue;
        s.n++;
        s.jaccard += p->jaccard;
        s.chance += p->chance;
        s.above += p->jaccard > p->chance;
        s.least = fmin(s.least, p->jaccard);
        s.most = fmax(s.most, p->jaccard);
    }
    return s;
}

static void row(struct table *t, const char *over, const char *runs,
                const struct sum *s)
{
    if (!s->n)
        return;
    table_cell(t, "%s", over);
    table_cell(t, "%s", runs);
    table_cell(t, "%zu", s->n);
    table_cell(t, "%s", num("%.4f", s->jaccard / (double)s->n));
    table_cell(t, "%s", num("%.4f", s->least));
    table_cell(t, "%s", num("%.4f", s->most));
    table_cell(t, "%s", num("%.4f", s->chance / (double)s->n));
    table_cell(t, "%zu", s->above);
}

static void between_arms(const struct report *r, struct table *t)
{
    const struct data *d = r->d;

    for (int a = 0; a < d->n_arms; a++)
        for (int b = a + 1; b < d->n_arms; b++) {
            struct sum s = of(d, OVER_ARM, d->arm[a], d->arm[b]);
            char name[200];

            snprintf(name, sizeof name, "%.90s, %.90s", data_arm(d, a),
                     data_arm(d, b));
            row(t, "arms", name, &s);
        }
}

static void within_arms(const struct report *r, struct table *t, enum over over,
                        const char *name)
{
    const struct data *d = r->d;
    int rows = t->n_rows;

    for (int a = 0; a < d->n_arms; a++) {
        struct sum s = of(d, over, d->arm[a], d->arm[a]);

        if (s.n && rows > 1 && t->n_rows == rows)
            table_rule(t);
        row(t, name, data_arm(d, a), &s);
    }
}

void sec_overlap(const struct report *r)
{
    struct table *t;

    if (!r->d->n_pairs)
        return;
    doc_heading(r->doc, "Which weights moved");
    t = table_open(
        "overlap",
        "Jaccard index of the weights that two runs changed (the bf16-aware "
        "rule), mean over pairs of runs that differ in their arm, their seed "
        "or their noise draw alone, least and greatest; chance: the mean of "
        "independent sets of these sizes, p q / (p + q - p q); above: pairs "
        "whose index is above chance.",
        "<between|<runs of|pairs|Jaccard|least|greatest|chance|above");
    t->merge = 1;
    between_arms(r, t);
    within_arms(r, t, OVER_SEED, "seeds");
    within_arms(r, t, OVER_DRAW, "draws");
    doc_table(r->doc, t);
    doc_para(r->doc,
             "The theory (arXiv 2511.08567) expects runs from one base to move "
             "the same weights, so indices above chance between seeds. Runs "
             "that agree on which layers move most are above chance too; the "
             "records of layers and kinds have chances of their own. Where "
             "nearly every weight moves, chance is near 1 and says little. An "
             "index of 1 between draws: noise did not change which weights "
             "moved.");
}
