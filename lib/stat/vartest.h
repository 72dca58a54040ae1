/* vartest - is the variance of one arm larger than that of another?
 *
 * x is the arm whose variance is conjectured to be larger (bf16), y the
 * reference (fp32); one-sided p values speak of var x > var y. A result that
 * cannot be computed has why != NULL and 0 elsewhere but in what is named.
 */
#ifndef ULP_STAT_VARTEST_H
#define ULP_STAT_VARTEST_H
#include <stddef.h>
#include <stdint.h>

/* Ratio of variances with its F interval (assumes normal values). */
struct vartest_f {
    double var_x, var_y, ratio;
    double lo, hi; /* two-sided, at the level asked for */
    double p_greater, p_less, p;
    const char *why; /* variances are set whenever n >= 2 */
};
struct vartest_f vartest_f(const double *x, size_t nx, const double *y,
                           size_t ny, double level);

/* Interval of one variance (chi-square). */
struct vartest_ci {
    double var, lo, hi;
    const char *why;
};
struct vartest_ci vartest_chi2(const double *x, size_t n, double level);

/* Brown-Forsythe (1974): one-way analysis of variance of |value - median of
 * its arm|. stat is the F statistic with 1 and nx + ny - 2 degrees; p is its
 * two-sided p, p_greater the one-sided one by the sign of the difference of
 * mean deviations. */
struct vartest_bf {
    double stat, p, p_greater;
    const char *why;
};
struct vartest_bf vartest_brown_forsythe(const double *x, size_t nx,
                                         const double *y, size_t ny);

#endif
