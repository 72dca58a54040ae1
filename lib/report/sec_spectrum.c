/* sec_spectrum - what training did to singular values and vectors (SCIENCE 6b)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "../stat/describe.h"
#include "cells.h"
#include "sections.h"

static struct series of(const struct report *r, int arm, int field)
{
    return data_weights(r->d, SPECTRA, r->d->arm[arm], SCOPE_TOTAL, -1, field);
}

static void mean_cell(struct table *t, const char *fmt, struct series s)
{
    table_cell(t, "%s", s.n ? num(fmt, desc_mean(s.v, s.n)) : "-");
    series_free(&s);
}

static void mean_row(const struct report *r, struct table *t, const char *what,
                     const char *fmt, int field, const char *published)
{
    table_cell(t, "%s", what);
    for (int a = 0; a < r->d->n_arms; a++)
        mean_cell(t, fmt, of(r, a, field));
    table_cell(t, "%s", published);
}

/* The least or the greatest seed. */
static void end_row(const struct report *r, struct table *t, const char *what,
                    const char *fmt, int field, int greatest)
{
    table_cell(t, "%s", what);
    for (int a = 0; a < r->d->n_arms; a++) {
        struct series s = of(r, a, field);
        double v = s.n ? s.v[0] : 0;

        for (size_t i = 1; i < s.n; i++)
            v = greatest ? fmax(v, s.v[i]) : fmin(v, s.v[i]);
        table_cell(t, "%s", s.n ? num(fmt, v) : "-");
        series_free(&s);
    }
    table_cell(t, "%s", "");
}

static void seeds_row(const struct report *r, struct table *t)
{
    table_cell(t, "seeds");
    for (int a = 0; a < r->d->n_arms; a++) {
        struct series s = of(r, a, U_DRIFT);

        table_cell(t, "%zu", s.n);
        series_free(&s);
    }
    table_cell(t, "%s", "");
}

/* Seeds whose share is below (side -1) or above (1) chance. */
static void side_row(const struct report *r, struct table *t, const char *what,
                     int field, int chance, int side)
{
    table_cell(t, "%s", what);
    for (int a = 0; a < r->d->n_arms; a++) {
        struct series x = of(r, a, field), c = of(r, a, chance);
        size_t n = series_pair(&x, &c), on = 0;

        for (size_t i = 0; i < n; i++)
            on += side * (x.v[i] - c.v[i]) > 0;
        table_cell(t, "%zu", on);
        series_free(&x);
        series_free(&c);
    }
    table_cell(t, "%s", "");
}

static struct table *open_table(const struct report *r)
{
    struct buf head = {0};
    struct table *t;

    buf_puts(&head, "<quantity");
    for (int a = 0; a < r->d->n_arms; a++)
        buf_printf(&head, "|%s", data_arm(r->d, a));
    buf_puts(&head, "|<published or expected");
    t = table_open("spectrum",
                   "From the base model to the last checkpoint, over all "
                   "matrices of weights: mean over seeds (SCIENCE 6b). "
                   "Principal weights are the half that is largest in the "
                   "reconstruction of the base from its leading singular "
                   "vectors, small ones the half of least magnitude.",
                   buf_str(&head));
    buf_free(&head);
    return t;
}

/* A part of the weights, arm by arm, in tables/ alone. */
static void part_rows(const struct report *r, struct table *t, enum scope scope,
                      long which, const char *name)
{
    static const struct {
        int field;
        const char *fmt;
    } columns[] = {{U_DRIFT, "%.3e"},       {U_ANGLE_LEFT, "%.3f"},
                   {U_ANGLE_RIGHT, "%.3f"}, {U_STABLE_RANK, "%.2f"},
                   {U_TOP_K, "%.4f"},       {U_PRINCIPAL, "%.4f"},
                   {U_LOW, "%.4f"}};

    for (int a = 0; a < r->d->n_arms; a++) {
        struct series s = data_weights(r->d, SPECTRA, r->d->arm[a], scope,
                                       which, U_DRIFT);
        size_t n = s.n;

        series_free(&s);
        if (!n)
            continue;
        table_cell(t, "%s", name);
        table_cell(t, "%s", data_arm(r->d, a));
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            mean_cell(t, columns[i].fmt,
                      data_weights(r->d, SPECTRA, r->d->arm[a], scope, which,
                                   columns[i].field));
    }
}

static void parts(const struct report *r)
{
    static const char heads[] = "|<arm|drift|angle left|angle right|"
                                "stable rank|top k|principal|small";
    char head[160];
    struct table *kinds, *layers;
    long n_layers = data_layers(r->d, SPECTRA);

    snprintf(head, sizeof head, "<kind%s", heads);
    kinds = table_open("spectrum_kinds", "", head);
    for (size_t k = 0; k < r->d->kinds.n; k++)
        part_rows(r, kinds, SCOPE_KIND, (long)k, r->d->kinds.v[k]);
    snprintf(head, sizeof head, "layer%s", heads);
    layers = table_open("spectrum_layers", "", head);
    for (long l = 0; l < n_layers; l++)
        part_rows(r, layers, SCOPE_LAYER, l, num("%.0f", (double)l));
    doc_table_aside(r->doc, kinds);
    doc_table_aside(r->doc, layers);
}

void sec_spectrum(const struct report *r)
{
    struct table *t;

    if (!data_count(r->d, SPECTRA))
        return;
    doc_heading(r->doc, "Spectrum of the update");
    t = open_table(r);
    seeds_row(r, t);
    mean_row(r, t, "drift of the singular values", "%.2e", U_DRIFT,
             "1e-5 (SFT 1e-3)");
    end_row(r, t, "drift, least seed", "%.2e", U_DRIFT, 0);
    end_row(r, t, "drift, greatest seed", "%.2e", U_DRIFT, 1);
    mean_row(r, t, "largest left angle, degrees", "%.2f", U_ANGLE_LEFT,
             "below 0.5 (SFT above 10)");
    mean_row(r, t, "largest right angle, degrees", "%.2f", U_ANGLE_RIGHT,
             "below 0.5 (SFT above 10)");
    mean_row(r, t, "stable rank of the update", "%.2f", U_STABLE_RANK, "");
    mean_row(r, t, "share of it in k singular values", "%.4f", U_TOP_K, "");
    table_rule(t);
    mean_row(r, t, "changed weights, principal", "%.4f", U_PRINCIPAL,
             "below chance");
    mean_row(r, t, "principal, by chance", "%.4f", U_PRINCIPAL_CHANCE, "");
    side_row(r, t, "seeds with fewer than by chance", U_PRINCIPAL,
             U_PRINCIPAL_CHANCE, -1);
    mean_row(r, t, "changed weights, small", "%.4f", U_LOW, "above chance");
    mean_row(r, t, "small, by chance", "%.4f", U_LOW_CHANCE, "");
    side_row(r, t, "seeds with more than by chance", U_LOW, U_LOW_CHANCE, 1);
    doc_table(r->doc, t);
    doc_para(r->doc,
             "Published: one controlled setting (arXiv 2606.07082). Expected: "
             "Gate II of the theory (arXiv 2511.08567), updates that leave the "
             "principal directions alone and move small weights. Another "
             "model, learning rate or number of steps need not give these "
             "values. Nothing here is tested; seeds on the expected side are "
             "counted. tables/spectrum_kinds.tsv and spectrum_layers.tsv have "
             "the parts.");
    parts(r);
}
