/* overlap - where in a matrix an update fell: on its large or small weights?
 *
 * Three masks of one matrix (SCIENCE 6b): M, the weights that changed by the
 * rule of lib/compare; `principal`, the top half of |R|, R the reconstruction of
 * the base from its leading singular triples; `low`, the bottom half of |W0|.
 * Half is OVERLAP_ALPHA of the weights; those equal to the one at the limit
 * belong to a mask as well, so that a mask may be larger than that: `chance`,
 * its share of the weights, is what a random M would have.
 */
#ifndef ULP_SPECTRUM_OVERLAP_H
#define ULP_SPECTRUM_OVERLAP_H
#include <stdint.h>
#include "operand.h"

/* The share of the weights in a mask. */
#define OVERLAP_ALPHA 0.5

/* The masks that are held against M. */
enum { OVERLAP_PRINCIPAL, OVERLAP_LOW, OVERLAP_LOW_ONLY, N_OVERLAPS };

struct overlap {
    uint64_t n, n_changed;
    uint64_t mask[N_OVERLAPS]; /* weights in it; LOW_ONLY: low, and not
                                  principal */
    uint64_t both[N_OVERLAPS]; /* of them changed */
};

/* before and after: b is NULL. R = left right', left [k][rows], right
 * [k][cols]: in one of them the vectors have the length of their singular
 * values, in the other 1. Takes 4 bytes a weight. */
void overlap_count(struct overlap *x, const struct operand *before,
                   const struct operand *after, double eta, size_t k,
                   const double *left, const double *right);

#endif
