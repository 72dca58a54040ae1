/* parse - recursive descent from tokens to an expression tree (expr.h)
 *
 *   list   := rel ((',' | ';' | and | or) rel)*
 *   rel    := sets (op sets)*            op: = < > <= >= != in about
 *   sets   := ratio ((cup | cap | \) ratio)*
 *   ratio  := sum (':' sum)*
 *   sum    := term (('+' | '-' | +-) term)*
 *   term   := factor (['*' | '/'] factor)*    blanks multiply
 *   factor := primary ('^' factor | '!' | '%' | degrees)*
 *
 * A letter is a symbol; a function without brackets takes the product that
 * follows it. Words behind a value are its unit.
 */
#include "parse_impl.h"

static struct expr *p_list(struct parser *p, int in_brackets);

static struct expr *p_sum(struct parser *p)
{
    struct vec w = { 0 };

    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    for (int first = 1; !p->why; first = 0) {
        int minus = 0, pm = 0, any = 0;
        for (;; any = 1) {
            if (take_ch(p, '-'))
                minus ^= 1;
            else if (take_cmd(p, "pm"))
                pm = 1;
            else if (!take_ch(p, '+'))
                break;
        }
        if (!any && !first)
            break;
        struct expr *t = p_term(p);
        if (pm)
            t = one(p, E_PM, t);
        push(p, &w, minus ? neg(p, t) : t);
    }
    p->depth--;
    if (p->why)
        return p->dummy;
    return w.n == 1 ? w.v[0] : p_items(p, E_ADD, w.v, w.n);
}

struct expr *p_sum_of(struct parser *p)
{
    return p_sum(p);
}

static struct expr *p_ratio(struct parser *p)
{
    struct vec w = { 0 };

    push(p, &w, p_sum(p));
    while (!p->why && take_ch(p, ':'))
        push(p, &w, p_sum(p));
    return w.n == 1 ? w.v[0] : p_items(p, E_RATIO, w.v, w.n);
}

static struct expr *p_sets(struct parser *p)
{
    struct expr *e = p_ratio(p);

    while (!p->why) {
        if (take_cmd(p, "cup"))
            e = two(p, E_UNION, e, p_ratio(p));
        else if (take_cmd(p, "cap"))
            e = two(p, E_INTER, e, p_ratio(p));
        else if (take_cmd(p, "setminus"))
            e = two(p, E_DIFF, e, p_ratio(p));
        else
            break;
    }
    return e;
}

static int rel_op(struct parser *p)
{
    static const struct {
        const char *cmd;
        char op;
    } ops[] = { { "leq", 'l' }, { "geq", 'g' }, { "ne", 'n' },
                { "in", 'i' }, { "approx", '~' }, { "to", '~' } };
    int op = 0;

    if (take_ch(p, '&'))
        op = -1; /* alignment */
    if (take_ch(p, '='))
        return '=';
    if (take_ch(p, '<'))
        return take_ch(p, '=') ? 'l' : '<';
    if (take_ch(p, '>'))
        return take_ch(p, '=') ? 'g' : '>';
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++)
        if (take_cmd(p, ops[k].cmd))
            return ops[k].op;
    p->i -= op == -1;
    return 0;
}

static struct expr *p_rel(struct parser *p)
{
    struct vec w = { 0 };
    char ops[64];
    int n = 0, op;

    if (p_is_cmd(p, "approx") || p_is_ch(p, '='))
        p->i++; /* "= 5" */
    push(p, &w, p_sets(p));
    while (!p->why && (op = rel_op(p))) {
        if (n == (int)sizeof ops - 1)
            return p_bad(p, "a chain of relations that is too long");
        ops[n++] = (char)op;
        push(p, &w, p_sets(p));
    }
    if (w.n == 1)
        return w.v[0];
    struct expr *e = p_items(p, E_REL, w.v, w.n);
    e->name = arena_strndup(p->a, ops, (size_t)n);
    return e;
}

static int separator(struct parser *p, int rows)
{
    int k = 0;

    for (;; k++) {
        if (take_ch(p, ',') || take_ch(p, ';'))
            continue;
        if (peek(p)->type == T_SEP) {
            p->i++;
            continue;
        }
        if (!rows && (take_cmd(p, "\\") || take_ch(p, '&')))
            continue;
        return k;
    }
}

static struct expr *p_list(struct parser *p, int in_brackets)
{
    struct vec w = { 0 };

    if (in_brackets && p_is_ch(p, ','))
        return p_bad(p, "a value is missing");
    separator(p, p->in_matrix);
    do {
        struct tok *t = peek(p);
        if (t->type == T_END ||
            (t->type == T_CH && strchr(")}", t->ch)) ||
            (t->type == T_CH && t->ch == ']' && (in_brackets || w.n)) ||
            (t->type == T_CMD && (!strcmp(t->s, "}") ||
                                  !strcmp(t->s, "end"))))
            break;
        push(p, &w, p_rel(p));
    } while (!p->why && separator(p, p->in_matrix));
    if (p->why)
        return p->dummy;
    if (w.n == 0 && !in_brackets)
        return p_bad(p, "nothing");
    return w.n == 1 ? w.v[0] : p_items(p, E_LIST, w.v, w.n);
}

struct expr *p_list_of(struct parser *p)
{
    return p_list(p, 1);
}

struct expr *expr_parse(struct arena *a, struct text t, enum comma comma,
                        const char **why)
{
    struct parser p = { .a = a };
    struct toks k;

    if (t.n > MAX_TEXT) {
        *why = "too long";
        return NULL;
    }
    k = lex(a, t, comma);
    if (k.why) {
        *why = k.why;
        return NULL;
    }
    p.v = k.v;
    p.dummy = expr_new(a, E_NUM, 0);
    p.dummy->name = "0";
    struct expr *e = p_list(&p, 0);
    if (!p.why && peek(&p)->type != T_END)
        p.why = "something left over";
    *why = p.why;
    return p.why ? NULL : e;
}
