/* equal_rel - equations and inequalities (equal.h)
 *
 * A relation is both its sides. Only a bare name, or the gold's own left
 * side, may stand for "the answer is". Two equations are the same when the
 * differences of their sides stand in a constant ratio, two inequalities
 * when that ratio is positive (after both are turned to "less").
 */
#include <ctype.h>
#include <string.h>
#include "equal.h"

int relation_is(const struct expr *e, char op)
{
    return e->kind == E_REL && e->n == 2 && e->name[0] == op;
}

static int is_equation(const struct expr *e)
{
    return relation_is(e, '=') || relation_is(e, '~');
}

static int symbols_of(const struct expr *e)
{
    const char *names[8];
    int n = value_symbols(e, names, 8);
    return n < 0 ? 8 : n;
}

static int is_minus_one(const struct expr *e)
{
    double d;
    return value_double(e, &d) && d == -1.0;
}

/* f(x), \varphi(12), P(A): a function that is nobody's but the problem's. */
static int is_own_function(const struct expr *e)
{
    static const char names[] = "phi|varphi|psi|sigma|tau|mu|max|min";

    if (e->kind != E_FN || e->n < 1 || !e->name[1] || e->name[1] == '\'')
        return e->kind == E_FN && e->n > 0;
    return e->n == 1 && text_in(text_of(e->name, strlen(e->name)), names);
}

static int is_capital(const struct expr *e)
{
    return e->kind == E_SYM && isupper((unsigned char)e->name[0]);
}

/* AB, \angle ABC, P(X = 1), d(A, B), f^{-1}(x). */
static int is_compound_name(const struct expr *e)
{
    const struct expr *f = e->a[0];
    int points = 1;

    for (int i = 0; i < e->n; i++)
        points &= is_capital(e->a[i]) ||
                  (!i && e->n > 2 && e->a[0]->kind == E_SYM &&
                   !strcmp(e->a[0]->name, "m")) || /* m\angle ABC */
                  (e->a[i]->kind == E_CONST && e->a[i]->name[0] == 'i');
    if (points)
        return 1;
    if (f->kind == E_POW && f->a[0]->kind == E_SYM && is_minus_one(f->a[1]))
        f = f->a[0];
    enum expr_kind k = e->a[1]->kind;
    return e->n == 2 && f->kind == E_SYM &&
           (f != e->a[0] ? k == E_SYM
                         : k == E_SEQ || k == E_REL || k == E_UNION ||
                               k == E_INTER || k == E_LIST);
}

/* Letters in the wrong order: "(y, x)" names no pair by itself. */
static int turned(const struct expr *x, const struct expr *y)
{
    return x->kind == E_SYM && y->kind == E_SYM && !x->name[1] && !y->name[1] &&
           x->name[0] > y->name[0];
}

int relation_bare(const struct expr *e)
{
    switch (e->kind) {
    case E_SYM:
    case E_TEXT:
        return 1;
    case E_FN:
        if (!strcmp(e->name, "abs")) /* |AB|, but not |x| */
            return e->a[0]->kind == E_MUL && is_compound_name(e->a[0]);
        return is_own_function(e);
    case E_MUL:
        return e->n > 1 && is_compound_name(e);
    case E_SEQ:
    case E_RATIO:
    case E_LIST:
        for (int i = 0; i < e->n; i++)
            if (!relation_bare(e->a[i]) ||
                (i && e->kind == E_SEQ && turned(e->a[i - 1], e->a[i])))
                return 0;
        return e->n > 0;
    case E_UNIT:
    case E_DEG:
        return relation_bare(e->a[0]);
    default:
        return 0;
    }
}

/* The left side of a gold that no one would solve for a variable: a bare
 * name, NO/BO, m + n, a - b. */
static int is_gold_name(const struct expr *e)
{
    if (relation_bare(e))
        return 1;
    if (e->kind == E_FN)
        return symbols_of(e) > 0 && !strcmp(e->name, "abs") &&
               e->a[0]->kind != E_SYM;
    if (e->kind == E_POW)
        return is_minus_one(e->a[1]) && is_gold_name(e->a[0]);
    if (e->kind != E_ADD && e->kind != E_MUL)
        return 0;
    for (int i = 0; i < e->n; i++) {
        const struct expr *pos = e->kind == E_ADD ? expr_negated(e->a[i])
                                                  : NULL;
        if (!is_gold_name(pos ? pos : e->a[i]))
            return 0;
    }
    return e->n > 1;
}

const struct expr *relation_name(const struct expr *e)
{
    if (!is_equation(e) && !relation_is(e, 'i'))
        return NULL;
    if (relation_bare(e->a[0]))
        return e->a[0];
    return e->name[0] == '=' && relation_bare(e->a[1]) ? e->a[1] : NULL;
}

const struct expr *relation_value(struct equal *q, const struct expr *e,
                                  int gold)
{
    const struct expr *name = relation_name(e);
    double d;

    if (!is_equation(e))
        return NULL;
    if (name)
        return name == e->a[0] ? e->a[1] : e->a[0];
    /* "28 + 32 = 60" is 60; "3 = 5" is nothing */
    if (symbols_of(e->a[0]) == 0)
        return gold || expr_has(e->a[0], E_DOTS, NULL) ||
                       equal_trees(q, e->a[0], e->a[1])
                   ? e->a[1]
                   : NULL;
    if (!gold || !is_gold_name(e->a[0]))
        return NULL;
    if (e->a[0]->kind == E_ADD && !(value_double(e->a[1], &d) && d != 0.0))
        return NULL; /* x + y = 0 is an equation */
    return e->a[1];
}

/* ---- two relations ----------------------------------------------------- */

static struct expr *difference(struct equal *q, const struct expr *x,
                               const struct expr *y)
{
    return expr_pair(q->a, E_ADD, x, expr_neg(q->a, y));
}

static int proportional(struct equal *q, const struct expr *x,
                        const struct expr *y)
{
    const char *u[16], *v[16];
    int n = value_symbols(x, u, 16), m = value_symbols(y, v, 16);

    if (n <= 0 || n != m)
        return 0;
    for (int i = 0; i < n; i++)
        if (strcmp(u[i], v[i]))
            return 0;
    return value_ratio(q->a, x, y);
}

/* Turned to "less" or "at most", as the difference of its sides. */
static int less(struct equal *q, const struct expr *e, struct expr **d)
{
    char op = e->name[0];
    int down = op == '>' || op == 'g';

    *d = down ? difference(q, e->a[1], e->a[0])
              : difference(q, e->a[0], e->a[1]);
    return down ? (op == '>' ? '<' : 'l') : op;
}

/* f(t) = t + 1 is f(x) = x + 1: the values with the argument renamed, -1
 * when these are not definitions of one function. */
static int same_function(struct equal *q, const struct expr *nx,
                         const struct expr *ny, const struct expr *vx,
                         const struct expr *vy)
{
    if (nx->kind != E_FN || ny->kind != E_FN || nx->n != 1 || ny->n != 1 ||
        strcmp(nx->name, ny->name) || nx->a[0]->kind != E_SYM ||
        ny->a[0]->kind != E_SYM || is_capital(nx->a[0]) ||
        is_capital(ny->a[0])) /* P(A) is not P(B) */
        return -1;
    const char *from = ny->a[0]->name, *to = nx->a[0]->name;
    if (strcmp(from, to)) {
        vy = expr_subst(q->a, vy, to, expr_named(q->a, E_SYM, "(free)"));
        vy = expr_subst(q->a, vy, from, nx->a[0]);
    }
    return equal_trees(q, vx, vy);
}

static int equations(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    const struct expr *nx = relation_name(x), *ny = relation_name(y);

    for (int turn = 0; turn < 2; turn++)
        if (equal_trees(q, x->a[0], y->a[turn]) &&
            equal_trees(q, x->a[1], y->a[!turn]))
            return 1;
    if (nx && ny) {
        const struct expr *vx = relation_value(q, x, 1);
        const struct expr *vy = relation_value(q, y, 0);
        int r = same_function(q, nx, ny, vx, vy);
        if (r >= 0)
            return r;
        /* a bare variable against any other kind of name */
        int sx = nx->kind == E_SYM, sy = ny->kind == E_SYM;
        if (sx != sy && !expr_has(sx ? vy : vx, E_SYM, (sx ? nx : ny)->name) &&
            equal_trees(q, vx, vy))
            return 1;
    }
    if (proportional(q, difference(q, x->a[0], x->a[1]),
                     difference(q, y->a[0], y->a[1])) != 0) {
        q->rule = "proportional";
        return 1;
    }
    return 0;
}

/* a < b < c, also read from the other end. */
static int chains(struct equal *q, const struct expr *x, const struct expr *y)
{
    static const char from[] = "<>lg=~n", to[] = "><gl=~n";
    int same = !strcmp(x->name, y->name), n = x->n;

    if (n != y->n)
        return 0;
    for (int i = 0; same && i < n; i++)
        same = equal_trees(q, x->a[i], y->a[i]);
    if (same)
        return 1;
    for (int i = 0; i + 1 < n; i++) {
        const char *f = strchr(from, y->name[n - 2 - i]);
        if (!f || !*f || to[f - from] != x->name[i])
            return 0;
    }
    for (int i = 0; i < n; i++)
        if (!equal_trees(q, x->a[i], y->a[n - 1 - i]))
            return 0;
    return 1;
}

int relations_equal(struct equal *q, const struct expr *x, const struct expr *y)
{
    struct expr *dx, *dy;

    if (x->n != 2 || y->n != 2)
        return chains(q, x, y);
    char o = x->name[0], p = y->name[0];
    if (is_equation(x) && is_equation(y))
        return equations(q, x, y);
    if (strchr("it", o) || strchr("it", p))
        return o == p && equal_trees(q, x->a[0], y->a[0]) &&
               equal_trees(q, x->a[1], y->a[1]);
    if (!strchr("<>lgn", o) || !strchr("<>lgn", p))
        return 0;
    int a = less(q, x, &dx), b = less(q, y, &dy);
    int r = a == b ? proportional(q, dx, dy) : 0;
    if (r != 1 && !(a == 'n' && r))
        return 0;
    q->rule = "proportional";
    return 1;
}
