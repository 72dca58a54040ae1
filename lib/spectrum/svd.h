/* svd - singular values and the leading singular vectors of a matrix
 *
 * Two ways, each with a bound on its error.
 *
 * svd_gram: the eigenvalues of the product of the matrix with its transpose,
 * of the order of the shorter side, by one reduction to tridiagonal form. It
 * takes fewer operations. Each square of a singular value is off by at most
 * svd.delta; what that means for a value of the size of s is delta / s, so that
 * small values suffer.
 *
 * svd_refine: QR of the matrix a panel at a time, then dgesdd of the factor R;
 * or dgesdd at once where the matrix is nearly square. Every singular value is
 * off by at most delta / s_1.
 *
 * delta = 32 eps (s_1^2 + |A|_F^2 / sqrt(short side)). The form is that of a
 * sum's rounding error (each entry of the product is off by some eps times two
 * row norms; a random matrix of order n of such entries has the norm sqrt(n)).
 * 32 is six times the largest factor that was found over normal, spiked,
 * scaled and positive matrices of sides 2 to 20000; the tests hold both ways
 * against it.
 *
 * A call uses one thread, and its bits depend on the matrix alone. An error is
 * a failure of LAPACK to converge.
 */
#ifndef ULP_SPECTRUM_SVD_H
#define ULP_SPECTRUM_SVD_H
#include "../base/err.h"
#include "operand.h"

struct svd {
    struct operand of;
    size_t n_short, n_long;
    double *value; /* [n_short], descending */
    double square; /* |A|_F^2, summed from the values; not finite where one
                         of them is not, and then nothing else is set */
    double delta;
    int refined; /* the values are of svd_refine */
    /* own: */
    double *gram; /* [n_short][n_short], as dsytrd left it */
    double *d, *e, *tau;
    double *right; /* of svd_refine with vectors, or NULL: R = u diag(value)
                         right */
};

/* Reads the matrix; value and delta are set. svd_close is due, on error too. */
int svd_gram(struct svd *x, const struct operand *o, struct err *e) MUST_CHECK;
/* The same from a QR factorisation; after svd_gram or by itself (then x is
 * zero before). vectors: svd_short then takes them from here, and else from
 * svd_gram. */
int svd_refine(struct svd *x, const struct operand *o, int vectors,
               struct err *e) MUST_CHECK;
/* Bound on |value[i] - truth|. */
double svd_bound(const struct svd *x, size_t i);
/* Values that stand above the noise of a float64 factorisation: value > n_long
 * eps value[0]. -1 where the bound on a value among the first k leaves it open
 * (svd_refine then decides). */
long svd_rank(const struct svd *x, size_t k);
/* Bound in radians on the angle between the subspace of the first k singular
 * vectors of the shorter side and the true one (Davis and Kahan; Wedin), and
 * on the longer side. pi/2 where values k and k+1 are too close to tell. */
double svd_angle_bound(const struct svd *x, size_t k);

/* u: [k][n_short], vector i at u + i n_short. */
int svd_short(struct svd *x, size_t k, double *u, struct err *e) MUST_CHECK;
/* v: [k][n_long], vector i times singular value i, from u of svd_short. */
void svd_long(const struct svd *x, size_t k, const double *u, double *v);
/* Columns a [k][n] (vector i at a + i n) become orthonormal, of the same
 * span. */
int svd_orthonormal(double *a, size_t n, size_t k, struct err *e) MUST_CHECK;

/* Frees what x owns, and sets it to NULL. */
void svd_close(struct svd *x);

/* Bytes that the above hold at most, with k vectors. */
size_t svd_memory(size_t rows, size_t cols, size_t k);

#endif
