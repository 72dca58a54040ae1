/* value - are two scalar trees the same number or function?
 *
 * Tried in this order, each with a cost that is bounded before it is begun:
 *  1. both rational: exactly;
 *  2. ball arithmetic: disjoint balls prove a difference;
 *  3. rational functions of the variables: exactly, by normal form;
 *  4. constants: exactly, by Calcium, where it decides;
 *  5. else agreement of balls of 300 bits (1000 for constants) at random
 *     points. For polynomials of degree d the chance that two different
 *     ones agree at one point is below d / 2^50.
 */
#ifndef ULP_VERIFY_VALUE_H
#define ULP_VERIFY_VALUE_H
#include "expr.h"
#include "verify.h"

enum value_verdict {
    VALUE_UNKNOWN, /* cannot be evaluated */
    VALUE_DIFFERENT,
    VALUE_RATIONAL, /* equal: by 1 */
    VALUE_NORMAL,   /* equal: by 3 */
    VALUE_EXACT,    /* equal: by 4 */
    VALUE_NUMERIC,  /* equal: by 5 */
    VALUE_ROUNDED   /* equal within the digits of the gold's decimals */
};

struct value_opts {
    int precision;
    void (*provisional)(void *ctx); /* about to try 4 */
    void *ctx;
};

/* x is the gold, y the answer. */
enum value_verdict value_equal(struct arena *a, const struct expr *x,
                               const struct expr *y,
                               const struct value_opts *o);

/* Do two trees stand in a constant ratio? Returns its sign (of its real
 * part), 2 for a constant that is not real, 0 if they do not. */
int value_ratio(struct arena *a, const struct expr *x, const struct expr *y);

/* 1 or -1 for plus or minus infinity, else 0. */
int value_infinite(const struct expr *x);

/* A real constant's value for sorting: 1 and *d, or 0 when it is none.
 * Infinite for an infinity, and beyond the range of a double. */
int value_double(const struct expr *x, double *d);

/* Names of the variables, sorted, at most max; returns how many, or -1. */
int value_symbols(const struct expr *x, const char **names, int max);

#endif
