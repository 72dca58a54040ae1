/* angles - from cosines where the angle is large, from sines where small */
#include "angles.h"
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "lapack.h"
#include "svd_impl.h"

/* a: m x k, column-major, overwritten; s descending. */
static int singular_values(double *a, size_t m, size_t k, double *s,
                           struct err *e)
{
    int rows = (int)m, cols = (int)k, lwork = (int)(64 * (m + 5 * k)), info;
    int one = 1, *iw = xcalloc(8 * k, sizeof *iw);
    double none = 0, *work = svd_doubles((size_t)lwork, 1);

    dgesdd_("N", &rows, &cols, a, &rows, s, &none, &one, &none, &one, work,
            &lwork, iw, &info, 1);
    free(iw);
    free(work);
    return info ? svd_failed("dgesdd", info, e) : 0;
}

int angles_between(const double *q0, double *q1, size_t n, size_t k,
                   double *angle, struct err *e)
{
    static const double one = 1, minus = -1, zero = 0;
    int rows = (int)n, cols = (int)k, r;
    double *c = svd_doubles(k, k), *cosine = svd_doubles(k, 1);
    double *sine = svd_doubles(k, 1);

    dgemm_("T", "N", &cols, &cols, &rows, &one, q0, &rows, q1, &rows, &zero, c,
           &cols, 1, 1);
    dgemm_("N", "N", &rows, &cols, &cols, &minus, q0, &rows, c, &cols, &one, q1,
           &rows, 1, 1);
    r = singular_values(c, k, k, cosine, e);
    if (!r)
        r = singular_values(q1, n, k, sine, e);
    for (size_t i = 0; !r && i < k; i++) {
        double x = fmin(cosine[i], 1), y = fmin(sine[k - 1 - i], 1);

        angle[i] = y * y < 0.5 ? asin(y) : acos(x);
    }
    free(c);
    free(cosine);
    free(sine);
    return r;
}
