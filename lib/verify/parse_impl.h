/* parse_impl - small things that the parts of the parser share (parse.h) */
#ifndef ULP_VERIFY_PARSE_IMPL_H
#define ULP_VERIFY_PARSE_IMPL_H
#include <ctype.h>
#include <string.h>
#include "parse.h"

static inline struct expr *p_bad(struct parser *p, const char *why)
{
    if (!p->why)
        p->why = why;
    return p->dummy;
}

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

static inline struct expr *
two(struct parser *p, enum expr_kind k, struct expr *x, struct expr *y)
{
    return expr_pair(p->a, k, x, y);
}

static inline struct expr *
one(struct parser *p, enum expr_kind k, struct expr *x)
{
    struct expr *e = expr_new(p->a, k, 1);
    e->a[0] = x;
    return e;
}

static inline struct expr *
fn(struct parser *p, const char *name, struct expr *x)
{
    struct expr *e = one(p, E_FN, x);
    e->name = name;
    return e;
}

static inline struct expr *
named(struct parser *p, enum expr_kind k, const char *s)
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

static inline struct expr *
p_items(struct parser *p, enum expr_kind k, struct expr **v, int n)
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

struct expr *p_factor(struct parser *p);
struct expr *p_term(struct parser *p);

#endif
