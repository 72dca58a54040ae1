/* equal_rel - equations and inequalities (equal.h)
 *
 * "x = 5" is 5 to one who asks for a number. Two equations are the same when
 * the differences of their sides stand in a constant ratio, two inequalities
 * when that ratio is positive (after both are turned to "less").
 */
#include <stdint.h>
#include <string.h>
#include "equal.h"

int relation_is(const struct expr *e, char op)
{
    return e->kind == E_REL && e->n == 2 && e->name[0] == op;
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

/* Something that an equation may define: x, a_3, f(x), AB, (p, q), NO/BO,
 * V_1 : V_2, |AB|, words. */
int name_like(const struct expr *e)
{
    switch (e->kind) {
    case E_SYM:
    case E_TEXT:
        return 1;
    case E_CONST:
        return 0;
    case E_FN:
        if (e->n != 1 && strcmp(e->name, "max") && strcmp(e->name, "min") &&
            strlen(e->name) > 1)
            return 0;
        return symbols_of(e) > 0;
    case E_POW:
        return value_symbols(e->a[1], (const char *[1]){ 0 }, 1) == 0 &&
               name_like(e->a[0]) && is_minus_one(e->a[1]);
    case E_MUL:
    case E_SEQ:
    case E_RATIO:
    case E_LIST:
        for (int i = 0; i < e->n; i++)
            if (!name_like(e->a[i]) &&
                !(e->a[i]->kind == E_CONST && e->n > 1) &&
                !(e->kind == E_MUL && i > 0 && /* P(X = 1), d(A, B) */
                  (e->a[i]->kind == E_SEQ || e->a[i]->kind == E_REL ||
                   e->a[i]->kind == E_UNION || e->a[i]->kind == E_INTER)))
                return 0;
        return e->n > 0;
    case E_UNIT:
    case E_DEG:
        return name_like(e->a[0]);
    default:
        return 0;
    }
}

static int sum_of_names(const struct expr *e)
{
    if (e->kind == E_MUL && e->n == 2 && e->a[0]->kind == E_NUM)
        return is_minus_one(e->a[0]) && name_like(e->a[1]);
    if (e->kind != E_ADD)
        return name_like(e);
    for (int i = 0; i < e->n; i++)
        if (!sum_of_names(e->a[i]))
            return 0;
    return e->n > 1;
}

const struct expr *relation_name(const struct expr *e)
{
    if (!relation_is(e, '=') && !relation_is(e, '~') && !relation_is(e, 'i'))
        return NULL;
    if (name_like(e->a[0]))
        return e->a[0];
    return e->name[0] == '=' && name_like(e->a[1]) ? e->a[1] : NULL;
}

const struct expr *relation_value(const struct expr *e)
{
    const struct expr *name = relation_name(e);

    if (name)
        return name == e->a[0] ? e->a[1] : e->a[0];
    if (!relation_is(e, '='))
        return NULL;
    /* "m + n = 73", "28 + 32 = 60": a sum of names, or of numbers, and its
     * value; not an equation that is still to be solved */
    double d;
    if (!value_double(e->a[1], &d))
        return NULL;
    if (symbols_of(e->a[0]) == 0)
        return e->a[1];
    return d != 0.0 && sum_of_names(e->a[0]) ? e->a[1] : NULL;
}

static struct expr *difference(struct equal *q, const struct expr *x,
                               const struct expr *y)
{
    struct expr *m = expr_new(q->a, E_MUL, 2), *s = expr_new(q->a, E_ADD, 2);

    m->a[0] = expr_new(q->a, E_NUM, 0);
    m->a[0]->name = "-1";
    m->a[1] = (struct expr *)(uintptr_t)y;
    s->a[0] = (struct expr *)(uintptr_t)x;
    s->a[1] = m;
    return s;
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

static int less(struct equal *q, const struct expr *e, struct expr **d)
{
    char op = e->name[0];
    int down = op == '>' || op == 'g';

    *d = down ? difference(q, e->a[1], e->a[0])
              : difference(q, e->a[0], e->a[1]);
    return down ? (op == '>' ? '<' : 'l') : op;
}

static struct expr *rename_copy(struct equal *q, const struct expr *e,
                                const char *from, const char *to)
{
    struct expr *c = expr_new(q->a, e->kind, e->n), **a = c->a;

    *c = *e;
    c->a = a;
    for (int i = 0; i < e->n; i++)
        a[i] = rename_copy(q, e->a[i], from, to);
    if (c->kind == E_SYM && !strcmp(c->name, from))
        c->name = to;
    return c;
}

/* f(t) = t + 1 is f(x) = x + 1: the value of f(y), y called as in f(x). */
static const struct expr *renamed(struct equal *q, const struct expr *nx,
                                  const struct expr *ny,
                                  const struct expr *vy)
{
    if (nx->kind != E_FN || ny->kind != E_FN || nx->n != 1 || ny->n != 1 ||
        nx->a[0]->kind != E_SYM || ny->a[0]->kind != E_SYM ||
        !strcmp(nx->a[0]->name, ny->a[0]->name))
        return vy;
    struct expr *hidden = rename_copy(q, vy, nx->a[0]->name, "(free)");
    return rename_copy(q, hidden, ny->a[0]->name, nx->a[0]->name);
}

static int equations(struct equal *q, const struct expr *x,
                     const struct expr *y)
{
    const struct expr *nx = relation_name(x), *ny = relation_name(y);

    if (nx && ny) {
        const struct expr *vx = relation_value(x), *vy = relation_value(y);
        vy = renamed(q, nx, ny, vy);
        int plain = nx->kind == E_SYM && ny->kind == E_SYM &&
                    strcmp(nx->name, ny->name);
        if (!(plain && symbols_of(vx) == 0) && equal_trees(q, vx, vy))
            return 1;
    }
    if (equal_trees(q, x->a[0], y->a[0]) && equal_trees(q, x->a[1], y->a[1]))
        return 1;
    if (proportional(q, difference(q, x->a[0], x->a[1]),
                     difference(q, y->a[0], y->a[1])) != 0) {
        q->rule = "proportional";
        return 1;
    }
    return 0;
}

int relations_equal(struct equal *q, const struct expr *x,
                    const struct expr *y)
{
    struct expr *dx, *dy;

    if (x->n == 2 && y->n == 2) {
        char o = x->name[0], p = y->name[0];
        if ((o == '=' || o == '~') && (p == '=' || p == '~'))
            return equations(q, x, y);
        if (o == 'i' || p == 'i')
            return o == p && equal_trees(q, x->a[1], y->a[1]);
        if (strchr("<>lgn", o) && strchr("<>lgn", p)) {
            int a = less(q, x, &dx), b = less(q, y, &dy);
            if (a != b)
                return 0;
            int r = proportional(q, dx, dy);
            if (r == 1 || (a == 'n' && r)) {
                q->rule = "proportional";
                return 1;
            }
        }
        return 0;
    }
    if (x->n != y->n)
        return 0;
    int same = !strcmp(x->name, y->name);
    for (int i = 0; same && i < x->n; i++)
        same = equal_trees(q, x->a[i], y->a[i]);
    if (same)
        return 1;
    /* a < b < c read from the other end */
    for (int i = 0; i < x->n; i++) {
        if (i + 1 < x->n) {
            static const char from[] = "<>lg=~n", to[] = "><gl=~n";
            const char *f = strchr(from, y->name[x->n - 2 - i]);
            if (!f || !*f || to[f - from] != x->name[i])
                return 0;
        }
        if (!equal_trees(q, x->a[i], y->a[y->n - 1 - i]))
            return 0;
    }
    return 1;
}
