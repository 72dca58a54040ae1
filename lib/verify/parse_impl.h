/* parse_impl - what the parts of the parser share (parse.c has the grammar) */
#ifndef ULP_VERIFY_PARSE_IMPL_H
#define ULP_VERIFY_PARSE_IMPL_H
#include <ctype.h>
#include <string.h>
#include "lex.h"

/* Nesting of rules and bytes of a text, at most. */
enum { MAX_DEPTH = 300, MAX_TEXT = 1 << 16 };

struct parser;

/* The rules of the grammar, for what stands below a rule and begins again
 * with it: brackets and arguments of commands. */
struct rules {
    struct expr *(*list)(struct parser *p); /* in brackets; may be empty */
    struct expr *(*sum)(struct parser *p);
    struct expr *(*term)(struct parser *p);
    struct expr *(*factor)(struct parser *p);
    struct expr *(*primary)(struct parser *p);
};

struct parser {
    struct arena *a;
    const struct rules *up;
    struct tok *v;
    size_t i;
    int depth, bars, in_matrix;
    const char *why; /* the first complaint; everything unwinds on it */
    struct expr *dummy;
};

/* The text cannot be read: keeps the first reason, gives a node that nobody
 * looks at. */
static inline struct expr *p_bad(struct parser *p, const char *why)
{
    if (!p->why)
        p->why = why;
    return p->dummy;
}

/* The next token. p_is_*: is it this one? take_*: the same, and steps over it
 * if so. */
static inline struct tok *peek(struct parser *p)
{
    return &p->v[p->i];
}

static inline int p_is_ch(struct parser *p, char c)
{
    return peek(p)->type == T_CH && peek(p)->ch == c;
}

static inline int p_is_cmd(struct parser *p, const char *s)
{
    return peek(p)->type == T_CMD && !strcmp(peek(p)->s, s);
}

static inline int take_ch(struct parser *p, char c)
{
    if (!p_is_ch(p, c))
        return 0;
    p->i++;
    return 1;
}

static inline int take_cmd(struct parser *p, const char *s)
{
    if (!p_is_cmd(p, s))
        return 0;
    p->i++;
    return 1;
}

/* New nodes: of two operands, of one, a function of x, a name, -x, n
 * operands. */
static inline struct expr *two(struct parser *p, enum expr_kind k,
                               struct expr *x, struct expr *y)
{
    return expr_pair(p->a, k, x, y);
}

static inline struct expr *one(struct parser *p, enum expr_kind k,
                               struct expr *x)
{
    struct expr *e = expr_new(p->a, k, 1);
    e->a[0] = x;
    return e;
}

static inline struct expr *fn(struct parser *p, const char *name,
                              struct expr *x)
{
    struct expr *e = one(p, E_FN, x);
    e->name = name;
    return e;
}

static inline struct expr *named(struct parser *p, enum expr_kind k,
                                 const char *s)
{
    return expr_named(p->a, k, s);
}

static inline struct expr *neg(struct parser *p, struct expr *x)
{
    if (x->kind == E_UNIT || x->kind == E_PERCENT || x->kind == E_DEG) {
        x->a[0] = neg(p, x->a[0]); /* -(5 cm) is (-5) cm */
        return x;
    }
    return expr_neg(p->a, x);
}

static inline struct expr *p_items(struct parser *p, enum expr_kind k,
                                   struct expr **v, int n)
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

/* Appends e to w. */
static inline void push(struct parser *p, struct vec *w, struct expr *e)
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

/* parse_term.c, parse_factor.c, parse_primary.c: rules. */
struct expr *p_term(struct parser *p);
struct expr *p_factor(struct parser *p);
struct expr *p_postfix(struct parser *p, struct expr *e);
struct expr *p_primary(struct parser *p);
int p_known_primary(const char *cmd);

/* parse_block.c */
struct expr *p_operator(struct parser *p, const char *name);
struct expr *p_determinant(struct parser *p, struct expr *m);
struct expr *p_environment(struct parser *p);

/* parse_arg.c */
/* The argument of a TeX command; digit: of a bare number one digit. */
struct expr *p_arg(struct parser *p, int digit);
struct expr *p_group_arg(struct parser *p);
struct expr *p_fn_arg(struct parser *p);
struct expr *p_frac(struct parser *p);
struct expr *p_root(struct parser *p);

/* parse_part.c */
struct expr *p_with(struct parser *p, struct expr *value, struct expr *conds);
/* "is an integer": the set of numbers that words name, or NULL. */
const char *p_number_set(const char *words);
/* Is e a whole number of at most nine digits? */
int p_whole(const struct expr *e, long *v);
struct expr *p_repeat(struct parser *p, struct expr *e, const char *digits);

#endif
