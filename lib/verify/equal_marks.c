/* equal_marks - what may be left out on one side: units, percent and degree
 * marks, the base of a numeral (equal.h)
 */
#include <stdint.h>
#include <string.h>
#include "equal.h"

struct expr *equal_divided(struct equal *q, const struct expr *x,
                            const char *by)
{
    struct expr *m = expr_new(q->a, E_MUL, 2), *p = expr_new(q->a, E_POW, 2);

    p->a[0] = expr_new(q->a, E_NUM, 0);
    p->a[0]->name = by;
    p->a[1] = expr_new(q->a, E_NUM, 0);
    p->a[1]->name = "-1";
    m->a[0] = (struct expr *)(uintptr_t)x;
    m->a[1] = p;
    return m;
}

static int unit_pair(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    const char *scale, *why;
    int r = units_compare(q->a, x->name, y->name, &scale);

    if (r <= 0)
        return 0;
    if (!strcmp(scale, "1"))
        return equal_trees(q, x->a[0], y->a[0]);
    struct expr *m = expr_new(q->a, E_MUL, 2);
    struct expr *s = expr_parse(q->a, text_of(scale, strlen(scale)),
                                COMMA_LIST, &why);
    if (!s)
        return 0;
    m->a[0] = x->a[0];
    m->a[1] = s;
    return equal_trees(q, m, y->a[0]);
}

/* "3 m" is read as a product; against a unit it is one. */
static const struct expr *as_unit(struct equal *q, const struct expr *e)
{
    if (e->kind != E_MUL || e->n != 2 || e->a[0]->kind != E_NUM ||
        e->a[1]->kind != E_SYM || strlen(e->a[1]->name) != 1 ||
        !strchr("mgshlL", e->a[1]->name[0]))
        return e;
    struct expr *u = expr_new(q->a, E_UNIT, 1);
    u->name = e->a[1]->name;
    u->a[0] = e->a[0];
    return u;
}

static int mark(const struct expr *e)
{
    return e->kind == E_UNIT || e->kind == E_PERCENT || e->kind == E_DEG ||
                   e->kind == E_BASE ? (int)e->kind : 0;
}

/* 90 degrees are pi/2, but 61 degrees are not 1.06. */
static int radians(struct equal *q, const struct expr *x,
                   const struct expr *y)
{
    return equal_scalar(q, x, y) && strcmp(q->rule, "rounded");
}

/* Percent, degree and unit marks; -1 when there are none. */
int equal_marked(struct equal *q, const struct expr *x,
                  const struct expr *y)
{
    int m, n, mx, my;

    if (units_time(x, &m, &mx) && units_time(y, &n, &my))
        return m == n || (mx != my && m % 720 == n % 720 &&
                          (mx ? n : m) < 780);
    if (x->kind == E_UNIT)
        y = as_unit(q, y);
    else if (y->kind == E_UNIT)
        x = as_unit(q, x);
    if (mark(x) && mark(y) && mark(x) != mark(y))
        return 0; /* 50% is not 50 degrees */
    if (x->kind == E_UNIT && y->kind == E_UNIT)
        return unit_pair(q, x, y);
    if (x->kind == E_UNIT)
        return equal_trees(q, x->a[0], y);
    if (y->kind == E_UNIT)
        return equal_trees(q, x, y->a[0]);
    if (x->kind == y->kind && (x->kind == E_PERCENT || x->kind == E_DEG))
        return equal_trees(q, x->a[0], y->a[0]);
    if (x->kind == E_PERCENT)
        return equal_trees(q, x->a[0], y) ||
               equal_trees(q, equal_divided(q, x->a[0], "100"), y);
    if (y->kind == E_PERCENT)
        return equal_trees(q, x, y->a[0]) ||
               equal_trees(q, x, equal_divided(q, y->a[0], "100"));
    if (x->kind == E_DEG)
        return equal_scalar(q, x->a[0], y) || radians(q, x, y);
    if (y->kind == E_DEG)
        return equal_scalar(q, x, y->a[0]) || radians(q, x, y);
    return -1;
}

int equal_bases(const struct expr *x, const struct expr *y)
{
    const struct expr *b = x->kind == E_BASE ? x : y;
    const struct expr *o = x->kind == E_BASE ? y : x;

    if (o->kind == E_BASE)
        return o->exp10 == b->exp10 && !strcmp(o->name, b->name);
    /* the base, like a unit, may be left out */
    return o->kind == E_NUM && !o->exp10 && !strcmp(o->name, b->name);
}
