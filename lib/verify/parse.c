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
#include <ctype.h>
#include <limits.h>
#include <string.h>
#include "lex.h"
#include "parse.h"

static struct expr *p_bad(struct parser *p, const char *why)
{
    if (!p->why)
        p->why = why;
    return p->dummy;
}

static struct tok *peek(struct parser *p)
{
    return &p->v[p->i];
}

int p_is_ch(struct parser *p, char c)
{
    return peek(p)->type == T_CH && peek(p)->ch == c;
}

int p_is_cmd(struct parser *p, const char *s)
{
    return peek(p)->type == T_CMD && !strcmp(peek(p)->s, s);
}

static int take_ch(struct parser *p, char c)
{
    if (!p_is_ch(p, c))
        return 0;
    p->i++;
    return 1;
}

static int take_cmd(struct parser *p, const char *s)
{
    if (!p_is_cmd(p, s))
        return 0;
    p->i++;
    return 1;
}

static struct expr *two(struct parser *p, enum expr_kind k, struct expr *x,
                        struct expr *y)
{
    struct expr *e = expr_new(p->a, k, 2);
    e->a[0] = x;
    e->a[1] = y;
    return e;
}

static struct expr *one(struct parser *p, enum expr_kind k, struct expr *x)
{
    struct expr *e = expr_new(p->a, k, 1);
    e->a[0] = x;
    return e;
}

static struct expr *fn(struct parser *p, const char *name, struct expr *x)
{
    struct expr *e = one(p, E_FN, x);
    e->name = name;
    return e;
}

static struct expr *named(struct parser *p, enum expr_kind k, const char *s)
{
    struct expr *e = expr_new(p->a, k, 0);
    e->name = s;
    return e;
}

static struct expr *neg(struct parser *p, struct expr *x)
{
    struct expr *m = named(p, E_NUM, "-1");
    return two(p, E_MUL, m, x);
}

static struct expr *quotient(struct parser *p, struct expr *x,
                             struct expr *y)
{
    return two(p, E_MUL, x, two(p, E_POW, y, named(p, E_NUM, "-1")));
}

struct expr *p_items(struct parser *p, enum expr_kind k, struct expr **v,
                     int n)
{
    struct expr *e = expr_new(p->a, k, n);
    if (n)
        memcpy(e->a, v, (size_t)n * sizeof *v);
    return e;
}

/* A growing array of children in the arena. */
struct vec {
    struct expr **v;
    int n, cap;
};

static void push(struct parser *p, struct vec *w, struct expr *e)
{
    if (w->n == w->cap) {
        int cap = w->cap ? 2 * w->cap : 4;
        struct expr **v = arena_alloc(p->a, (size_t)cap * sizeof *v);
        if (w->n)
            memcpy(v, w->v, (size_t)w->n * sizeof *v);
        w->v = v;
        w->cap = cap;
    }
    w->v[w->n++] = e;
}

static struct expr *p_sum(struct parser *p);
static struct expr *p_rel(struct parser *p);
static struct expr *p_term(struct parser *p);
static struct expr *p_factor(struct parser *p);
static struct expr *p_list(struct parser *p, int in_brackets);

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
    return two(p, E_ADD, e, quotient(p, r, named(p, E_NUM, nines)));
}

/* ---- arguments --------------------------------------------------------- */

/* The argument of a TeX command: {...} or one token, where a number gives
 * its first digit alone when one is set ("\frac43", "\frac12"). */
static struct expr *p_arg(struct parser *p, int digit)
{
    struct tok *t = peek(p);

    if (p->why)
        return p->dummy;
    if (take_ch(p, '{')) {
        if (p->depth++ > MAX_DEPTH)
            return p_bad(p, "too deep");
        struct expr *e = p_list(p, 1);
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

static int int_frac(const struct expr *e)
{
    return e->kind == E_MUL && e->n == 2 && e->a[0]->kind == E_NUM &&
           !e->a[0]->exp10 && e->a[1]->kind == E_POW &&
           e->a[1]->a[0]->kind == E_NUM && !e->a[1]->a[0]->exp10 &&
           e->a[0]->name[0] != '-';
}

struct expr *p_frac(struct parser *p)
{
    struct expr *x = p_arg(p, 1), *y = p_arg(p, 1);
    return quotient(p, x, y);
}

struct expr *p_root(struct parser *p)
{
    struct expr *k = NULL, *x;

    if (take_ch(p, '[')) {
        k = p_sum(p);
        if (!take_ch(p, ']'))
            return p_bad(p, "a root's degree does not close");
    }
    if (take_ch(p, '(')) {
        x = p_sum(p);
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

/* ---- factors ----------------------------------------------------------- */

static struct expr *degrees(struct parser *p, struct expr *e)
{
    struct tok *t = peek(p);

    /* of temperature: 20 degrees C */
    if (t->type == T_SYM && (!strcmp(t->s, "C") || !strcmp(t->s, "F")) &&
        e->kind == E_NUM)
        p->i++;
    return one(p, E_DEG, e);
}

static struct expr *postfix(struct parser *p, struct expr *e)
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
                x = postfix(p, x);
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
        } else if (t->type == T_CH && t->ch == '_') {
            p->i++;
            struct expr *s = p_arg(p, 0);
            if (e->kind == E_NUM && !e->exp10 && s->kind == E_NUM &&
                !s->exp10 && strlen(s->name) < 3) {
                int b = 0;
                for (const char *c = s->name; *c >= '0' && *c <= '9'; c++)
                    b = b * 10 + (*c - '0');
                e = named(p, b == 10 ? E_NUM : E_BASE, e->name);
                if (b != 10)
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

static struct expr *p_factor(struct parser *p)
{
    if (p->why)
        return p->dummy;
    if (p->depth++ > MAX_DEPTH)
        return p_bad(p, "too deep");
    struct expr *e = postfix(p, p_primary(p));
    p->depth--;
    return e;
}

/* Does the next token begin a factor (an unwritten product)? */
static int begins(struct parser *p)
{
    struct tok *t = peek(p);

    switch (t->type) {
    case T_SYM:
    case T_CONST:
    case T_FN:
    case T_NUM:
        return 1;
    case T_CH:
        /* "[" may also close: ]a, b[ */
        if (t->ch == '[' && (t[1].type == T_END || t[1].type == T_SEP ||
                             (t[1].type == T_CH && t[1].ch != '(' &&
                              t[1].ch != '{' && t[1].ch != '[' &&
                              t[1].ch != '-' && t[1].ch != '|') ||
                             (t[1].type == T_CMD &&
                              !p_known_primary(t[1].s))))
            return 0;
        return t->ch == '(' || t->ch == '{' || t->ch == '[' ||
               (t->ch == '|' && !p->bars);
    case T_CMD:
        return p_known_primary(t->s);
    default:
        return 0;
    }
}

/* "3 1/2" and "3\frac{1}{2}": a mixed number; NULL if it is none. */
static struct expr *mixed(struct parser *p, struct expr *whole)
{
    struct tok *t = peek(p), *prev = p->i ? &p->v[p->i - 1] : t;
    size_t back = p->i;

    if (whole->kind != E_NUM || whole->exp10 || prev->type != T_NUM)
        return NULL;
    if (t->type == T_NUM && t->space && !t->exp10 &&
        p->v[p->i + 1].type == T_CH && p->v[p->i + 1].ch == '/' &&
        p->v[p->i + 2].type == T_NUM && !p->v[p->i + 2].exp10) {
        struct expr *x = named(p, E_NUM, t->s);
        struct expr *y = named(p, E_NUM, p->v[p->i + 2].s);
        p->i += 3;
        return two(p, E_ADD, whole, quotient(p, x, y));
    }
    if (p_is_cmd(p, "frac")) {
        const char *digits = p->v[p->i + 1].s;
        p->i++;
        struct expr *f = p_frac(p);
        if (!p->why && int_frac(f) && !p_is_ch(p, '^'))
            return two(p, E_ADD, whole, f);
        if (!p->why) { /* a plain product: read it again */
            p->v[back + 1].s = digits;
            p->i = back;
        }
    }
    return NULL;
}

/* "5 (or 6)", "5 but not 6": a second answer among the words. */
static int hedges(const char *s)
{
    static const char *const words[] = { "or", "not", "nor", "maybe", "but",
                                         "either" };

    for (; *s; s++) {
        size_t k = 0;
        if (isdigit((unsigned char)*s))
            return 1;
        while (isalpha((unsigned char)s[k]))
            k++;
        for (size_t i = 0; k && i < sizeof words / sizeof words[0]; i++)
            if (strlen(words[i]) == k && !memcmp(words[i], s, k))
                return 1;
        s += k ? k - 1 : 0;
    }
    return 0;
}

/* Words behind a value: all of them are its unit. */
static struct expr *unit(struct parser *p, struct expr *e)
{
    const char *name = "";

    while (!p->why) {
        struct tok *t = peek(p);
        if (t->type == T_TEXT) {
            if (hedges(t->s))
                return p_bad(p, "words that are no unit");
            name = arena_printf(p->a, "%s%s%s", name, *name ? " " : "",
                                t->s);
            p->i++;
        } else if (*name && t->type == T_CH && t->ch == '/' &&
                   p->v[p->i + 1].type != T_NUM) {
            name = arena_printf(p->a, "%s/", name);
            p->i++;
        } else if (*name && t->type == T_CH && t->ch == '^') {
            p->i++;
            name = arena_printf(p->a, "%s^%s", name,
                                expr_show(p->a, p_arg(p, 0), 1));
        } else if (*name && t->type == T_SYM && (t->space || t->word)) {
            name = arena_printf(p->a, "%s%s%s", name, t->word ? "" : " ",
                                t->s);
            p->i++;
        } else if (*name && t->type == T_SYM &&
                   name[strlen(name) - 1] == '/') {
            name = arena_printf(p->a, "%s%s", name, t->s);
            p->i++;
        } else {
            break;
        }
    }
    struct expr *u = one(p, E_UNIT, e);
    u->name = name;
    return u;
}

static struct expr *p_term(struct parser *p)
{
    struct vec w = { 0 };

    push(p, &w, p_factor(p));
    while (!p->why) {
        struct expr *m;
        if (w.n == 1 && (m = mixed(p, w.v[0]))) {
            w.v[0] = m;
        } else if (take_ch(p, '*')) {
            int minus = take_ch(p, '-');
            struct expr *f = p_factor(p);
            push(p, &w, minus ? neg(p, f) : f);
        } else if (take_ch(p, '/')) {
            int minus = take_ch(p, '-');
            struct expr *d = p_factor(p);
            push(p, &w, two(p, E_POW, minus ? neg(p, d) : d,
                            named(p, E_NUM, "-1")));
        } else if (peek(p)->type == T_TEXT) {
            struct expr *v = w.n == 1 ? w.v[0]
                                      : p_items(p, E_MUL, w.v, w.n);
            w = (struct vec){ 0 };
            push(p, &w, unit(p, v));
        } else if (begins(p)) {
            /* two numbers side by side are not a product */
            if (peek(p)->type == T_NUM && p->v[p->i - 1].type == T_NUM)
                return p_bad(p, "two numbers side by side");
            push(p, &w, p_factor(p));
        } else {
            break;
        }
    }
    return w.n == 1 ? w.v[0] : p_items(p, E_MUL, w.v, w.n);
}

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
