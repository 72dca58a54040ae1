/* parse_factor - arguments of commands and functions, powers and what else
 * stands behind a value (parse.c has the grammar)
 */
#include "parse_impl.h"

/* 0.1(6): the written part plus 6 / (9 * 10^places). */
struct expr *p_repeat(struct parser *p, struct expr *e, const char *digits)
{
    if (!digits)
        return e;
    size_t n = strlen(digits);
    char *nines = arena_alloc(p->a, n + 1);
    struct expr *r = named(p, E_NUM, digits);
    memset(nines, '9', n);
    r->exp10 = e->exp10;
    e->places = 0; /* exact */
    return two(p, E_ADD, e, expr_over(p->a, r, named(p, E_NUM, nines)));
}

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
        struct expr *e = p_list_of(p);
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
        struct expr *e = p_factor(p);
        return t->ch == '-' ? neg(p, e) : e;
    }
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    struct expr *e = p_primary(p);
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
        k = p_sum_of(p);
        if (!take_ch(p, ']'))
            return p_bad(p, "a root's degree does not close");
    }
    if (take_ch(p, '(')) {
        x = p_sum_of(p);
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
        struct expr *e = p_primary(p);
        if (e->kind == E_SEQ && e->n == 1)
            e = e->a[0];
        return e;
    }
    struct vec w = { 0 };
    int sign = 0;
    if (take_ch(p, '-'))
        sign = 1;
    push(p, &w, p_factor(p));
    while (!p->why && w.n < 64) {
        struct tok *t = peek(p);
        if (t->type == T_FN || t->type == T_END || t->type == T_TEXT ||
            t->type == T_SEP || (t->type == T_CH && t->ch != '/') ||
            (t->type == T_CMD && strcmp(t->s, "frac") &&
             strcmp(t->s, "sqrt")))
            break;
        if (take_ch(p, '/')) {
            struct expr *d = p_factor(p);
            push(p, &w, two(p, E_POW, d, named(p, E_NUM, "-1")));
        } else {
            push(p, &w, p_factor(p));
        }
    }
    struct expr *e = w.n == 1 ? w.v[0] : p_items(p, E_MUL, w.v, w.n);
    return sign ? neg(p, e) : e;
}

static struct expr *degrees(struct parser *p, struct expr *e)
{
    struct tok *t = peek(p);

    /* of temperature: 20 degrees C */
    if (t->type == T_SYM && (!strcmp(t->s, "C") || !strcmp(t->s, "F")) &&
        e->kind == E_NUM) {
        p->i++;
        e = one(p, E_UNIT, e);
        e->name = t->s[0] == 'C' ? "celsius" : "fahrenheit";
        return e;
    }
    return one(p, E_DEG, e);
}

struct expr *p_postfix(struct parser *p, struct expr *e)
{
    for (int k = 0; !p->why && k < 1000; k++) {
        struct tok *t = peek(p);
        if (take_ch(p, '^')) {
            if (p_is_cmd(p, "circ")) {
                p->i++;
                e = degrees(p, e);
                continue;
            }
            if (p_is_ch(p, '{') && p->v[p->i + 1].type == T_CMD &&
                !strcmp(p->v[p->i + 1].s, "circ") &&
                p->v[p->i + 2].type == T_CH && p->v[p->i + 2].ch == '}') {
                p->i += 3;
                e = degrees(p, e);
                continue;
            }
            if (p->depth++ > MAX_DEPTH)
                return p_bad(p, "too deep");
            struct expr *x = p_arg(p, 0);
            /* a^b^c and 2^3! bind to the right */
            if (p_is_ch(p, '^') || p_is_ch(p, '!'))
                x = p_postfix(p, x);
            p->depth--;
            e = two(p, E_POW, e, x);
        } else if (t->type == T_CH && t->ch == '!') {
            p->i++;
            int twice = p_is_ch(p, '!') && !peek(p)->space;
            p->i += (size_t)twice;
            e = fn(p, twice ? "factorial2" : "factorial", e);
        } else if (take_ch(p, '%')) {
            e = one(p, E_PERCENT, e);
        } else if (take_cmd(p, "circ")) {
            e = degrees(p, e);
        } else if (t->type == T_CH && t->ch == '\'' && e->kind == E_SYM) {
            p->i++;
            e = named(p, E_SYM, arena_printf(p->a, "%s'", e->name));
            if (strchr("fghFGH", e->name[0]) && p_is_ch(p, '(')) {
                const char *name = e->name;
                e = p_primary(p);
                e = e->kind == E_SEQ ? p_items(p, E_FN, e->a, e->n)
                                     : p_items(p, E_FN, &e, 1);
                e->name = name;
            }
        } else if (t->type == T_CH && t->ch == '_') {
            p->i++;
            struct tok *in = peek(p) + 1; /* k_{\\max} */
            if (p_is_ch(p, '{') && in->type == T_FN && in[1].ch == '}')
                in->type = T_SYM;
            struct expr *s = p_arg(p, 0);
            if (e->kind == E_NUM && !e->exp10 && s->kind == E_NUM &&
                !s->exp10 && strlen(s->name) < 3) {
                int b = 0;
                for (const char *c = s->name; *c >= '0' && *c <= '9'; c++)
                    b = b * 10 + (*c - '0');
                e = named(p, E_BASE, e->name);
                e->exp10 = b;
            } else if (e->kind == E_SYM || e->kind == E_FN ||
                       e->kind == E_CONST) {
                e = named(p, E_SYM,
                          arena_printf(p->a, "%s_%s", e->name,
                                       expr_show(p->a, s, 1)));
            } else if (e->kind != E_NUM) {
                return p_bad(p, "a subscript on what is no name");
            }
        } else {
            break;
        }
    }
    return e;
}

struct expr *p_factor(struct parser *p)
{
    if (p->why)
        return p->dummy;
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    struct expr *e = p_postfix(p, p_primary(p));
    p->depth--;
    return e;
}
