/* cells - numbers as texts, reasons where there is no number */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "cells.h"

static char *next(void)
{
    static char ring[8][64];
    static int at;

    return ring[at++ & 7];
}

/* "-0.000" and "-0.00e+00" are numbers that round to 0 */
static void positive_zero(char *s, int with_sign)
{
    if (*s != '-' || strspn(s + 1, "0.") < strcspn(s + 1, "e"))
        return;
    if (with_sign)
        *s = '+';
    else
        memmove(s, s + 1, strlen(s));
}

const char *num(const char *fmt, double v)
{
    char *s = next();

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(s, 64, fmt, v);
#pragma GCC diagnostic pop
    positive_zero(s, fmt[1] == '+');
    return s;
}

/* "0.0312", or "3e-05" below 0.0001 */
static const char *pvalue(double p)
{
    char *s = next();

    snprintf(s, 64, p < 0.0001 ? "%.0e" : "%.4f", p);
    return s;
}

const char *p_is(double p)
{
    char *s = next();

    if (p < 0.0001)
        strcpy(s, "p < 0.0001");
    else
        snprintf(s, 64, "p = %.4f", p);
    return s;
}

static void note(struct reasons *r, const char *why, const char *where)
{
    size_t n = r->why.n, i = names_add(&r->why, why);

    if (i == n) {
        r->where = xrealloc(r->where, n + 1, sizeof *r->where);
        memset(&r->where[n], 0, sizeof *r->where);
    }
    if (r->where[i].n && strstr(buf_str(&r->where[i]), where))
        return;
    buf_printf(&r->where[i], "%s%s", r->where[i].n ? ", " : "", where);
}

void cell_num(struct table *t, const char *fmt, double v, const char *why,
              struct reasons *r, const char *where)
{
    if (why)
        note(r, why, where);
    table_cell(t, "%s", why ? "n.c." : num(fmt, v));
}

void cell_ci(struct table *t, const char *fmt, double lo, double hi,
             const char *why, struct reasons *r, const char *where)
{
    if (why)
        note(r, why, where);
    table_cell(t, "%s", why ? "n.c." : num(fmt, lo));
    table_cell(t, "%s", why ? "n.c." : num(fmt, hi));
}

void cell_p(struct table *t, double p, const char *why, struct reasons *r,
            const char *where)
{
    if (why)
        note(r, why, where);
    table_cell(t, "%s", why ? "n.c." : pvalue(p));
}

void reasons_print(struct reasons *r, struct doc *d)
{
    struct buf b = {0};

    for (size_t i = 0; i < r->why.n; i++) {
        buf_printf(&b, "%s%s (%s)", i ? "; " : "", r->why.v[i],
                   buf_str(&r->where[i]));
        buf_free(&r->where[i]);
    }
    if (b.n)
        doc_para(d, "n.c. = not computable: %s.", buf_str(&b));
    buf_free(&b);
    free(r->where);
    names_free(&r->why);
    r->where = NULL;
}
