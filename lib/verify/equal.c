/* equal - see equal.h */
#include "equal.h"
#include <stdint.h>
#include <string.h>

/* ---- a value under conditions, branches -------------------------------- */

/* "k in Z": which values a parameter takes; its name, or NULL. */
static const char *range_of(const struct expr *e)
{
    return relation_is(e, 'i') && e->a[0]->kind == E_SYM &&
                   e->a[1]->kind == E_SYM && strlen(e->a[1]->name) == 2 &&
                   strchr("ZRNCQ", e->a[1]->name[0])
               ? e->a[0]->name
               : NULL;
}

/* The range that a parameter is taken to have where none is given: integers
 * for k, l, m, n, reals for others. "For all x" says nothing, either. */
static int customary(const struct expr *e)
{
    const char *name = range_of(e);

    if (!name)
        return e->kind == E_SYM;
    const char *set = e->a[1]->name;
    if (name[0] == 'n')
        return set[0] == 'Z' || set[0] == 'N';
    if (strchr("jklm", name[0]))
        return !strcmp(set, "ZZ");
    return !strcmp(set, "RR") || !strcmp(set, "CC");
}

/* The one parameter that has a range, or NULL. */
static const char *parameter(const struct expr *e)
{
    const char *found = NULL, *name;

    for (int i = 1; i < e->n; i++)
        if ((name = range_of(e->a[i]))) {
            if (found)
                return NULL;
            found = name;
        }
    return found;
}

static const char *range_in(const struct expr *e, const char *name)
{
    for (int i = 1; name && i < e->n; i++) {
        const char *r = range_of(e->a[i]);
        if (r && !strcmp(r, name))
            return e->a[i]->a[1]->name;
    }
    return NULL;
}

/* Are x's conditions among y's, but for a customary range that y leaves
 * out? swap: y is the gold. */
static int conditions_in(struct equal *q, const struct expr *x,
                         const struct expr *y, int swap)
{
    for (int i = 1; i < x->n; i++) {
        const struct expr *c = x->a[i];
        const char *range = range_in(y, range_of(c));
        int found = range && !strcmp(range, c->a[1]->name);
        for (int j = 1; j < y->n && !found && !range; j++)
            if (c->kind != E_SYM && y->a[j]->kind != E_SYM)
                found = swap ? equal_trees(q, y->a[j], c)
                             : equal_trees(q, c, y->a[j]);
        if (!found && (range || !customary(c)))
            return 0;
    }
    return 1;
}

static struct expr *unconditional(struct equal *q, const struct expr *e)
{
    struct expr *w = expr_new(q->a, E_WITH, 1);

    w->a[0] = (struct expr *)(uintptr_t)e;
    return w;
}

static int under_conditions(struct equal *q, const struct expr *x,
                            const struct expr *y)
{
    if (x->kind != E_WITH)
        x = unconditional(q, x);
    if (y->kind != E_WITH)
        y = unconditional(q, y);
    const char *u = parameter(x), *v = parameter(y);
    if (u && v && strcmp(u, v) && !range_in(x, v) && !range_in(y, u)) {
        y = expr_subst(q->a, y, u, expr_named(q->a, E_SYM, "(free)"));
        y = expr_subst(q->a, y, v, expr_named(q->a, E_SYM, u));
    }
    return conditions_in(q, x, y, 0) && conditions_in(q, y, x, 1) &&
           equal_trees(q, x->a[0], y->a[0]);
}

/* ---- the types --------------------------------------------------------- */

static int set_like(const struct expr *e)
{
    return e->kind == E_UNION || e->kind == E_INTER || e->kind == E_DIFF ||
           (e->kind == E_WITH &&
            (!strcmp(e->name, "set") ||
             (e->a[0]->kind == E_REL && !relation_is(e->a[0], '='))));
}

/* Anything to do with relations; x or y is one. */
static int relations(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    const struct expr *r = x->kind == E_REL ? x : y;
    const struct expr *o = x->kind == E_REL ? y : x, *v;
    const char *var;
    struct expr *s = sets_of(q, r, &var);

    if (x->kind == E_REL && y->kind == E_REL) {
        if (relations_equal(q, x, y))
            return 1;
        if (q->o->no_relations && relation_is(x, 'i') && !relation_is(y, 'i'))
            return 0;
        return sets_equal(q, x, y) == 1;
    }
    if (s) {
        if (q->o->no_relations && r == y && !relation_is(r, 'i'))
            return 0;
        return r == x ? equal_trees(q, s, o) : equal_trees(q, o, s);
    }
    if (o->kind == E_LIST && (s = rows_spread(q, r)))
        return r == x ? rows_equal(q, s, o) : rows_equal(q, o, s);
    if ((v = relation_value(q, r, r == x)))
        return r == x ? equal_trees(q, v, o) : equal_trees(q, o, v);
    return 0;
}

static int rows_or_sets(struct equal *q, const struct expr *x,
                        const struct expr *y)
{
    const char *u, *v;
    int r;

    if (x->kind == E_LIST && y->kind == E_LIST && sets_of(q, x, &u) &&
        sets_of(q, y, &v) && (r = sets_equal(q, x, y)) >= 0)
        return r;
    if (rows_is(x) && rows_is(y) && rows_equal(q, x, y))
        return 1;
    if (x->kind == E_UNIT || y->kind == E_UNIT)
        return equal_trees(q, x->kind == E_UNIT ? x->a[0] : x,
                           y->kind == E_UNIT ? y->a[0] : y);
    if (x->kind == E_DOTS || y->kind == E_DOTS)
        return x->kind == y->kind;
    /* a row of inequalities may be a set, and so may R */
    if (rows_is(x) && rows_is(y) && !sets_of(q, x, &u) && !sets_of(q, y, &v))
        return 0;
    return sets_equal(q, x, y) == 1;
}

static int by_type(struct equal *q, const struct expr *x, const struct expr *y)
{
    int r;

    if (set_like(x) || set_like(y)) {
        if ((r = sets_equal(q, x, y)) >= 0)
            return r;
        if (x->kind == y->kind && x->kind != E_WITH)
            return rows_any_order(q, x, y);
    }
    if (x->kind == E_WITH || y->kind == E_WITH)
        return under_conditions(q, x, y);
    if (x->kind == E_REL || y->kind == E_REL)
        return relations(q, x, y);
    if (x->kind == E_PIECES || y->kind == E_PIECES)
        return x->kind == y->kind && rows_any_order(q, x, y);
    if (rows_is(x) || rows_is(y) || set_like(x) || set_like(y) ||
        x->kind == E_DOTS || y->kind == E_DOTS)
        return rows_or_sets(q, x, y);
    if (value_infinite(x) || value_infinite(y))
        return value_infinite(x) == value_infinite(y);
    if ((r = quantities_equal(q, x, y)) >= 0)
        return r;
    if (x->kind == E_RATIO || y->kind == E_RATIO)
        return rows_ratios(q, x, y);
    return equal_scalar(q, x, y);
}

int equal_answers(struct equal *q, const struct expr *x, const struct expr *y)
{
    if (q->depth > 60 || --q->budget < 0)
        return 0;
    q->depth++;
    int r = by_type(q, x, y);
    q->depth--;
    return r;
}
