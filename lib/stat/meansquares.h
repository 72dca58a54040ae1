/* meansquares - a component of variance and its interval
 *
 * In a balanced nested design a component of variance is a sum of mean squares,
 * some of them subtracted. Each is df degrees of a chi-square law of its own
 * when values are normal, and all are independent.
 */
#ifndef ULP_STAT_MEANSQUARES_H
#define ULP_STAT_MEANSQUARES_H
#include <stddef.h>

struct mean_square {
    double coef; /* not 0; below 0: subtracted */
    double value;
    double df;
};

struct component {
    double est;      /* sum of coef times value; may be below 0 */
    double lo, hi;   /* two-sided, at the level asked for; may be below 0 */
    const char *why; /* not computable: all values are 0 */
};

/* Degrees of freedom of the mean of k mean squares, each of df degrees, that may
 * correlate (Satterthwaite): df e, with e = tr(C)^2 / tr(C^2) of their covariance
 * matrix, from 1 (all alike) to k (independent and equal). x[i * k + j]: n rows
 * of deviations from their mean, whose products by df estimate C. e is the
 * geometric mean of two estimates: by the observed matrix (Greenhouse and
 * Geisser 1959), too small where the k are independent, and by unbiased traces
 * (Huynh and Feldt 1976), too large where they correlate. */
double mean_square_df(const double *x, size_t n, size_t k, double df);

/* The modified large-sample interval of Ting, Burdick, Graybill, Jeyaratnam and
 * Lu (1990), "Confidence intervals on linear combinations of variance
 * components that are unrestricted in sign". */
struct component component_of(const struct mean_square *m, size_t n,
                              double level);

#endif
