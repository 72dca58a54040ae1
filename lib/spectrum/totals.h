/* totals - of the matrices of a kind, a layer, or all */
#ifndef ULP_SPECTRUM_TOTALS_H
#define ULP_SPECTRUM_TOTALS_H
#include "../record/rec.h"
#include "matrix.h"

struct totals {
    uint64_t n, n_matrices;
    double square_base, square_drift, square_error; /* sums over matrices */
    struct side left, right; /* angle_mean: the sum of all angles */
    double angle_error;      /* the largest */
    uint64_t k;              /* angles of a side */
    double square_delta, square_delta_top, stable_rank; /* sums */
    uint64_t n_moved;
    uint64_t n_changed, both[N_OVERLAPS];
    double expected[N_OVERLAPS]; /* of both, by chance */
};

/* Adds a matrix; *t is zero before the first. */
void totals_add(struct totals *t, const struct matrix *x);

/* The fields that a matrix, or several, have in common. */
void totals_set(const struct totals *t, int parts, struct rec *rec);
/* Those of a matrix alone. */
void totals_set_matrix(const struct matrix *x, int parts, struct rec *rec);

#endif
