/* fields - what fields a stream has: types, counts, ranges, lengths */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"
#include "walk.h"

struct range {
    uint64_t n, not_finite;
    double min, max;
    long double sum; /* of finite numbers it stays finite */
};

struct column {
    char *path;
    unsigned types, inner; /* bits 1 << enum rec_type */
    uint64_t records;
    struct range value, length;
};

struct fields {
    struct column *c;
    size_t n, cap, guess;
};

struct fields *fields_open(void)
{
    return xcalloc(1, sizeof(struct fields));
}

void fields_close(struct fields **f)
{
    if (!*f)
        return;
    for (size_t i = 0; i < (*f)->n; i++)
        free((*f)->c[i].path);
    free((*f)->c);
    free(*f);
    *f = NULL;
}

static void take(struct range *r, double x)
{
    if (!isfinite(x)) {
        r->not_finite++;
        return;
    }
    if (!r->n || x < r->min)
        r->min = x;
    if (!r->n || x > r->max)
        r->max = x;
    r->n++;
    r->sum += x;
}

/* Records mostly repeat the order of fields: look behind the last first. */
static struct column *column(struct fields *f, const char *path)
{
    for (size_t i = 0; i < f->n; i++) {
        size_t at = (f->guess + i) % f->n;

        if (!strcmp(f->c[at].path, path)) {
            f->guess = at + 1;
            return &f->c[at];
        }
    }
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 32;
        f->c = xrealloc(f->c, f->cap, sizeof *f->c);
    }
    memset(&f->c[f->n], 0, sizeof *f->c);
    f->c[f->n].path = xstrdup(path);
    f->guess = 0;
    return &f->c[f->n++];
}

static int is_number(enum rec_type t)
{
    return t == REC_INT || t == REC_F32 || t == REC_F64 || t == REC_BOOL;
}

static void leaf(void *ctx, const char *path, const struct rec_value *v)
{
    struct column *c = column(ctx, path);
    enum rec_type t = rec_value_type(v);

    c->types |= 1u << t;
    c->records++;
    if (is_number(t))
        take(&c->value, rec_value_f64(v));
    if (t == REC_STR || t == REC_BIN || t == REC_ARRAY)
        take(&c->length, (double)rec_value_n(v));
    for (size_t i = 0, n = t == REC_ARRAY ? rec_value_n(v) : 0; i < n; i++) {
        const struct rec_value *o = rec_value_at(v, i);
        enum rec_type u = rec_value_type(o);

        c->inner |= 1u << u;
        if (is_number(u))
            take(&c->value, rec_value_f64(o));
    }
}

void fields_add(struct fields *f, struct rec *r)
{
    rec_walk(r, leaf, f);
}

static void type_text(struct buf *b, const struct column *c)
{
    int n = 0;

    for (int t = REC_NIL; t <= REC_MAP; t++) {
        if (!(c->types & 1u << t))
            continue;
        buf_puts(b, n++ ? "|" : "");
        buf_puts(b, rec_type_name((enum rec_type)t));
        if (t == REC_ARRAY && c->inner) {
            int m = 0;

            buf_puts(b, " of ");
            for (int u = REC_NIL; u <= REC_MAP; u++)
                if (c->inner & 1u << u) {
                    buf_puts(b, m++ ? "|" : "");
                    buf_puts(b, rec_type_name((enum rec_type)u));
                }
        }
    }
}

static void range_text(struct buf *b, const struct range *r)
{
    if (!r->n) {
        buf_printf(b, " %10s %10s %10s", "", "", "");
        return;
    }
    buf_printf(b, " %10.6g %10.6g %10.6g", r->min,
               (double)(r->sum / (long double)r->n), r->max);
}

void fields_table(const struct fields *f, struct buf *b)
{
    int width = 5, type_width = 4;
    struct buf t = {0};

    for (size_t i = 0; i < f->n; i++) {
        t.n = 0;
        type_text(&t, &f->c[i]);
        if ((int)strlen(f->c[i].path) > width)
            width = (int)strlen(f->c[i].path);
        if ((int)t.n > type_width)
            type_width = (int)t.n;
    }
    buf_printf(b, "%-*s  %-*s %8s %10s %10s %10s %10s %10s %10s\n", width,
               "field", type_width, "type", "records", "min", "mean", "max",
               "shortest", "mean", "longest");
    for (size_t i = 0; i < f->n; i++) {
        const struct column *c = &f->c[i];

        t.n = 0;
        type_text(&t, c);
        buf_printf(b, "%-*s  %-*s %8llu", width, c->path, type_width,
                   buf_str(&t), (unsigned long long)c->records);
        range_text(b, &c->value);
        range_text(b, &c->length);
        while (b->n && b->p[b->n - 1] == ' ')
            b->n--;
        if (c->value.not_finite)
            buf_printf(b, "  %llu not finite",
                       (unsigned long long)c->value.not_finite);
        buf_puts(b, "\n");
    }
    buf_free(&t);
}
