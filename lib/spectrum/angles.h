/* angles - principal angles between two subspaces
 *
 * cos of the angles are the singular values of Q0' Q1; small angles come from
 * the sines, the singular values of Q1 - Q0 Q0' Q1 (Bjorck and Golub 1973),
 * because a cosine near 1 has lost them.
 */
#ifndef ULP_SPECTRUM_ANGLES_H
#define ULP_SPECTRUM_ANGLES_H
#include <stddef.h>
#include "../base/err.h"

/* q0, q1: [k][n], orthonormal, vector i at q + i n, k <= n. angle: [k],
 * radians, ascending. q1 is overwritten. */
int angles_between(const double *q0, double *q1, size_t n, size_t k,
                   double *angle, struct err *e) MUST_CHECK;

#endif
