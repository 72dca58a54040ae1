/* power - what a design can see, and corrections for many tests
 */
#ifndef ULP_STAT_POWER_H
#define ULP_STAT_POWER_H
#include <stddef.h>

/* Power of TOST (each side at level alpha) when the true difference is 0, the
 * standard error of the difference is se and is estimated with df degrees:
 * the mean over the chi law of s of [2 Phi((margin - t s) / se) - 1]+. */
double power_tost(double margin, double se, double df, double alpha);
/* The least number of pairs, 2 to `most`, whose differences of standard
 * deviation sd give TOST that power when the true difference is 0; 0: more.
 * Power passes the one asked for once as pairs grow. */
size_t power_tost_pairs(double margin, double sd, double alpha, double power,
                        size_t most);
/* The true difference of means found with the given power by a one-sided t
 * test: (t_alpha + t_(1-power)) se, the usual approximation. */
double power_t_difference(double se, double df, double alpha, double power);

/* Holm (1979): adjusted p values in the order of p. A p < 0 stands for a test
 * that could not be computed: it is left out and stays -1. */
void power_holm(const double *p, size_t n, double *adjusted);

#endif
