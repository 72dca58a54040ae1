/* power - what a design can see, and corrections for many tests
 */
#ifndef ULP_STAT_POWER_H
#define ULP_STAT_POWER_H
#include <stddef.h>

/* Power of the one-sided F test at level alpha when the true ratio of
 * variances is `ratio`: P(F(n1-1, n2-1) > F_alpha / ratio). n >= 2. */
double power_f(double ratio, size_t n1, size_t n2, double alpha);
/* The true ratio that it finds with the given power (SCIENCE 7: 15.9 for 5
 * seeds an arm and 80%, 7.4 for 8, 5.7 for 10, 3.9 for 15, 3.2 for 20). */
double power_f_ratio(size_t n1, size_t n2, double alpha, double power);

/* Power of TOST (each side at level alpha) when the true difference is 0, the
 * standard error of the difference is se and is estimated with df degrees:
 * the mean over the chi law of s of [2 Phi((margin - t s) / se) - 1]+. */
double power_tost(double margin, double se, double df, double alpha);
/* Seeds an arm for the given power, both arms with standard deviation sd; 0
 * when more than 1000 would be needed. */
size_t power_tost_n(double margin, double sd, double alpha, double power);

/* The true difference of means found with the given power by a one-sided t
 * test: (t_alpha + t_(1-power)) se, the usual approximation. */
double power_t_difference(double se, double df, double alpha, double power);

/* Holm (1979): adjusted p values in the order of p. A p < 0 stands for a test
 * that could not be computed: it is left out and stays -1. */
void power_holm(const double *p, size_t n, double *adjusted);

#endif
