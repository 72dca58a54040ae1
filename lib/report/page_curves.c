/* page_curves - every number of the training steps, run by run */
#include <math.h>
#include <string.h>
#include "page_impl.h"

/* More numbers than this are thinned to every k-th step. */
enum { MOST_NUMBERS = 600000 };

static int is(const struct page *p, long word, const char *text)
{
    return !strcmp(numbers_word(&p->n, word), text);
}

static int counts(const struct page *p, const struct place *x, const char *kind)
{
    return is(p, x->kind, kind) && !x->replicate && x->step >= 0;
}

static int same_run(const struct place *x, const struct place *y)
{
    return x->arm == y->arm && x->seed == y->seed && x->draw == y->draw;
}

/* First place after the run that begins at i. */
static size_t run_end(const struct page *p, size_t i, const char *kind)
{
    size_t j = i;

    while (j < p->n.n_at && counts(p, &p->n.at[j], kind) &&
           same_run(&p->n.at[i], &p->n.at[j]))
        j++;
    return j;
}

static double value(const struct page *p, const struct place *x, size_t field)
{
    for (size_t i = 0; i < x->n; i++)
        if (p->n.v[x->first + i].field == field)
            return p->n.v[x->first + i].v;
    return NAN;
}

/* A list over steps, or one number where all are the same. */
static void column(const struct page *p, size_t i, size_t end, size_t stride,
                   size_t field, struct buf *b)
{
    double first = value(p, &p->n.at[i], field);
    int same = 1, none = 1;

    for (size_t k = i; k < end; k++) {
        double v = value(p, &p->n.at[k], field);

        same &= v == first || (isnan(v) && isnan(first));
        none = 0;
    }
    if (same || none) {
        page_num(b, first);
        return;
    }
    buf_puts(b, "[");
    for (size_t k = i, n = 0; k < end; k++, n++) {
        if (n % stride && k + 1 < end)
            continue;
        if (n)
            buf_puts(b, ",");
        page_num(b, value(p, &p->n.at[k], field));
    }
    buf_puts(b, "]");
}

static void run(const struct page *p, int arm, size_t i, size_t end,
                size_t stride, const struct names *fields, struct buf *b)
{
    const struct place *x = &p->n.at[i];
    int first = 1;

    buf_printf(b, "{\"arm\":%d,\"seed\":%lld,\"draw\":%lld,\"step\":[", arm,
               (long long)x->seed, (long long)x->draw);
    for (size_t k = i, n = 0; k < end; k++, n++)
        if (!(n % stride) || k + 1 == end)
            buf_printf(b, "%s%lld", n ? "," : "", (long long)p->n.at[k].step);
    buf_puts(b, "],\"v\":[");
    for (size_t f = 0; f < fields->n; f++) {
        page_comma(b, &first);
        column(p, i, end, stride,
               (size_t)names_find(&p->n.fields, fields->v[f]), b);
    }
    buf_puts(b, "]}\n");
}

void page_curves(const struct page *p, const struct report *r, const char *kind,
                 struct buf *b)
{
    const struct numbers *n = &p->n;
    struct names seen = {0}, fields = {0};
    size_t all = 0, stride;
    int first = 1;

    for (size_t i = 0; i < n->n_at; i++)
        for (size_t k = 0; counts(p, &n->at[i], kind) && k < n->at[i].n;
             k++, all++)
            names_add(&seen, n->fields.v[n->v[n->at[i].first + k].field]);
    page_add_sorted(&fields, &seen);
    stride = 1 + (all ? (all - 1) / MOST_NUMBERS : 0);
    buf_printf(b, "{\"stride\":%zu,\"fields\":[", stride);
    for (size_t f = 0; f < fields.n; f++) {
        page_comma(b, &first);
        page_str(b, fields.v[f]);
    }
    buf_puts(b, "],\"runs\":[");
    first = 1;
    for (int a = 0; a < r->d->n_arms; a++)
        for (size_t i = 0, end; i < n->n_at; i = end) {
            end = run_end(p, i, kind);
            if (end == i) {
                end++;
                continue;
            }
            if (!is(p, n->at[i].arm, data_arm(r->d, a)))
                continue;
            page_comma(b, &first);
            run(p, a, i, end, stride, &fields, b);
        }
    buf_puts(b, "]}");
    names_free(&seen);
    names_free(&fields);
}
