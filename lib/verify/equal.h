/* equal - are two trees the same answer? (README.md, "When two answers are
 * equal")
 *
 * Every answer has a type (a value, a quantity, a set of reals, a row, a
 * relation, branches, a value under conditions), and equality is defined
 * once for a pair of types. Symmetric in its arguments except where
 * README.md says that the gold's own digits, its own left side or the
 * caller's options make the difference.
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
    long budget; /* comparisons left */
    /* equal_answers: parts of an answer are compared as answers are */
    int (*answers)(struct equal *q, const struct expr *x, const struct expr *y);
};

/* Flattened lists, expanded +-, shortened chains: done to both sides once. */
struct expr *equal_prepare(struct equal *q, struct expr *e);
/* equal.c: x is the gold. 1 or 0. */
int equal_answers(struct equal *q, const struct expr *x, const struct expr *y);
static inline int equal_trees(struct equal *q, const struct expr *x,
                              const struct expr *y)
{
    return q->answers(q, x, y);
}

/* equal_scalar.c: by value alone; sets q->rule when they are equal. */
int equal_scalar(struct equal *q, const struct expr *x, const struct expr *y);

/* equal_rows.c: lists, sets, tuples, matrices, ratios. */
int rows_is(const struct expr *e);
int rows_equal(struct equal *q, const struct expr *x, const struct expr *y);
int rows_any_order(struct equal *q, const struct expr *x, const struct expr *y);
int rows_ratios(struct equal *q, const struct expr *x, const struct expr *y);
/* "(p, q) = (3, 2)" as "p = 3, q = 2", or NULL. */
struct expr *rows_spread(struct equal *q, const struct expr *e);

/* equal_sets.c: intervals, unions, inequalities, {x | ...}. NULL when e says
 * nothing of one real variable; *var is its name, NULL when it has none. */
struct expr *sets_of(struct equal *q, const struct expr *e, const char **var);
/* 1, 0, or -1 when one of them is no set of reals. */
int sets_equal(struct equal *q, const struct expr *x, const struct expr *y);

/* equal_units.c: units, currencies, percent, degrees, bases, times of day.
 * -1 when neither has such a mark. */
int quantities_equal(struct equal *q, const struct expr *x,
                     const struct expr *y);
/* Quantities of one dimension (in different units where mixed is set) added
 * up, in the unit of the first; or NULL. */
struct expr *quantities_added(struct equal *q, struct expr *e, int mixed);

/* equal_rel.c: equations and inequalities. */
int relation_is(const struct expr *e, char op);
/* A name that stands for "the answer is": x, a_3, f(2), AB, (x, y). */
int relation_bare(const struct expr *e);
/* The name that an equation defines, or NULL. */
const struct expr *relation_name(const struct expr *e);
/* The value that an equation gives to a name, or NULL; of a gold, any left
 * side that is no equation to be solved. */
const struct expr *relation_value(struct equal *q, const struct expr *e,
                                  int gold);
int relations_equal(struct equal *q, const struct expr *x,
                    const struct expr *y);

#endif
