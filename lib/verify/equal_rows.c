/* equal_rows - lists, sets, tuples, matrices and ratios (equal.h) */
#include <string.h>
#include "equal.h"

static int in_order(struct equal *q, const struct expr *x, const struct expr *y)
{
    if (x->n != y->n)
        return 0;
    for (int i = 0; i < x->n; i++)
        if (!equal_trees(q, x->a[i], y->a[i]))
            return 0;
    return 1;
}

static int each_in(struct equal *q, const struct expr *x, const struct expr *y,
                   int swap)
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

int rows_any_order(struct equal *q, const struct expr *x, const struct expr *y)
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

static int count_names(const struct expr *e)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        n += relation_name(e->a[i]) != NULL;
    return n;
}

static int has_dots(const struct expr *e)
{
    for (int i = 0; i < e->n; i++)
        if (e->a[i]->kind == E_DOTS)
            return 1;
    return 0;
}

static int lists(struct equal *q, const struct expr *x, const struct expr *y)
{
    int dx = count_names(x), dy = count_names(y);

    if (has_dots(x) || has_dots(y))
        return in_order(q, x, y);
    if (*x->name && *y->name && strcmp(x->name, y->name) && x->n &&
        x->a[0]->kind == E_SYM)
        return 0; /* p and q, p or q */
    /* named on one side only: the order says which is which */
    if ((dx > 1 && dy == 0) || (dy > 1 && dx == 0)) {
        const struct expr *named = dx ? x : y;
        for (int i = 0; i + 1 < named->n; i++) {
            const struct expr *a = relation_name(named->a[i]);
            const struct expr *b = relation_name(named->a[i + 1]);
            if (a && b && strcmp(expr_show(q->a, a, 1), expr_show(q->a, b, 1)))
                return in_order(q, x, y);
        }
    }
    return rows_any_order(q, x, y);
}

int rows_is(const struct expr *e)
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

static int matrices(struct equal *q, const struct expr *x, const struct expr *y)
{
    const struct expr *g;

    if (x->kind != E_MATRIX && (g = grid(q, x)) && y->cols > 1)
        x = g;
    if (y->kind != E_MATRIX && (g = grid(q, y)) && x->cols > 1)
        y = g;
    if (x->kind == E_MATRIX && y->kind == E_MATRIX)
        return x->rows == y->rows && x->cols == y->cols && in_order(q, x, y);
    const struct expr *m = x->kind == E_MATRIX ? x : y;
    const struct expr *o = x->kind == E_MATRIX ? y : x;
    return (m->rows == 1 || m->cols == 1) && o->kind == E_SEQ &&
           in_order(q, x, y);
}

int rows_equal(struct equal *q, const struct expr *x, const struct expr *y)
{
    if (x->kind == E_MATRIX || y->kind == E_MATRIX)
        return matrices(q, x, y);
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

struct expr *rows_spread(struct equal *q, const struct expr *e)
{
    if (!relation_is(e, '=') || e->a[0]->kind != E_SEQ ||
        e->a[1]->kind != E_SEQ || e->a[0]->n != e->a[1]->n)
        return NULL;
    struct expr *l = expr_new(q->a, E_LIST, e->a[0]->n);
    for (int i = 0; i < l->n; i++) {
        l->a[i] = expr_pair(q->a, E_REL, e->a[0]->a[i], e->a[1]->a[i]);
        l->a[i]->name = "=";
    }
    return l;
}

/* Is x[0] : x[i] as y[0] : y[i] for every i? */
static int cross_equal(struct equal *q, const struct expr *x,
                       const struct expr *y)
{
    for (int i = 1; i < x->n; i++) {
        double d;
        if (value_double(x->a[i], &d) && d == 0.0)
            return 0;
        if (!equal_scalar(q, expr_pair(q->a, E_MUL, x->a[0], y->a[i]),
                          expr_pair(q->a, E_MUL, y->a[0], x->a[i])))
            return 0;
    }
    return 1;
}

int rows_ratios(struct equal *q, const struct expr *x, const struct expr *y)
{
    const struct expr *r = x->kind == E_RATIO ? x : y;

    if (has_dots(x) || has_dots(y))
        return x->kind == y->kind && in_order(q, x, y);
    if (x->kind != E_RATIO || y->kind != E_RATIO) {
        if (r->n != 2)
            return 0;
        const struct expr *v = expr_over(q->a, r->a[0], r->a[1]);
        return x == r ? equal_scalar(q, v, y) : equal_scalar(q, x, v);
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
