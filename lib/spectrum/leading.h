/* leading - the leading singular subspaces of large matrices, and no more
 *
 * A matrix and its Gram matrix G (svd.h) of order n, k leading vectors V:
 *
 *   G ~ Q T Q'          in float32: product and reduction to tridiagonal form,
 *                       half the time of float64
 *   R = G V - V (V'G V) in float64, by products of the matrix with V
 *   V + X, made orthonormal, X from (Q T Q' - theta_i) x_i = -r_i outside the
 *                       leading k vectors of Q T Q'; then again
 *
 * A step lowers the error by about the error of Q T Q' over the gap between
 * values k and k+1. So the matrix before an update gives Q T Q' and the first
 * V for the one after as well, where the update is small; else that one gets
 * its own.
 *
 * Bound (Davis and Kahan 1970): the sine of the largest angle between V and the
 * true subspace is at most |R|_F / (least eigenvalue of V'G V - next), where
 * next is at least eigenvalue k+1 of G. next = that of T plus an error bound:
 * delta of svd.h with the epsilon of float32; or, after an update D,
 * (its root + |D|_F)^2 (Weyl). What svd.h says of rounding in float64 is added.
 * Steps end when the bound is at most LEADING_TOLERANCE and two millionths of
 * |D|_F / (singular value k), or four times that of rounding. Where it does not
 * get below LEADING_TOLERANCE (values k and k+1 too close) nothing is said, and
 * the whole decomposition is due.
 */
#ifndef ULP_SPECTRUM_LEADING_H
#define ULP_SPECTRUM_LEADING_H
#include "operand.h"

#define LEADING_TOLERANCE 2e-8 /* radians */

struct leading {
    double *u, *v; /* [k][short side], orthonormal; [k][long side]: u through
                      the matrix, so that u v' is its rank-k part. Both are of
                      the caller, k vectors of any rotation */
    double bound;  /* radians, of either side's subspace */
};

/* k is small enough beside the shorter side for this way to be the faster. */
int leading_is_faster(const struct operand *o, size_t k);

/* Of n (1 or 2) matrices of one shape: the second is the first plus an update
 * whose sum of squares is square_delta. Values are finite, b of each NULL,
 * k < shorter side. 1: found, within LEADING_TOLERANCE each, and the first k
 * singular values stand above noise; 0: not found, u and v hold anything. Bits
 * depend on the arguments alone. */
int leading_subspaces(struct leading *x, int n, const struct operand *const *of,
                      size_t k, double square_delta);

#endif
