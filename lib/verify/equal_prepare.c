/* equal_prepare - both trees before they are compared: lists flattened,
 * plus-minus expanded, chains of equalities shortened (equal.h)
 */
#include <string.h>
#include "equal.h"

static int has_pm(const struct expr *e)
{
    if (e->kind == E_PM)
        return 1;
    for (int i = 0; i < e->n; i++)
        if (has_pm(e->a[i]))
            return 1;
    return 0;
}

/* A copy in which every +- has one sign. */
static struct expr *with_sign(struct equal *q, const struct expr *e, int neg)
{
    struct expr *c = expr_new(q->a, e->kind, e->n);
    struct expr **a = c->a;

    *c = *e;
    c->a = a;
    for (int i = 0; i < e->n; i++)
        a[i] = with_sign(q, e->a[i], neg);
    if (e->kind != E_PM)
        return c;
    if (!neg)
        return a[0];
    struct expr *m = expr_new(q->a, E_MUL, 2);
    m->a[0] = expr_new(q->a, E_NUM, 0);
    m->a[0]->name = "-1";
    m->a[1] = a[0];
    return m;
}

/* A chain of equalities to its name and its last exact side. */
static struct expr *shorten(struct equal *q, struct expr *e)
{
    int n = e->n;

    for (int i = 0; e->name[i]; i++)
        if (e->name[i] != '=' && e->name[i] != '~')
            return e;
    for (int i = 0; e->name[i]; i++)
        if (e->name[i] == '~' && !(i == 0 && name_like(e->a[0]))) {
            n = i + 1; /* what is only about equal adds nothing */
            break;
        }
    if (n == 1)
        return e->a[0];
    int named = name_like(e->a[0]);
    if (e->n == 2 && (named || relation_is(e, '=')))
        return e;
    if (!named)
        return e->a[n - 1];
    struct expr *r = expr_new(q->a, E_REL, 2);
    r->name = "=";
    r->a[0] = e->a[0];
    r->a[1] = e->a[n - 1];
    return r;
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

/* "k in Z": which values a parameter takes. */
static int is_range(const struct expr *e)
{
    return relation_is(e, 'i') && e->a[0]->kind == E_SYM &&
           e->a[1]->kind == E_SYM && strlen(e->a[1]->name) == 2;
}

struct expr *equal_prepare(struct equal *q, struct expr *e)
{
    if (e->kind == E_LIST || e->kind == E_SET || e->kind == E_SEQ ||
        e->kind == E_UNION || e->kind == E_MATRIX)
        for (int i = 0; i < e->n; i++)
            e->a[i] = equal_prepare(q, e->a[i]);
    if (e->kind == E_REL) {
        e = shorten(q, e);
        if (e->kind != E_REL)
            return equal_prepare(q, e);
    }
    if (e->kind != E_LIST && e->kind != E_SET && e->kind != E_SEQ &&
        has_pm(e)) {
        struct expr *two = expr_new(q->a, E_LIST, 2);
        two->a[0] = with_sign(q, e, 0);
        two->a[1] = with_sign(q, e, 1);
        e = two;
    }
    if (e->kind == E_LIST && e->n > 1 && is_range(e->a[e->n - 1])) {
        struct expr *f = expr_new(q->a, E_LIST, e->n - 1);
        memcpy(f->a, e->a, (size_t)f->n * sizeof *f->a);
        e = f; /* "..., k in Z" */
    }
    if (e->kind == E_LIST || e->kind == E_SET) {
        int n = 0;
        for (int i = 0; i < e->n; i++)
            n += count_flat(e->a[i]);
        if (n != e->n) {
            struct expr *f = expr_new(q->a, e->kind, n);
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
