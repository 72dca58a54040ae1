/* equal - see equal.h */
#include "equal.h"
#include <stdint.h>
#include <string.h>

int equal_scalar(struct equal *q, const struct expr *x,
                 const struct expr *y)
{
    static const char *const rules[] = { "", "", "rational", "normal_form",
                                         "exact", "numeric", "rounded" };
    struct value_opts o = q->v;
    if (q->depth > 1) /* an entry's yes is not yet the answer's */
        o.provisional = NULL;
    enum value_verdict v = value_equal(q->a, x, y, &o);

    if (v <= VALUE_DIFFERENT)
        return 0;
    q->rule = rules[v];
    return 1;
}

/* ---- rows of things ---------------------------------------------------- */

static int in_order(struct equal *q, const struct expr *x,
                    const struct expr *y)
{
    if (x->n != y->n)
        return 0;
    for (int i = 0; i < x->n; i++)
        if (!equal_trees(q, x->a[i], y->a[i]))
            return 0;
    return 1;
}

static int each_in(struct equal *q, const struct expr *x,
                   const struct expr *y, int swap)
{
    for (int i = 0; i < x->n; i++) {
        int found = 0;
        for (int j = 0; j < y->n && !found; j++)
            found = swap ? equal_trees(q, y->a[j], x->a[i])
                         : equal_trees(q, x->a[i], y->a[j]);
        if (!found)
            return 0;
    }
    return 1;
}

static int any_order(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    char *used;

    if (x->n != y->n)
        return x->kind == E_SET && y->kind == E_SET && x->n && y->n &&
               each_in(q, x, y, 0) && each_in(q, y, x, 1);
    used = arena_alloc(q->a, (size_t)y->n + 1);
    for (int i = 0; i < x->n; i++) {
        int j = 0;
        while (j < y->n && (used[j] || !equal_trees(q, x->a[i], y->a[j])))
            j++;
        if (j == y->n)
            return 0;
        used[j] = 1;
    }
    return 1;
}

static int count_kind(const struct expr *e, int (*is)(const struct expr *))
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        n += is(e->a[i]);
    return n;
}

static int is_definition(const struct expr *e)
{
    return relation_name(e) != NULL;
}

static int is_dots(const struct expr *e)
{
    return e->kind == E_DOTS;
}

static int lists(struct equal *q, const struct expr *x, const struct expr *y)
{
    int dx = count_kind(x, is_definition), dy = count_kind(y, is_definition);

    if (count_kind(x, is_dots) || count_kind(y, is_dots))
        return in_order(q, x, y);
    /* named on one side only: the order says which is which */
    if ((dx > 1 && dy == 0) || (dy > 1 && dx == 0)) {
        const struct expr *named = dx ? x : y;
        for (int i = 0; i + 1 < named->n; i++) {
            const struct expr *a = relation_name(named->a[i]);
            const struct expr *b = relation_name(named->a[i + 1]);
            if (a && b && strcmp(expr_show(q->a, a, 1),
                                 expr_show(q->a, b, 1)))
                return in_order(q, x, y);
        }
    }
    return any_order(q, x, y);
}

static int is_row(const struct expr *e)
{
    return e->kind == E_LIST || e->kind == E_SET || e->kind == E_SEQ ||
           e->kind == E_MATRIX;
}

/* [[1, 2], [3, 4]] as a matrix, or NULL. */
static const struct expr *grid(struct equal *q, const struct expr *e)
{
    if (e->kind != E_SEQ || e->n < 1 || e->a[0]->kind != E_SEQ)
        return NULL;
    int cols = e->a[0]->n;
    struct expr *m = expr_new(q->a, E_MATRIX, e->n * cols);
    m->rows = e->n;
    m->cols = cols;
    for (int i = 0; i < e->n; i++) {
        if (e->a[i]->kind != E_SEQ || e->a[i]->n != cols)
            return NULL;
        memcpy(m->a + i * cols, e->a[i]->a, (size_t)cols * sizeof *m->a);
    }
    return m;
}

static int rows(struct equal *q, const struct expr *x, const struct expr *y)
{
    if (x->kind == E_MATRIX && y->kind == E_MATRIX)
        return x->rows == y->rows && x->cols == y->cols && in_order(q, x, y);
    if (x->kind == E_MATRIX || y->kind == E_MATRIX) {
        const struct expr *m = x->kind == E_MATRIX ? x : y;
        const struct expr *o = x->kind == E_MATRIX ? y : x;
        const struct expr *g = grid(q, o);
        if (g && m->cols > 1)
            return g->rows == m->rows && g->cols == m->cols &&
                   (x == m ? in_order(q, m, g) : in_order(q, g, m));
        return (m->rows == 1 || m->cols == 1) && o->kind == E_SEQ &&
               in_order(q, x, y);
    }
    if (x->kind == E_SEQ && y->kind == E_SEQ) {
        if ((x->lb != y->lb || x->rb != y->rb) &&
            (x->n == 2 || (x->lb == '(') != (x->rb == ')') ||
             (y->lb == '(') != (y->rb == ')')))
            return 0;
        return in_order(q, x, y);
    }
    const struct expr *s = x->kind == E_SEQ ? x : y;
    if (s->kind == E_SEQ && s->n == 2 && (s->lb != '(' || s->rb != ')'))
        return 0; /* an interval is no pair of numbers */
    if (s->kind == E_SEQ)
        return x->kind != E_SET && y->kind != E_SET && in_order(q, x, y);
    return lists(q, x, y);
}

/* "(p, q) = (3, 2)" as "p = 3, q = 2". */
static struct expr *spread(struct equal *q, const struct expr *e)
{
    if (!relation_is(e, '=') || e->a[0]->kind != E_SEQ ||
        e->a[1]->kind != E_SEQ || e->a[0]->n != e->a[1]->n)
        return NULL;
    struct expr *l = expr_new(q->a, E_LIST, e->a[0]->n);
    for (int i = 0; i < l->n; i++) {
        l->a[i] = expr_new(q->a, E_REL, 2);
        l->a[i]->name = "=";
        l->a[i]->a[0] = e->a[0]->a[i];
        l->a[i]->a[1] = e->a[1]->a[i];
    }
    return l;
}

/* Is x[0] : x[i] as y[0] : y[i] for every i? */
static int cross_equal(struct equal *q, const struct expr *x,
                       const struct expr *y)
{
    for (int i = 1; i < x->n; i++) {
        struct expr *l = expr_new(q->a, E_MUL, 2);
        struct expr *m = expr_new(q->a, E_MUL, 2);
        double d;
        if (value_double(x->a[i], &d) && d == 0.0)
            return 0;
        l->a[0] = x->a[0];
        l->a[1] = y->a[i];
        m->a[0] = y->a[0];
        m->a[1] = x->a[i];
        if (!equal_scalar(q, l, m))
            return 0;
    }
    return 1;
}

static int ratios(struct equal *q, const struct expr *x,
                  const struct expr *y)
{
    const struct expr *r = x->kind == E_RATIO ? x : y;

    if (count_kind(x, is_dots) || count_kind(y, is_dots))
        return x->kind == y->kind && in_order(q, x, y);
    if (x->kind != E_RATIO || y->kind != E_RATIO) {
        struct expr *m = expr_new(q->a, E_MUL, 2);
        struct expr *p = equal_divided(q, r->a[0], "1");
        if (r->n != 2)
            return 0;
        p->a[1]->a[0] = r->a[1];
        m = p;
        return x == r ? equal_scalar(q, m, y) : equal_scalar(q, x, m);
    }
    if (x->n != y->n)
        return 0;
    if (in_order(q, x, y))
        return 1;
    q->depth++;
    int same = cross_equal(q, x, y);
    q->depth--;
    return same;
}

static int infinite(const struct expr *e)
{
    double d;
    if (e->kind != E_CONST && e->kind != E_MUL)
        return 0;
    return value_double(e, &d) ? (d > 1e308) - (d < -1e308) : 0;
}

static int structured(const struct expr *e)
{
    return is_row(e) || e->kind == E_UNION || e->kind == E_INTER ||
           e->kind == E_DIFF || e->kind == E_DOTS;
}

static int set_like(const struct expr *e)
{
    return e->kind == E_UNION || e->kind == E_INTER || e->kind == E_DIFF;
}

/* Anything to do with relations; -1 when neither side is one. */
static int relations(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    const struct expr *v;
    struct expr *s;

    if (x->kind == E_REL && y->kind == E_REL) {
        if (relations_equal(q, x, y))
            return 1;
        struct expr *t = sets_of_relation(q, y);
        if ((s = sets_of_relation(q, x)) && t) {
            const char *u[2], *w[2];
            int n = value_symbols(x, u, 2), m = value_symbols(y, w, 2);
            if (n == 1 && m == 1 && strcmp(u[0], w[0]))
                return 0;
            if (q->o->no_relations && relation_is(x, 'i') &&
                !relation_is(y, 'i'))
                return 0;
            return sets_equal(q, s, t) == 1;
        }
        return 0;
    }
    if (x->kind != E_REL && y->kind != E_REL)
        return -1;
    const struct expr *r = x->kind == E_REL ? x : y;
    const struct expr *o = x->kind == E_REL ? y : x;
    if ((s = sets_of_relation(q, r))) {
        if (q->o->no_relations && r == y && !relation_is(r, 'i'))
            return 0;
        return r == x ? equal_trees(q, s, o) : equal_trees(q, o, s);
    }
    if (o->kind == E_LIST && (s = spread(q, r)) &&
        count_kind(o, is_definition) == o->n)
        return r == x ? lists(q, s, o) : lists(q, o, s);
    if ((v = relation_value(r)))
        return r == x ? equal_trees(q, v, o) : equal_trees(q, o, v);
    return 0;
}

int equal_trees(struct equal *q, const struct expr *x, const struct expr *y)
{
    int r, ix, iy;

    if (q->depth > 60 || --q->budget < 0)
        return 0;
    q->depth++;
    if ((r = relations(q, x, y)) >= 0)
        goto out;
    if (set_like(x) || set_like(y)) {
        r = sets_equal(q, x, y);
        if (r < 0)
            r = x->kind == y->kind && any_order(q, x, y);
        goto out;
    }
    if (structured(x) || structured(y)) {
        if (is_row(x) && is_row(y)) {
            r = rows(q, x, y);
            goto out;
        }
        if (x->kind == E_UNIT || y->kind == E_UNIT) {
            r = equal_trees(q, x->kind == E_UNIT ? x->a[0] : x,
                            y->kind == E_UNIT ? y->a[0] : y);
            goto out;
        }
        /* a row of inequalities may be a set, and so may R */
        r = x->kind == E_DOTS || y->kind == E_DOTS ? x->kind == y->kind
                                                   : sets_equal(q, x, y) == 1;
        goto out;
    }
    ix = infinite(x);
    iy = infinite(y);
    if (ix || iy) {
        r = ix == iy;
        goto out;
    }
    if ((r = equal_marked(q, x, y)) >= 0)
        goto out;
    if (x->kind == E_RATIO || y->kind == E_RATIO)
        r = ratios(q, x, y);
    else if (x->kind == E_BASE || y->kind == E_BASE)
        r = equal_bases(x, y);
    else
        r = equal_scalar(q, x, y);
out:
    q->depth--;
    return r;
}
