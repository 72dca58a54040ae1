/* dist - tails and quantiles of the normal, t, F and chi-square laws
 *
 * Tails are computed by Arb's incomplete beta and gamma functions with enough
 * precision for the nearest double; so they have the same bits on every
 * machine. Quantiles invert the tail by bisection to the last bit or two.
 * Arguments: df > 0 (need not be whole), tails in (0, 1).
 */
#ifndef ULP_STAT_DIST_H
#define ULP_STAT_DIST_H

/* P(X > x) */
double dist_normal_sf(double x);
double dist_t_sf(double x, double df);
double dist_f_sf(double x, double df1, double df2); /* 1 for x <= 0 */
double dist_chi2_sf(double x, double df);           /* 1 for x <= 0 */

/* P(X <= x), accurate in the lower tail */
double dist_normal_cdf(double x);
double dist_t_cdf(double x, double df);
double dist_f_cdf(double x, double df1, double df2);
double dist_chi2_cdf(double x, double df);

/* The x with P(X > x) = q, for 0 < q < 1. */
double dist_normal_isf(double q);
double dist_t_isf(double q, double df);
double dist_f_isf(double q, double df1, double df2);
double dist_chi2_isf(double q, double df);

#endif
