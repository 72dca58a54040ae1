/* quantity - the numbers of a record that a FIELD of stats stands for */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "../base/arena.h"
#include "../record/walk.h"
#include "quantity.h"

enum fn { PLAIN, LEN, SUM, MEAN, MIN, MAX };
static const char *const fn_name[] = {"", "len", "sum", "mean", "min", "max"};

void values_put(struct values *x, double v)
{
    if (x->n == x->cap) {
        x->cap = 2 * x->cap + 16;
        x->v = xrealloc(x->v, x->cap, sizeof *x->v);
    }
    x->v[x->n++] = v;
}

int quantity_parse(struct quantity *q, const char *text, struct err *e)
{
    size_t n = strlen(text);

    *q = (struct quantity){.text = text};
    if (n >= sizeof q->path)
        return err_set(e, ERR_USAGE, "%.40s...: longer than %zu bytes", text,
                       sizeof q->path - 1);
    memcpy(q->path, text, n + 1);
    for (int i = LEN; i <= MAX; i++) {
        size_t m = strlen(fn_name[i]);

        if (n < m + 3 || strncmp(text, fn_name[i], m) || text[m] != '(' ||
            text[n - 1] != ')')
            continue;
        q->fn = i;
        snprintf(q->path, sizeof q->path, "%.*s", (int)(n - m - 2),
                 text + m + 1);
    }
    return 0;
}

static int is_number(enum rec_type t)
{
    return t == REC_BOOL || t == REC_INT || t == REC_F32 || t == REC_F64;
}

static int length(const struct quantity *q, struct rec *rec,
                  const struct rec_value *v, struct values *out, struct err *e)
{
    enum rec_type t = rec_value_type(v);

    if (t != REC_STR && t != REC_ARRAY)
        return rec_bad(rec, e, "%s: found %s, expected an array or a string",
                       q->path, rec_type_name(t));
    values_put(out, (double)rec_value_n(v));
    return 0;
}

static int reduce(const struct quantity *q, struct rec *rec,
                  const struct rec_value *v, struct values *out, struct err *e)
{
    size_t n = rec_value_n(v);
    double sum = 0, min = 0, max = 0, x;

    if (!n && q->fn != SUM)
        return 0;
    for (size_t i = 0; i < n; i++) {
        x = rec_value_f64(rec_value_at(v, i));
        sum += x;
        min = !i || x < min ? x : min;
        max = !i || x > max ? x : max;
    }
    x = q->fn == SUM    ? sum
        : q->fn == MEAN ? sum / (double)n
        : q->fn == MIN  ? min
                        : max;
    if (!isfinite(x))
        return rec_bad(rec, e, "%s: found %s, expected a finite number",
                       q->text,
                       isnan(x) ? "nan"
                       : x > 0  ? "inf"
                                : "-inf");
    values_put(out, x);
    return 0;
}

int quantity_get(const struct quantity *q, struct rec *rec, struct values *out,
                 struct err *e)
{
    const struct rec_value *v = rec_value(rec, q->path);
    enum rec_type t = v ? rec_value_type(v) : REC_NIL;

    if (t == REC_NIL)
        return 0;
    if (q->fn == LEN)
        return length(q, rec, v, out, e);
    if (is_number(t) && q->fn == PLAIN) {
        values_put(out, rec_value_f64(v));
        return 0;
    }
    if (t != REC_ARRAY)
        return rec_bad(
            rec, e, "%s: found %s, expected %s", q->path, rec_type_name(t),
            q->fn == PLAIN ? "a number, a bool or an array of them (len(FIELD) "
                             "is a length)"
                           : "an array of numbers");
    for (size_t i = 0, n = rec_value_n(v); i < n; i++) {
        enum rec_type u = rec_value_type(rec_value_at(v, i));

        if (!is_number(u))
            return rec_bad(rec, e,
                           "%s[%zu]: found %s, expected a number "
                           "(len(FIELD) is a length)",
                           q->path, i, rec_type_name(u));
    }
    if (q->fn != PLAIN)
        return reduce(q, rec, v, out, e);
    for (size_t i = 0, n = rec_value_n(v); i < n; i++)
        values_put(out, rec_value_f64(rec_value_at(v, i)));
    return 0;
}
