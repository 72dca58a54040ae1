/* equal_prepare - both trees before they are compared: lists flattened,
 * plus-minus expanded, chains of equalities shortened (equal.h)
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include "equal.h"

/* A copy in which every +- has one sign. */
static struct expr *with_sign(struct equal *q, const struct expr *e, int neg)
{
    struct expr *c = expr_new(q->a, e->kind, e->n);
    struct expr **a = c->a;

    *c = *e;
    c->a = a;
    for (int i = 0; i < e->n; i++)
        a[i] = with_sign(q, e->a[i], neg);
    return e->kind != E_PM ? c : neg ? expr_neg(q->a, a[0]) : a[0];
}

/* A chain of equalities to its first and its last exact side. What is only
 * about equal adds nothing. */
static struct expr *shorten(struct equal *q, struct expr *e)
{
    int n = e->n;

    if (strspn(e->name, "=~") != strlen(e->name))
        return e;
    for (int i = 0; e->name[i]; i++)
        if (e->name[i] == '~' && !(i == 0 && relation_bare(e->a[0]))) {
            n = i + 1;
            break;
        }
    if (n == 1)
        return e->a[0];
    if (e->n == 2)
        return e;
    struct expr *r = expr_pair(q->a, E_REL, e->a[0], e->a[n - 1]);
    r->name = "=";
    return r;
}

/* "3/4 or 0.75": one value said twice. */
static struct expr *said_twice(struct equal *q, struct expr *e)
{
    for (int i = 1; i < e->n; i++)
        if (!equal_trees(q, e->a[0], e->a[i]))
            return e;
    return e->a[0];
}

/* The last branch's "otherwise" is what the others leave of the reals. */
static void otherwise(struct equal *q, struct expr *e)
{
    struct expr *last = e->a[e->n - 1], *sum = NULL;
    const char *var = NULL, *v;

    if (last->n != 2 || last->a[1]->kind != E_TEXT)
        return;
    for (int i = 0; i + 1 < e->n; i++) {
        const struct expr *c = e->a[i];
        const struct expr *s = c->n == 2 ? sets_of(q, c->a[1], &v) : NULL;
        if (!s || !v || (var && strcmp(var, v)))
            return;
        var = v;
        sum = sum ? expr_pair(q->a, E_UNION, sum, s)
                  : (struct expr *)(uintptr_t)s;
    }
    if (!sum)
        return;
    struct expr *all = expr_named(q->a, E_SYM, "RR");
    last->a[1] = expr_pair(q->a, E_REL, expr_named(q->a, E_SYM, var),
                           expr_pair(q->a, E_DIFF, all, sum));
    last->a[1]->name = "i";
}

static int count_flat(const struct expr *e)
{
    int n = 0;

    if (e->kind != E_LIST)
        return 1;
    for (int i = 0; i < e->n; i++)
        n += count_flat(e->a[i]);
    return n;
}

static int fill_flat(struct expr *e, struct expr **v, int n)
{
    if (e->kind != E_LIST) {
        v[n++] = e;
        return n;
    }
    for (int i = 0; i < e->n; i++)
        n = fill_flat(e->a[i], v, n);
    return n;
}

struct expr *equal_prepare(struct equal *q, struct expr *e)
{
    if (e->kind == E_LIST || e->kind == E_SET || e->kind == E_SEQ ||
        e->kind == E_UNION || e->kind == E_MATRIX || e->kind == E_WITH ||
        e->kind == E_PIECES)
        for (int i = 0; i < e->n; i++)
            e->a[i] = equal_prepare(q, e->a[i]);
    if (e->kind == E_ADD && e->a[0]->kind == E_UNIT) {
        struct expr *u = quantities_added(q, e, 0);
        if (u)
            return u;
        e->kind = E_LIST; /* "5 apples 3 pears" is no number */
    }
    if (e->kind == E_MUL && !strcmp(e->name, "twice")) {
        struct expr *v = expr_new(q->a, E_MUL, e->n - 1);
        memcpy(v->a, e->a, (size_t)v->n * sizeof *v->a);
        if (equal_trees(q, v, e->a[v->n]))
            return v; /* "5/4 (1.25)" */
    }
    if (e->kind == E_MUL && e->n == 2 && relation_bare(e->a[0]) &&
        isupper((unsigned char)e->a[0]->name[0]) && e->a[1]->kind == E_SEQ) {
        e = expr_pair(q->a, E_REL, e->a[0], e->a[1]);
        e->name = "="; /* "A(2, 3)" */
    }
    if (e->kind == E_REL) {
        e = shorten(q, e);
        if (e->kind != E_REL)
            return equal_prepare(q, e);
        if (e->n == 2 && e->a[0]->kind == E_ADD)
            e->a[0] = equal_prepare(q, e->a[0]);
        if (e->n == 2 && !expr_has(e, E_PM, NULL))
            e->a[1] = equal_prepare(q, e->a[1]);
    }
    if (e->kind == E_PIECES && e->n > 1)
        otherwise(q, e);
    if (e->kind != E_LIST && e->kind != E_SET && e->kind != E_SEQ &&
        e->kind != E_WITH && expr_has(e, E_PM, NULL)) {
        e = expr_pair(q->a, E_LIST, with_sign(q, e, 0), with_sign(q, e, 1));
    }
    if (e->kind == E_LIST && !strcmp(e->name, "or"))
        e = said_twice(q, e);
    if (e->kind == E_LIST && !strcmp(e->name, "and")) {
        struct expr *sum = quantities_added(q, e, 1);
        e = sum ? sum : e; /* "2 hours and 30 minutes" */
    }
    if (e->kind == E_LIST || e->kind == E_SET) {
        int n = 0;
        for (int i = 0; i < e->n; i++)
            n += count_flat(e->a[i]);
        if (n != e->n) {
            struct expr *f = expr_new(q->a, e->kind, n);
            f->name = e->name;
            n = 0;
            for (int i = 0; i < e->n; i++)
                n = fill_flat(e->a[i], f->a, n);
            e = f;
        }
        if (e->kind == E_LIST && e->n == 1)
            return e->a[0];
    }
    return e;
}
