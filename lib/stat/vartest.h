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

/* Permutation test on median-centred values: all splits when there are at most
 * VARTEST_EXACT of them, else VARTEST_DRAWS random ones from seed (then p is
 * (hits + 1) / (draws + 1)). The statistic is the sum of squares of x's
 * centred values; with the total fixed it orders splits as the ratio does. */
enum { VARTEST_EXACT = 200000, VARTEST_DRAWS = 20000 };
struct vartest_perm {
    double p_greater, p_less;
    uint32_t n_splits;
    int exact;
    const char *why;
};
struct vartest_perm vartest_permutation(const double *x, size_t nx,
                                        const double *y, size_t ny,
                                        uint64_t seed);

/* The same over several tasks at once, whole seeds moved together (the tasks of
 * a seed share a checkpoint). x[k * nx + i]: task k, seed i. The statistic is
 * the mean over tasks of (vx - vy) / (vx + vy), v mean squares of centred
 * values: the ratio, bounded, and defined where one of them is 0. */
struct vartest_perm vartest_permutation_tasks(const double *x, size_t nx,
                                              const double *y, size_t ny,
                                              size_t n_tasks, uint64_t seed);

/* Pitman (1939) and Morgan (1939): equal variances of paired values, by the
 * correlation of sums and differences; t with n - 2 degrees. */
struct vartest_pm {
    double r, t, p, p_greater;
    const char *why;
};
struct vartest_pm vartest_pitman_morgan(const double *x, const double *y,
                                        size_t n);

#endif
