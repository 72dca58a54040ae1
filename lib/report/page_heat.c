/* page_heat - a mean of every number of the weights' tensors, by layer and kind
 * of weight
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "page_impl.h"

struct map {
    struct names parts; /* kinds of weight, in the page's order */
    struct names fields;
    size_t rows; /* layers, and one for what is in none */
    int n_arms;
    double *sum, *weight; /* [field][arm][part][row] */
};

static const char *text(const struct page *p, long word)
{
    return numbers_word(&p->n, word);
}

/* sparsity says tensor, spectrum matrix */
static int is_tensor(const struct page *p, const struct place *x)
{
    return x->part >= 0 && !x->replicate &&
           (!strcmp(text(p, x->scope), "tensor") ||
            !strcmp(text(p, x->scope), "matrix"));
}

static int is_count(const char *field)
{
    static const char *const counts[] = {"n",    "n_changed", "non_finite",
                                         "rows", "cols",      "k"};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!strcmp(field, counts[i]))
            return 1;
    return !strncmp(field, "unchanged", 9);
}

static void measure(struct map *m, const struct page *p, const struct report *r)
{
    const struct numbers *n = &p->n;
    struct names seen = {0}, fields = {0};

    m->rows = 1;
    m->n_arms = r->d->n_arms;
    for (size_t i = 0; i < n->n_at; i++) {
        const struct place *x = &n->at[i];

        if (!is_tensor(p, x))
            continue;
        names_add(&seen, text(p, x->part));
        if (x->layer + 2 > (int64_t)m->rows)
            m->rows = (size_t)(x->layer + 2);
        for (size_t k = 0; k < x->n; k++) {
            const char *f = n->fields.v[n->v[x->first + k].field];

            if (!is_count(f))
                names_add(&fields, f);
        }
    }
    page_add_sorted(&m->fields, &fields);
    for (size_t k = 0; k < r->d->kinds.n; k++)
        if (names_find(&seen, r->d->kinds.v[k]) >= 0)
            names_add(&m->parts, r->d->kinds.v[k]);
    page_add_sorted(&m->parts, &seen);
    names_free(&seen);
    names_free(&fields);
}

static size_t at(const struct map *m, size_t field, int arm, size_t part,
                 size_t row)
{
    return ((field * (size_t)m->n_arms + (size_t)arm) * m->parts.n + part) *
               m->rows +
           row;
}

/* A tensor counts by its number of weights. */
static void add(struct map *m, const struct page *p, const struct report *r,
                const struct place *x)
{
    const struct numbers *n = &p->n;
    int arm = data_arm_at(r->d, text(p, x->arm));
    long part = names_find(&m->parts, text(p, x->part));
    double w = 1;

    if (arm < 0)
        return;
    for (size_t k = 0; k < x->n; k++)
        if (!strcmp(n->fields.v[n->v[x->first + k].field], "n"))
            w = n->v[x->first + k].v;
    for (size_t k = 0; k < x->n; k++) {
        const struct number *v = &n->v[x->first + k];
        long f = names_find(&m->fields, n->fields.v[v->field]);
        size_t c;

        if (f < 0)
            continue;
        c = at(m, (size_t)f, arm, (size_t)part, (size_t)(x->layer + 1));
        m->sum[c] += w * v->v;
        m->weight[c] += w;
    }
}

static void grid(const struct map *m, size_t field, struct buf *b)
{
    buf_puts(b, "{\"field\":");
    page_str(b, m->fields.v[field]);
    buf_puts(b, ",\"v\":[");
    for (int a = 0; a < m->n_arms; a++) {
        buf_puts(b, a ? ",[" : "[");
        for (size_t k = 0; k < m->parts.n; k++) {
            buf_puts(b, k ? ",[" : "[");
            for (size_t l = 0; l < m->rows; l++) {
                size_t c = at(m, field, a, k, l);

                buf_puts(b, l ? "," : "");
                page_num(b, m->weight[c] > 0 ? m->sum[c] / m->weight[c] : NAN);
            }
            buf_puts(b, "]");
        }
        buf_puts(b, "]");
    }
    buf_puts(b, "]}");
}

void page_heat(const struct page *p, const struct report *r, struct buf *b)
{
    struct map m = {0};
    size_t n;
    int first = 1;

    measure(&m, p, r);
    n = at(&m, m.fields.n, 0, 0, 0);
    m.sum = xcalloc(n + 1, sizeof *m.sum);
    m.weight = xcalloc(n + 1, sizeof *m.weight);
    for (size_t i = 0; i < p->n.n_at; i++)
        if (is_tensor(p, &p->n.at[i]))
            add(&m, p, r, &p->n.at[i]);
    buf_puts(b, "\"heat\":{\"parts\":[");
    for (size_t k = 0; k < m.parts.n; k++) {
        page_comma(b, &first);
        page_str(b, m.parts.v[k]);
    }
    buf_printf(b, "],\"layers\":%zu,\"grids\":[", m.rows - 1);
    first = 1;
    for (size_t f = 0; f < m.fields.n; f++) {
        page_comma(b, &first);
        grid(&m, f, b);
    }
    buf_puts(b, "]}");
    free(m.sum);
    free(m.weight);
    names_free(&m.parts);
    names_free(&m.fields);
}
