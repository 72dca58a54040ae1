/* parse - recursive descent from tokens to an expression tree (expr.h)
 *
 *   list   := rel ((',' | ';' | and | or) rel)* [with condition, ...]
 *   rel    := sets (op sets)*            op: = < > <= >= != in about
 *   sets   := ratio ((cup | cap | \) ratio)*
 *   ratio  := sum (':' sum)*
 *   sum    := term (('+' | '-' | +-) term)*
 *   term   := factor (['*' | '/'] factor)*    blanks multiply
 *   factor := primary ('^' factor | '!' | '%' | degrees)*
 *
 * A letter is a symbol; a function without brackets takes the product that
 * follows it. Words behind a value are its unit.
 *
 * A rule calls those below it; brackets begin again at the top (struct rules).
 * parse_term.c has term, parse_factor.c factor, parse_primary.c primary,
 * parse_block.c environments and sums, parse_arg.c arguments of commands.
 */
#include "parse_impl.h"

static struct expr *p_sum(struct parser *p)
{
    struct vec w = {0};

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
        if (minus && w.n == 1 && w.v[0]->kind == E_SYM && p_is_cmd(p, "{")) {
            w.v[0] = two(p, E_DIFF, w.v[0], p_primary(p)); /* R - {0} */
            continue;
        }
        struct expr *t = p_term(p);
        if (pm)
            t = one(p, E_PM, t);
        push(p, &w, minus ? neg(p, t) : t);
    }
    p->depth--;
    if (p->why)
        return p->dummy;
    if (w.n == 1)
        return w.v[0];
    /* "1 + \\sqrt2 cm": the unit is the sum's */
    struct expr *last = w.v[w.n - 1];
    for (int i = 0; i + 1 < w.n; i++)
        if (w.v[i]->kind == E_UNIT)
            return p_items(p, E_ADD, w.v, w.n);
    if (last->kind != E_UNIT)
        return p_items(p, E_ADD, w.v, w.n);
    w.v[w.n - 1] = last->a[0];
    last->a[0] = p_items(p, E_ADD, w.v, w.n);
    return last;
}

static struct expr *p_ratio(struct parser *p)
{
    struct vec w = {0};

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
    } ops[] = {{"leq", 'l'}, {"geq", 'g'},    {"ne", 'n'},
               {"in", 'i'},  {"approx", '~'}, {"to", 't'}};
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

/* "2 (mod 5)": a residue class, which is no number. Named by its least
 * residue. */
static struct expr *congruent(struct parser *p, struct expr *r, struct expr *m)
{
    struct expr *e = two(p, E_FN, r, m);
    long v, k;

    e->name = "class";
    if (p_whole(r, &v) && p_whole(m, &k) && k > 0)
        e->a[0] = expr_num(p->a, (v % k + k) % k);
    return e;
}

static struct expr *p_rel(struct parser *p)
{
    struct vec w = {0};
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
    if (!p->why && (take_cmd(p, "pmod") || (w.n > 1 && take_cmd(p, "mod"))))
        w.v[w.n - 1] = congruent(p, w.v[w.n - 1], p_group_arg(p));
    if (w.n == 1)
        return w.v[0];
    struct expr *e = p_items(p, E_REL, w.v, w.n);
    e->name = arena_strndup(p->a, ops, (size_t)n);
    return e;
}

/* Commas and words between items. *kind: what parts them, the strongest of
 * ',', 'a' (and), 'o' (or), 'w' (what follows are conditions). */
static int separator(struct parser *p, int rows, char *kind)
{
    static const char rank[] = ",aow";
    int k = 0;

    for (*kind = ',';; k++) {
        if (take_ch(p, ',') || take_ch(p, ';'))
            continue;
        if (peek(p)->type == T_SEP) {
            char c = p->v[p->i++].s[0];
            if (strchr(rank, c) > strchr(rank, *kind))
                *kind = c;
            continue;
        }
        if (!rows && (take_cmd(p, "\\") || take_ch(p, '&')))
            continue;
        return k;
    }
}

/* A condition: a relation, "c is a constant", "integer n", "otherwise". */
static struct expr *p_condition(struct parser *p)
{
    struct tok *t = peek(p);

    if (t->type != T_TEXT)
        return p_rel(p);
    p->i++;
    const char *set = p_number_set(t->s);
    if (!set && !strncmp(t->s, "otherwise", 9))
        return named(p, E_TEXT, "otherwise");
    if (!set && !strncmp(t->s, "else", 4))
        return named(p, E_TEXT, "otherwise");
    if (!set)
        return p_bad(p, "words that are no condition");
    struct expr *r = two(p, E_REL, p_sets(p), named(p, E_SYM, set));
    r->name = "i";
    return r;
}

static int is_condition(const struct expr *e)
{
    return e->kind == E_REL && strspn(e->name, "<>lgni") == strlen(e->name);
}

/* Values and, behind them, conditions: "y = 2x, x > 0". A list of solutions
 * ("x = 0, x > 3") is none. */
static struct expr *conditions(struct parser *p, struct vec *w, int from)
{
    int k = w->n;

    while (from < 0 && k > 0 && is_condition(w->v[k - 1]))
        k--;
    if (from >= 0)
        k = from;
    if (k <= 0 || k == w->n)
        return NULL;
    const struct expr *x = w->v[k - 1], *c = w->v[k];
    if (from < 0)
        for (int i = 0; i < k; i++)
            if (is_condition(w->v[i]))
                return NULL;
    if (from < 0 && x->kind == E_REL && x->a[0]->kind == E_SYM && c->n == 2 &&
        c->a[0]->kind == E_SYM && !strcmp(c->a[0]->name, x->a[0]->name))
        return NULL;
    struct expr *v = k == 1 ? w->v[0] : p_items(p, E_LIST, w->v, k);
    return p_with(p, v, p_items(p, E_LIST, w->v + k, w->n - k));
}

/* "a, b = 1, 2": each name with its value; NULL when this is no such list. */
static struct expr *paired(struct parser *p, const struct vec *w)
{
    int k = w->n / 2;

    if (w->n < 3 || w->n % 2 == 0)
        return NULL;
    const struct expr *mid = w->v[k];
    if (mid->kind != E_REL || mid->n != 2 || mid->name[0] != '=' ||
        mid->a[0]->kind != E_SYM)
        return NULL;
    struct expr *e = expr_new(p->a, E_LIST, k + 1);
    for (int i = 0; i <= k; i++) {
        if (i < k && w->v[i]->kind != E_SYM)
            return NULL;
        e->a[i] = two(p, E_REL, i < k ? w->v[i] : mid->a[0],
                      i ? w->v[k + i] : mid->a[1]);
        e->a[i]->name = "=";
    }
    return e;
}

static struct expr *p_list(struct parser *p, int in_brackets)
{
    struct vec w = {0}, pieces = {0};
    int from = -1, ors = 0, ands = 0;
    char kind;

    if (in_brackets && p_is_ch(p, ','))
        return p_bad(p, "a value is missing");
    separator(p, p->in_matrix, &kind);
    if (kind == 'w')
        from = 0;
    for (;;) {
        struct tok *t = peek(p);
        if (t->type == T_END ||
            (p->in_matrix && (p_is_ch(p, '&') || p_is_cmd(p, "\\")) && w.n) ||
            (t->type == T_CH && strchr(")}", t->ch)) ||
            (t->type == T_CH && t->ch == ']' && (in_brackets || w.n)) ||
            (t->type == T_CMD && (!strcmp(t->s, "}") || !strcmp(t->s, "end"))))
            break;
        push(p, &w, from >= 0 ? p_condition(p) : p_rel(p));
        if (p->why || !separator(p, p->in_matrix, &kind))
            break;
        if (kind == 'w' && from > 0 && w.n - from > 1) {
            /* "2 if x < 0, 3 if x > 0": the last item begins a branch */
            struct expr *next = w.v[--w.n];
            push(p, &pieces, conditions(p, &w, from));
            w = (struct vec){0};
            push(p, &w, next);
            from = 1;
        } else if (kind == 'w') {
            from = from < 0 ? w.n : from;
        }
        ors += kind == 'o';
        ands += kind == 'a';
    }
    if (p->why)
        return p->dummy;
    if (w.n == 0 && !in_brackets)
        return p_bad(p, "nothing");
    if (pieces.n && w.n < 2)
        return p_bad(p, "a condition is missing");
    if (pieces.n) {
        push(p, &pieces, conditions(p, &w, from));
        return p_items(p, E_PIECES, pieces.v, pieces.n);
    }
    if (w.n == 1)
        return w.v[0];
    struct expr *e = ors ? NULL : conditions(p, &w, from);
    if (e || (e = paired(p, &w)))
        return e;
    e = p_items(p, E_LIST, w.v, w.n);
    e->name = ors && ands ? "both" : ors ? "or" : ands ? "and" : "";
    return e;
}

static struct expr *list_in_brackets(struct parser *p)
{
    return p_list(p, 1);
}

struct expr *expr_parse(struct arena *a, struct text t, enum comma comma,
                        const char **why)
{
    static const struct rules rules = {.list = list_in_brackets,
                                       .sum = p_sum,
                                       .term = p_term,
                                       .factor = p_factor,
                                       .primary = p_primary};
    struct parser p = {.a = a, .up = &rules};
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
