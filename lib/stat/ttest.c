/* ttest - t intervals, Welch's test, two one-sided tests */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "describe.h"
#include "dist.h"
#include "ttest.h"

static void finish(struct ttest *r, double level)
{
    double half = dist_t_isf((1 - level) / 2, r->df) * r->se;

    r->t = r->est / r->se;
    r->lo = r->est - half;
    r->hi = r->est + half;
    r->p_greater = dist_t_sf(r->t, r->df);
    r->p_less = dist_t_cdf(r->t, r->df);
    r->p = 2 * fmin(r->p_greater, r->p_less);
}

struct ttest ttest_one(const double *x, size_t n, double level)
{
    struct ttest r = {.n1 = n};

    if (n == 0) {
        r.why = "no values";
        return r;
    }
    r.est = desc_mean(x, n);
    if (n == 1) {
        r.why = "only one value";
        return r;
    }
    r.se = sqrt(desc_var(x, n) / (double)n);
    r.df = (double)(n - 1);
    if (r.se == 0) {
        r.why = "zero variance";
        return r;
    }
    finish(&r, level);
    return r;
}

struct ttest ttest_paired(const double *x, const double *y, size_t n,
                          double level)
{
    double *d = xmalloc((n ? n : 1) * sizeof *d);
    struct ttest r;

    for (size_t i = 0; i < n; i++)
        d[i] = x[i] - y[i];
    r = ttest_one(d, n, level);
    free(d);
    return r;
}

struct ttest ttest_welch(const double *x, size_t nx, const double *y, size_t ny,
                         double level)
{
    struct ttest r = {.n1 = nx, .n2 = ny};
    double vx, vy;

    if (nx == 0 || ny == 0) {
        r.why = "no values in an arm";
        return r;
    }
    r.est = desc_mean(x, nx) - desc_mean(y, ny);
    if (nx == 1 || ny == 1) {
        r.why = "only one value in an arm";
        return r;
    }
    vx = desc_var(x, nx) / (double)nx;
    vy = desc_var(y, ny) / (double)ny;
    r.se = sqrt(vx + vy);
    if (r.se == 0) {
        r.why = "zero variance in both arms";
        return r;
    }
    /* Scaled by the sum so that tiny variances do not underflow. */
    vx /= r.se * r.se;
    vy /= r.se * r.se;
    r.df = 1 / (vx * vx / (double)(nx - 1) + vy * vy / (double)(ny - 1));
    finish(&r, level);
    return r;
}

static struct tost two_sides(struct ttest diff, double margin)
{
    struct tost r = {.diff = diff, .margin = margin, .why = diff.why};

    if (r.why)
        return r;
    r.p_lower = dist_t_sf((diff.est + margin) / diff.se, diff.df);
    r.p_upper = dist_t_cdf((diff.est - margin) / diff.se, diff.df);
    r.p = fmax(r.p_lower, r.p_upper);
    return r;
}

struct tost ttest_tost(const double *x, size_t nx, const double *y, size_t ny,
                       double margin)
{
    return two_sides(ttest_welch(x, nx, y, ny, 0.90), margin);
}

struct tost ttest_tost_paired(const double *x, const double *y, size_t n,
                              double margin)
{
    return two_sides(ttest_paired(x, y, n, 0.90), margin);
}
