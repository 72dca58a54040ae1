/* matrix - what an update did to one matrix (SCIENCE 6b) */
#ifndef ULP_SPECTRUM_MATRIX_H
#define ULP_SPECTRUM_MATRIX_H
#include "../base/err.h"
#include "operand.h"
#include "overlap.h"

enum {                       /* what is asked for */
       SPECTRUM_DRIFT = 1,   /* of all singular values */
       SPECTRUM_ANGLES = 2,  /* of the leading singular vectors */
       SPECTRUM_DELTA = 4,   /* of the update itself */
       SPECTRUM_OVERLAP = 8, /* of changed weights with masks of the base */
       SPECTRUM_ALL = 15
};

struct matrix_opts {
    int parts;
    size_t k;   /* leading singular vectors; at most the shorter side */
    double eta; /* of the rule of change, see lib/compare/sparsity.h */
    int values; /* keep the singular values */
};

struct side { /* left: of the rows; right: of the columns. Degrees. */
    double angle_max, angle_mean;
};

struct matrix {
    size_t rows, cols, n_short;
    int moved; /* some value differs */
    /* drift */
    double s1_base, s1;          /* largest singular values */
    double square_base;          /* sum of squares of the base's */
    double square_drift;         /* sum of squares of the differences */
    double drift_error;          /* bound on the error of sqrt(square_drift) */
    float *values_base, *values; /* [n_short] or NULL; own */
    /* angles */
    size_t k; /* at most the ranks of both; 0: none */
    struct side left, right;
    double angle_error; /* bound, degrees; 90: the subspaces are not defined,
                           because values k and k+1 are equal */
    /* delta */
    double square_delta;     /* |dW|_F^2 */
    double s1_delta;         /* largest singular value */
    double square_delta_top; /* sum of squares of the first k */
    struct overlap overlap;
};

/* Both of one shape, with rows and cols >= 1; b of each NULL. A value that is
 * not finite is an error, as is a failure of LAPACK. Bits depend on values and
 * options alone. */
int matrix_of(struct matrix *x, const struct operand *before,
              const struct operand *after, const struct matrix_opts *o,
              struct err *e) MUST_CHECK;
void matrix_free(struct matrix *x);

/* Bytes that matrix_of holds at most. */
size_t matrix_memory(size_t rows, size_t cols, const struct matrix_opts *o);

#endif
