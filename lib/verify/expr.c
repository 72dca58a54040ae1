/* expr - nodes and their printed form (expr.h) */
#include "expr.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expr *expr_new(struct arena *a, enum expr_kind k, int n)
{
    struct expr *e = arena_alloc(a, sizeof *e);

    e->kind = k;
    e->n = n;
    e->a = arena_alloc(a, (size_t)(n > 0 ? n : 1) * sizeof *e->a);
    e->name = "";
    return e;
}

struct expr *expr_named(struct arena *a, enum expr_kind k, const char *name)
{
    struct expr *e = expr_new(a, k, 0);

    e->name = name;
    return e;
}

struct expr *expr_pair(struct arena *a, enum expr_kind k, const struct expr *x,
                       const struct expr *y)
{
    struct expr *e = expr_new(a, k, 2);

    e->a[0] = (struct expr *)(uintptr_t)x;
    e->a[1] = (struct expr *)(uintptr_t)y;
    return e;
}

struct expr *expr_neg(struct arena *a, const struct expr *x)
{
    return expr_pair(a, E_MUL, expr_named(a, E_NUM, "-1"), x);
}

struct expr *expr_over(struct arena *a, const struct expr *x,
                       const struct expr *y)
{
    return expr_pair(a, E_MUL, x,
                     expr_pair(a, E_POW, y, expr_named(a, E_NUM, "-1")));
}

struct expr *expr_num(struct arena *a, long v)
{
    struct expr *e = expr_named(a, E_NUM, arena_printf(a, "%ld", labs(v)));

    return v < 0 ? expr_neg(a, e) : e;
}

const struct expr *expr_negated(const struct expr *x)
{
    return x->kind == E_MUL && x->n == 2 && x->a[0]->kind == E_NUM &&
                   !strcmp(x->a[0]->name, "-1")
               ? x->a[1]
               : NULL;
}

int expr_has(const struct expr *e, enum expr_kind k, const char *name)
{
    if (e->kind == k && (!name || !strcmp(e->name, name)))
        return 1;
    for (int i = 0; i < e->n; i++)
        if (expr_has(e->a[i], k, name))
            return 1;
    return 0;
}

struct expr *expr_subst(struct arena *a, const struct expr *e, const char *name,
                        struct expr *by)
{
    if (e->kind == E_SYM && !strcmp(e->name, name))
        return by;
    struct expr *c = expr_new(a, e->kind, e->n), **v = c->a;
    *c = *e;
    c->a = v;
    for (int i = 0; i < e->n; i++)
        v[i] = expr_subst(a, e->a[i], name, by);
    return c;
}

static const char *const heads[] = {
    "num",        "base",   "sym",      "const",  "+",
    "*",          "^",      "fn",       "+-",     "percent",
    "degrees",    "unit",   "with",     "pieces", "text",
    "seq",        "list",   "set",      "union",  "intersection",
    "difference", "matrix", "relation", "ratio",  "..."};

struct out {
    char *s;
    size_t n, cap;
};

static void put(struct out *o, const char *s, size_t n)
{
    if (o->n + n + 1 > o->cap) {
        o->cap = 2 * (o->n + n + 1);
        o->s = xrealloc(o->s, o->cap, 1);
    }
    memcpy(o->s + o->n, s, n);
    o->n += n;
    o->s[o->n] = 0;
}

static void puts_(struct out *o, const char *s)
{
    put(o, s, strlen(s));
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void show(struct out *o, const struct expr *e, int canonical)
{
    char buf[32];

    switch (e->kind) {
    case E_NUM:
        puts_(o, e->name);
        if (e->exp10) {
            snprintf(buf, sizeof buf, "e%d", e->exp10);
            puts_(o, buf);
        }
        return;
    case E_BASE:
        puts_(o, e->name);
        snprintf(buf, sizeof buf, "_base%d", e->exp10);
        puts_(o, buf);
        return;
    case E_SYM:
    case E_CONST:
        puts_(o, e->name);
        return;
    case E_TEXT:
        puts_(o, "\"");
        puts_(o, e->name);
        puts_(o, "\"");
        return;
    case E_DOTS:
        puts_(o, "...");
        return;
    default:
        break;
    }
    puts_(o, "(");
    puts_(o, e->kind == E_FN ? e->name : heads[e->kind]);
    if (e->kind == E_SEQ) {
        put(o, &e->lb, 1);
        put(o, &e->rb, 1);
    } else if (e->kind == E_MATRIX) {
        snprintf(buf, sizeof buf, " %dx%d", e->rows, e->cols);
        puts_(o, buf);
    } else if (e->kind == E_REL || e->kind == E_UNIT) {
        puts_(o, " ");
        puts_(o, e->name);
    }
    if (canonical &&
        (e->kind == E_ADD || e->kind == E_MUL || e->kind == E_SET) &&
        e->n > 1) {
        char **v = xmalloc((size_t)e->n * sizeof *v);
        for (int i = 0; i < e->n; i++) {
            struct out part = {0};
            show(&part, e->a[i], 1);
            v[i] = part.s;
        }
        qsort(v, (size_t)e->n, sizeof *v, by_text);
        for (int i = 0; i < e->n; i++) {
            puts_(o, " ");
            puts_(o, v[i]);
            free(v[i]);
        }
        free(v);
    } else {
        for (int i = 0; i < e->n; i++) {
            puts_(o, " ");
            show(o, e->a[i], canonical);
        }
    }
    puts_(o, ")");
}

const char *expr_show(struct arena *a, const struct expr *e, int canonical)
{
    struct out o = {0};

    show(&o, e, canonical);
    const char *s = arena_strndup(a, o.s ? o.s : "", o.n);
    free(o.s);
    return s;
}
