/* parse_primary - the leaves and brackets of the grammar (parse.h) */
#include "parse_impl.h"
#include "lex_impl.h"

static struct expr *call(struct parser *p, const char *name, int n,
                         struct expr *x, struct expr *y)
{
    struct expr *e = expr_new(p->a, E_FN, n);
    e->name = name;
    e->a[0] = x;
    if (n > 1)
        e->a[1] = y;
    return e;
}

static const char commands[] =
    "frac|sqrt|binom|begin|{|lfloor|lceil|langle|sum|prod|int|lim|emptyset|"
    "ldots|circ|oint|iint|partial|nabla|imath|complement|forall|exists|bot|"
    "square|Box|star|dagger|checkmark";

int p_known_primary(const char *cmd)
{
    return text_in(text_of(cmd, strlen(cmd)), commands);
}

/* The list inside brackets as a node of kind k. */
static struct expr *spread(struct parser *p, enum expr_kind k, struct expr *e)
{
    if (e->kind == E_LIST)
        return p_items(p, k, e->a, e->n);
    return p_items(p, k, &e, 1);
}

static int closer(struct parser *p)
{
    struct tok *t = &p->v[p->i];

    if (t->type == T_CH && (t->ch == ')' || t->ch == ']' || t->ch == '[')) {
        p->i++;
        return t->ch;
    }
    return 0;
}

/* (...), [...], half-open and French ]...[ brackets. */
static struct expr *brackets(struct parser *p, char open)
{
    int bars = p->bars;
    size_t from = p->i;

    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    p->bars = 0;
    struct expr *e = p->up->list(p);
    p->bars = bars;
    p->depth--;
    int comma = p->i > from && p->v[p->i - 1].type == T_CH &&
                p->v[p->i - 1].ch == ',';
    int close = closer(p);
    if (p->why)
        return p->dummy;
    if (!close)
        return p_bad(p, "a bracket does not close");
    if (e->kind != E_LIST && !comma)
        return (open == '(') == (close == ')')
                   ? e
                   : p_bad(p, "brackets that do not match");
    struct expr *s = spread(p, E_SEQ, e);
    /* ]a, b[ is (a, b) */
    s->lb = open == ']' ? '(' : open;
    s->rb = close == '[' ? ')' : (char)close;
    return s;
}

static struct expr *braces(struct parser *p)
{
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    struct expr *e = p->up->list(p);
    p->depth--;
    if (!p->why && p_is_cmd(p, "choose")) {
        p->i++;
        e = call(p, "binomial", 2, e, p->up->sum(p));
    }
    if (!p_is_ch(p, '}'))
        return p_bad(p, "a brace does not close");
    p->i++;
    return e;
}

/* In "{x : x > 3}" the colon is the bar: one that a relation follows, but
 * not "{1:2, 3:4}". */
static void colon_as_bar(struct parser *p)
{
    struct tok *colon = NULL;

    for (size_t i = p->i, depth = 0; p->v[i].type != T_END; i++) {
        struct tok *t = &p->v[i];
        if (t->type == T_CMD && !strcmp(t->s, "{"))
            depth++;
        if (t->type == T_CMD && !strcmp(t->s, "}") && depth-- == 0)
            return;
        if (t->type == T_CH && t->ch == '|' && !colon)
            return;
        if (t->type == T_CH && t->ch == ':') {
            if (colon)
                return;
            colon = t;
        }
        if (colon && ((t->type == T_CH && strchr("<>=", t->ch)) ||
                      (t->type == T_CMD &&
                       (!strcmp(t->s, "in") || !strcmp(t->s, "ne") ||
                        !strcmp(t->s, "leq") || !strcmp(t->s, "geq"))))) {
            colon->ch = '|';
            return;
        }
    }
}

static struct expr *set(struct parser *p)
{
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    int bars = p->bars;
    static const char envs[] = "array|aligned|gathered";
    const char *env = p->v[p->i + 1].s;
    if (p_is_cmd(p, "begin") && text_in(text_of(env, strlen(env)), envs)) {
        p->i++;
        p->v[p->i].s = "cases"; /* "\\left\\{\\begin{array}...\\right." */
        struct expr *e = p_environment(p);
        p->depth--;
        (void)take_cmd(p, "}");
        return e;
    }
    colon_as_bar(p);
    p->bars = 1; /* a bar does not begin a value here */
    struct expr *e = p->up->list(p);
    p->bars = bars;
    p->depth--;
    int builder = take_ch(p, '|');
    if (builder) { /* {x | x > 3} */
        e = p_with(p, e, p->up->list(p));
        e->name = "set";
    }
    if (!p_is_cmd(p, "}"))
        return p_bad(p, "a set does not close");
    p->i++;
    if (e->kind == E_WITH && !builder)
        e->name = "set";
    return e->kind == E_WITH ? e : spread(p, E_SET, e);
}

static struct expr *enclosed(struct parser *p, const char *close,
                             const char *name)
{
    struct expr *e = p->up->sum(p);

    if (!p_is_cmd(p, close))
        return p_bad(p, "a floor or ceiling does not close");
    p->i++;
    return call(p, name, 1, e, NULL);
}

static struct expr *bars(struct parser *p)
{
    p->bars++;
    struct expr *e = p->up->sum(p);
    p->bars--;
    if (!p_is_ch(p, '|'))
        return p_bad(p, "a bar does not close");
    p->i++;
    if (e->kind == E_MATRIX)
        return p_determinant(p, e);
    return call(p, "abs", 1, e, NULL);
}

static struct expr *command(struct parser *p, struct tok *t)
{
    const char *s = t->s;

    if (!strcmp(s, "frac"))
        return p_frac(p);
    if (!strcmp(s, "sqrt"))
        return p_root(p);
    if (!strcmp(s, "binom")) {
        struct expr *x = p_arg(p, 1);
        return call(p, "binomial", 2, x, p_arg(p, 1));
    }
    if (!strcmp(s, "{"))
        return set(p);
    if (!strcmp(s, "begin"))
        return p_environment(p);
    if (!strcmp(s, "lfloor"))
        return enclosed(p, "rfloor", "floor");
    if (!strcmp(s, "lceil"))
        return enclosed(p, "rceil", "ceil");
    if (!strcmp(s, "langle")) {
        struct expr *e = p->up->list(p);
        if (!p_is_cmd(p, "rangle"))
            return p_bad(p, "a bracket does not close");
        p->i++;
        e = spread(p, E_SEQ, e);
        e->lb = '(';
        e->rb = ')';
        return e;
    }
    if (!strcmp(s, "sum") || !strcmp(s, "prod") || !strcmp(s, "int") ||
        !strcmp(s, "lim") || !strcmp(s, "oint") || !strcmp(s, "iint"))
        return p_operator(p, s);
    if (!strcmp(s, "mod"))
        return call(p, "mod", 1, p_group_arg(p), NULL);
    if (!strcmp(s, "emptyset"))
        return expr_new(p->a, E_SET, 0);
    if (!strcmp(s, "ldots"))
        return expr_new(p->a, E_DOTS, 0);
    if (!strcmp(s, "}") || !strcmp(s, "end") || !strcmp(s, "\\") ||
        !strcmp(s, "leq") || !strcmp(s, "geq") || !strcmp(s, "ne") ||
        !strcmp(s, "in") || !strcmp(s, "approx") || !strcmp(s, "to") ||
        !strcmp(s, "cup") || !strcmp(s, "cap"))
        return p_bad(p, "a value is missing");
    return named(p, E_SYM, arena_printf(p->a, "\\%s", s));
}

/* sin^2 x, log_2 8, sin^{-1} x, gcd(4, 6). */
static struct expr *function(struct parser *p, const char *name)
{
    static const char *const inverse[][2] = {
        {"sin", "arcsin"}, {"cos", "arccos"}, {"tan", "arctan"}};
    struct expr *power = NULL, *base = NULL, *e;

    if (!strcmp(name, "sqrt") || !strcmp(name, "cbrt")) {
        e = p_root(p);
        if (name[0] == 'c' && !p->why)
            e = call(p, "root", 2, e->a[0], named(p, E_NUM, "3"));
        return e;
    }
    for (int k = 0; k < 2 && !p->why; k++) {
        if (p_is_ch(p, '^') && !power) {
            p->i++;
            power = p_group_arg(p);
        } else if (p_is_ch(p, '_') && !base) {
            p->i++;
            base = p_group_arg(p);
        }
    }
    e = p_fn_arg(p);
    if (p->why)
        return p->dummy;
    if (!strcmp(name, "det") && e->kind == E_MATRIX)
        return p_determinant(p, e);
    for (size_t k = 0; k < 3; k++)
        if (power && !strcmp(name, inverse[k][0]) && power->kind == E_MUL &&
            power->n == 2 && power->a[0]->kind == E_NUM &&
            !strcmp(power->a[0]->name, "-1") && power->a[1]->kind == E_NUM &&
            !strcmp(power->a[1]->name, "1")) {
            name = inverse[k][1];
            power = NULL;
        }
    struct expr *f;
    if (e->kind == E_SEQ || (e->kind == E_LIST && e->n > 0) ||
        (e->kind == E_SET && strchr("mgl", name[0]))) {
        f = p_items(p, E_FN, e->a, e->n);
        f->name = name;
    } else {
        f = call(p, name, base ? 2 : 1, e, base);
    }
    if (power) {
        struct expr *w = expr_new(p->a, E_POW, 2);
        w->a[0] = f;
        w->a[1] = power;
        f = w;
    }
    return f;
}

/* Does the name at t apply to the brackets behind it? "f(x)", "\\zeta(3)",
 * "\\varphi(12)", "P(2)", but not "\\lambda(x+1)" or "k(3)". */
static int applies(const struct tok *t)
{
    const struct tok *arg = t + 2;

    if (t[1].type != T_CH || t[1].ch != '(')
        return 0;
    if (!strcmp(t->s, "zeta") || !strcmp(t->s, "Gamma"))
        return 1;
    if (t[1].space || t->word)
        return 0;
    if (t->s[0] && !t->s[1] && strchr("fghFGH", t->s[0]))
        return 1;
    if (t->s[0] && !t->s[1] && strchr("pquvy", t->s[0]) && arg->type == T_SYM &&
        strchr("xtnz", arg->s[0]))
        return arg[1].type == T_CH && arg[1].ch == ')';
    if (!lex_is_greek(text_of(t->s, strlen(t->s))) &&
        !(isupper((unsigned char)t->s[0]) && !t->s[1]))
        return 0;
    return (arg->type == T_NUM || arg->type == T_SYM) && arg[1].type == T_CH &&
           arg[1].ch == ')';
}

struct expr *p_primary(struct parser *p)
{
    struct tok *t = &p->v[p->i];
    struct expr *e;

    if (p->why)
        return p->dummy;
    if (p->depth > MAX_DEPTH)
        return p_bad(p, "too deep");
    switch (t->type) {
    case T_END:
        return p_bad(p, "it breaks off");
    case T_SEP:
    case T_CUR:
        return p_bad(p, "a value is missing");
    case T_NUM:
        p->i++;
        e = named(p, E_NUM, t->s);
        e->exp10 = t->exp10;
        e->places = t->places;
        return p_repeat(p, e, t->repeat);
    case T_SYM:
        p->i++;
        if (applies(t)) {
            p->depth++;
            e = p_primary(p);
            p->depth--;
            e = e->kind == E_SEQ ? p_items(p, E_FN, e->a, e->n)
                                 : p_items(p, E_FN, &e, 1);
            e->name = t->s;
            return e;
        }
        return named(p, E_SYM, t->s);
    case T_CONST:
        p->i++;
        return named(p, E_CONST, t->s);
    case T_TEXT:
        p->i++;
        return named(p, E_TEXT, t->s);
    case T_FN:
        p->i++;
        p->depth++;
        e = function(p, t->s);
        p->depth--;
        return e;
    case T_CMD:
        p->i++;
        p->depth++;
        e = command(p, t);
        p->depth--;
        return e;
    case T_CH:
        break;
    }
    p->i++;
    if (t->ch == '(' || t->ch == '[' || t->ch == ']')
        return brackets(p, t->ch);
    if (t->ch == '{')
        return braces(p);
    if (t->ch == '|')
        return bars(p);
    p->i--;
    return p_bad(p, "a value is missing");
}
