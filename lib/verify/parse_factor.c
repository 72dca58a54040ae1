/* parse_factor - powers and what else stands behind a value (parse.c has the
 * grammar)
 */
#include "parse_impl.h"

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

/* Behind '^'. */
static struct expr *power(struct parser *p, struct expr *e)
{
    struct expr *x;

    if (p_is_cmd(p, "circ")) {
        p->i++;
        return degrees(p, e);
    }
    if (p_is_ch(p, '{') && p->v[p->i + 1].type == T_CMD &&
        !strcmp(p->v[p->i + 1].s, "circ") && p->v[p->i + 2].type == T_CH &&
        p->v[p->i + 2].ch == '}') {
        p->i += 3;
        return degrees(p, e);
    }
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    x = p_arg(p, 0);
    /* a^b^c and 2^3! bind to the right */
    if (p_is_ch(p, '^') || p_is_ch(p, '!'))
        x = p_postfix(p, x);
    p->depth--;
    return two(p, E_POW, e, x);
}

/* Behind f of "f'" and "f'(x)". */
static struct expr *prime(struct parser *p, struct expr *e)
{
    e = named(p, E_SYM, arena_printf(p->a, "%s'", e->name));
    if (strchr("fghFGH", e->name[0]) && p_is_ch(p, '(')) {
        const char *name = e->name;

        e = p_primary(p);
        e = e->kind == E_SEQ ? p_items(p, E_FN, e->a, e->n)
                             : p_items(p, E_FN, &e, 1);
        e->name = name;
    }
    return e;
}

/* Behind '_': the base of a number, or part of a name. */
static struct expr *subscript(struct parser *p, struct expr *e)
{
    struct tok *in = peek(p) + 1; /* k_{\\max} */
    struct expr *s;

    if (p_is_ch(p, '{') && in->type == T_FN && in[1].ch == '}')
        in->type = T_SYM;
    s = p_arg(p, 0);
    if (e->kind == E_NUM && !e->exp10 && s->kind == E_NUM && !s->exp10 &&
        strlen(s->name) < 3) {
        int b = 0;

        for (const char *c = s->name; *c >= '0' && *c <= '9'; c++)
            b = b * 10 + (*c - '0');
        e = named(p, E_BASE, e->name);
        e->exp10 = b;
    } else if (e->kind == E_SYM || e->kind == E_FN || e->kind == E_CONST) {
        e = named(p, E_SYM,
                  arena_printf(p->a, "%s_%s", e->name, expr_show(p->a, s, 1)));
    } else if (e->kind != E_NUM) {
        return p_bad(p, "a subscript on what is no name");
    }
    return e;
}

struct expr *p_postfix(struct parser *p, struct expr *e)
{
    for (int k = 0; !p->why && k < 1000; k++) {
        struct tok *t = peek(p);

        if (take_ch(p, '^')) {
            e = power(p, e);
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
            e = prime(p, e);
        } else if (t->type == T_CH && t->ch == '_') {
            p->i++;
            e = subscript(p, e);
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
