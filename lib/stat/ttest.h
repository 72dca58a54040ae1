/* ttest - means: t intervals, Welch, equivalence (TOST)
 *
 * A result that cannot be computed has why != NULL (a static phrase such as
 * "zero variance in both arms"); then only the fields that the declaration
 * names are set and the rest are 0, never NaN.
 */
#ifndef ULP_STAT_TTEST_H
#define ULP_STAT_TTEST_H
#include <stddef.h>

struct ttest {
    size_t n1, n2; /* n2 = 0 for one sample */
    double est;    /* mean, or mean of 1 minus mean of 2 */
    double se, df, t;
    double lo, hi;    /* the two-sided interval at the level asked for */
    double p;         /* two-sided, est = 0 */
    double p_greater; /* one-sided, est > 0 */
    double p_less;
    const char *why; /* est is set unless a sample is empty; se if n >= 2 */
};

/* Mean of one sample against 0; level 0.95 for a 95% interval. Degenerate:
 * fewer than 2 values, zero variance. */
struct ttest ttest_one(const double *x, size_t n, double level);
/* Mean of x[i] - y[i]. */
struct ttest ttest_paired(const double *x, const double *y, size_t n,
                          double level);
/* Welch (1947): unequal variances, Satterthwaite's df. */
struct ttest ttest_welch(const double *x, size_t nx, const double *y, size_t ny,
                         double level);

/* Two one-sided tests (Schuirmann 1987) that |mean x - mean y| < margin, with
 * Welch's standard error: p is the larger of the two; equivalent at level
 * alpha exactly when the 1 - 2 alpha interval lies inside the margins. */
struct tost {
    struct ttest diff; /* with the 90% interval */
    double margin;
    double p_lower; /* against diff <= -margin */
    double p_upper; /* against diff >= +margin */
    double p;
    const char *why;
};
struct tost ttest_tost(const double *x, size_t nx, const double *y, size_t ny,
                       double margin);
/* The same on the differences x[i] - y[i], with their paired t interval. */
struct tost ttest_tost_paired(const double *x, const double *y, size_t n,
                              double margin);

#endif
