/* parse_arg - arguments of commands and functions (parse.c has the grammar) */
#include "parse_impl.h"

/* The argument of a TeX command: {...} or one token, where a number gives
 * its first digit alone when one is set ("\frac43", "\frac12"). */
struct expr *p_arg(struct parser *p, int digit)
{
    struct tok *t = peek(p);

    if (p->why)
        return p->dummy;
    if (take_ch(p, '{')) {
        if (p->depth++ > MAX_DEPTH)
            return p_bad(p, "too deep");
        struct expr *e = p->up->list(p);
        p->depth--;
        if (!take_ch(p, '}'))
            return p_bad(p, "a brace does not close");
        return e;
    }
    if (t->type == T_NUM) {
        struct expr *e = named(p, E_NUM, t->s);
        size_t k = strlen(t->s);
        if (digit && t->places == 0 && t->exp10 == 0 && k > 1) {
            e->name = arena_strndup(p->a, t->s, 1);
            t->s++;
            return e;
        }
        e->exp10 = t->exp10;
        e->places = t->places;
        p->i++;
        return p_repeat(p, e, t->repeat);
    }
    if (t->type == T_CH && (t->ch == '-' || t->ch == '+') && !digit) {
        p->i++;
        struct expr *e = p->up->factor(p);
        return t->ch == '-' ? neg(p, e) : e;
    }
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    struct expr *e = p->up->primary(p);
    p->depth--;
    return e;
}

struct expr *p_group_arg(struct parser *p)
{
    return p_arg(p, 0);
}

struct expr *p_frac(struct parser *p)
{
    struct expr *x = p_arg(p, 1), *y = p_arg(p, 1);
    return expr_over(p->a, x, y);
}

struct expr *p_root(struct parser *p)
{
    struct expr *k = NULL, *x;

    if (take_ch(p, '[')) {
        k = p->up->sum(p);
        if (!take_ch(p, ']'))
            return p_bad(p, "a root's degree does not close");
    }
    if (take_ch(p, '(')) {
        x = p->up->sum(p);
        if (!take_ch(p, ')'))
            return p_bad(p, "a bracket does not close");
    } else {
        x = p_arg(p, 0);
    }
    if (!k)
        return fn(p, "sqrt", x);
    struct expr *e = two(p, E_FN, x, k);
    e->name = "root";
    return e;
}

/* The argument of a function: brackets, or the product that follows. */
struct expr *p_fn_arg(struct parser *p)
{
    if (p_is_ch(p, '(') || p_is_ch(p, '{') || p_is_ch(p, '[') ||
        p_is_cmd(p, "{")) {
        struct expr *e = p->up->primary(p);
        if (e->kind == E_SEQ && e->n == 1)
            e = e->a[0];
        return e;
    }
    struct vec w = {0};
    int sign = 0;
    if (take_ch(p, '-'))
        sign = 1;
    push(p, &w, p->up->factor(p));
    while (!p->why && w.n < 64) {
        struct tok *t = peek(p);
        if (t->type == T_FN || t->type == T_END || t->type == T_TEXT ||
            t->type == T_SEP || (t->type == T_CH && t->ch != '/') ||
            (t->type == T_CMD && strcmp(t->s, "frac") && strcmp(t->s, "sqrt")))
            break;
        if (take_ch(p, '/')) {
            struct expr *d = p->up->factor(p);
            push(p, &w, two(p, E_POW, d, named(p, E_NUM, "-1")));
        } else {
            push(p, &w, p->up->factor(p));
        }
    }
    struct expr *e = w.n == 1 ? w.v[0] : p_items(p, E_MUL, w.v, w.n);
    return sign ? neg(p, e) : e;
}
