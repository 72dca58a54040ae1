/* sec_sparsity - what part of the weights training left as they were */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../stat/describe.h"
#include "cells.h"
#include "sections.h"

static void cells(const struct report *r, struct table *t, enum scope scope,
                  long which, int field)
{
    for (int a = 0; a < r->d->n_arms; a++) {
        struct series s = data_weights(r->d, SPARSITIES, r->d->arm[a], scope,
                                       which, field);

        table_cell(t, "%s", s.n ? num("%.4f", desc_mean(s.v, s.n)) : "-");
        series_free(&s);
    }
}

static struct table *open_table(const struct report *r, const char *name,
                                const char *caption)
{
    struct buf head = {0};
    struct table *t;

    buf_puts(&head, "<weights");
    for (int a = 0; a < r->d->n_arms; a++)
        buf_printf(&head, "|%s", data_arm(r->d, a));
    t = table_open(name, caption, buf_str(&head));
    buf_free(&head);
    return t;
}

static void by_layer(const struct report *r)
{
    struct table *t = open_table(r, "sparsity_layers", "");
    long n = data_layers(r->d, SPARSITIES);

    for (long i = 0; i < n; i++) {
        table_cell(t, "%ld", i);
        cells(r, t, SCOPE_LAYER, i, P_BF16);
    }
    doc_table_aside(r->doc, t);
}

void sec_sparsity(const struct report *r)
{
    const struct data *d = r->d;
    struct table *t;

    doc_heading(r->doc, "Sparsity of the update");
    if (!data_count(d, SPARSITIES)) {
        doc_para(r->doc, "No sparsity records were given.");
        return;
    }
    t = open_table(
        r, "sparsity",
        "Fraction of weights unchanged from the base model to the "
        "last checkpoint: mean over seeds. The bf16-aware rule calls w "
        "unchanged iff, both cast to bf16, |w - w'| <= 1e-3 max(|w|, |w'|).");
    table_cell(t, "all, bf16-aware");
    cells(r, t, SCOPE_TOTAL, -1, P_BF16);
    table_cell(t, "all, fp32 values");
    cells(r, t, SCOPE_TOTAL, -1, P_F32);
    table_cell(t, "all, |w-w'| <= 1e-5");
    cells(r, t, SCOPE_TOTAL, -1, P_ABS);
    table_rule(t);
    for (size_t k = 0; k < d->kinds.n; k++) {
        int any = 0;

        for (int a = 0; a < d->n_arms; a++) {
            struct series s = data_weights(d, SPARSITIES, d->arm[a], SCOPE_KIND,
                                           (long)k, P_BF16);

            any |= s.n > 0;
            series_free(&s);
        }
        if (!any)
            continue;
        table_cell(t, "%s", d->kinds.v[k]);
        cells(r, t, SCOPE_KIND, (long)k, P_BF16);
    }
    doc_table(r->doc, t);
    doc_para(r->doc,
             "Published range over whole RL runs of large models: "
             "0.36-0.92 (arXiv 2511.08567). The rule on fp32 values speaks of "
             "runs whose checkpoint is fp32.");
    by_layer(r);
    doc_plot(r->doc, "sparsity",
             "Fraction of weights unchanged (bf16-aware) "
             "by layer and by kind of weight, mean over seeds; the band or "
             "whisker goes from the least to the greatest seed.");
}
