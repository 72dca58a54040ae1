/* value_ball - a tree as a complex ball (value.c) */
#ifndef ULP_VERIFY_VALUE_BALL_H
#define ULP_VERIFY_VALUE_BALL_H
#include <acb.h>
#include <flint/fmpq.h>
#include "expr.h"

enum rounding {
    ROUND_NONE,
    ROUND_ALONE, /* a whole gold: 3 digits or more */
    ROUND_PART,  /* a number inside a formula: 5 digits or more */
    ROUND_LONG   /* an answer's expansion: 10 digits or more, one unit */
};

struct ball_ctx {
    struct arena *a;
    int point; /* which random point */
    int log10; /* "log" without a base is to base ten */
    enum rounding rounding;
    slong prec;
    const acb_struct *at;  /* the variable of the integral or sum that is
                              being evaluated, or NULL */
    int analytic;          /* refuse what is not analytic over the ball */
    int rounded, bare_log; /* out: such a number, such a log was met */
};

/* 0, or -1 where the tree has no value (or one out of all bounds). */
int ball_eval(struct ball_ctx *c, const struct expr *e, acb_t out);
/* value_function.c: x to the power y, in place. */
int ball_pow(struct ball_ctx *c, acb_t x, const acb_t y);
/* Of the arguments v, which are spoilt, with room for two: 0 done, -1 no
 * value, 1 not a function that we know. */
int ball_function(struct ball_ctx *c, const struct expr *e, acb_ptr v,
                  acb_t out);
/* Exactly: 0, or -1 when it is not a rational number of modest size. */
int ball_rational(const struct expr *e, fmpq_t out);
/* The number as written; refuses absurd exponents. */
int ball_number(const struct expr *e, fmpq_t out);
/* The numeral of another base. */
int ball_numeral(const struct expr *e, fmpz_t out);

#endif
