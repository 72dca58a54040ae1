/* describe - means, variances, quantiles of a handful of numbers
 *
 * Inputs are finite; n is what the caller has checked against each function's
 * least count. Sums run over a sorted copy where the order of the input has no
 * meaning, so that the same values in another order give the same bits.
 */
#ifndef ULP_STAT_DESCRIBE_H
#define ULP_STAT_DESCRIBE_H
#include <stddef.h>

double desc_mean(const double *x, size_t n); /* n >= 1 */
/* Unbiased (n - 1) variance, two passes; n >= 2. Equal values give 0. */
double desc_var(const double *x, size_t n);
double desc_sd(const double *x, size_t n);
double desc_min(const double *x, size_t n);
double desc_max(const double *x, size_t n);
/* Linear interpolation between order statistics (Hyndman-Fan type 7, the
 * default of R and numpy); p in [0, 1], n >= 1. */
double desc_quantile(const double *x, size_t n, double p);
double desc_median(const double *x, size_t n);
/* Interquartile mean: floor(n / 4) values cut from each end (rliable,
 * arXiv 2108.13264; scipy.stats.trim_mean(x, 0.25)). */
double desc_iqm(const double *x, size_t n);
/* Unbiased covariance, sums in index order; n >= 2. */
double desc_cov(const double *x, const double *y, size_t n);
/* Pearson's correlation; 0 when a side has no spread. n >= 2. */
double desc_corr(const double *x, const double *y, size_t n);
/* All values equal? */
int desc_constant(const double *x, size_t n);

#endif
