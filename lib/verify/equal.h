/* equal - are two trees the same answer? (README.md, "Equality")
 *
 * Symmetric in its arguments except where README.md says that the gold's own
 * digits or the caller's options make the difference.
 */
#ifndef ULP_VERIFY_EQUAL_H
#define ULP_VERIFY_EQUAL_H
#include "expr.h"
#include "value.h"
#include "verify.h"

struct equal {
    struct arena *a;
    const struct verify_opts *o;
    struct value_opts v;
    const char *rule; /* the last scalar comparison that said yes */
    int depth;
    long budget;      /* comparisons left */
};

/* Flattened lists, expanded +-, shortened chains: done to both sides once. */
struct expr *equal_prepare(struct equal *q, struct expr *e);
/* x is the gold. 1 or 0. */
int equal_trees(struct equal *q, const struct expr *x, const struct expr *y);

/* By value alone; sets q->rule when they are equal. */
int equal_scalar(struct equal *q, const struct expr *x,
                 const struct expr *y);

/* equal_marks.c. equal_marked: -1 when neither has a mark. */
int equal_marked(struct equal *q, const struct expr *x,
                 const struct expr *y);
int equal_bases(const struct expr *x, const struct expr *y);
struct expr *equal_divided(struct equal *q, const struct expr *x,
                           const char *by);

/* equal_sets.c: intervals, unions, inequalities as sets of reals. NULL when
 * e is none. */
struct expr *sets_of_relation(struct equal *q, const struct expr *e);
/* 1, 0, or -1 when one of them is no set of reals. */
int sets_equal(struct equal *q, const struct expr *x, const struct expr *y);

/* equal_units.c */
/* 1 same, 0 different, -1 cannot be told; *scale: how many of y's unit make
 * one of x's. */
int units_compare(struct arena *a, const char *x, const char *y,
                  const char **scale);
/* Minutes since midnight of RATIO trees with or without "p.m."; 0 if e is
 * not a time. */
int units_time(const struct expr *e, int *minutes, int *marked);

/* equal_rel.c: equations and inequalities. */
int relation_is(const struct expr *e, char op);
/* The value that an equation gives to a name, or NULL. */
const struct expr *relation_value(const struct expr *e);
const struct expr *relation_name(const struct expr *e);
int relations_equal(struct equal *q, const struct expr *x,
                    const struct expr *y);
int name_like(const struct expr *e);

#endif
