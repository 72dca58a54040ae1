/* vartest - F, chi-square and Brown-Forsythe */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "describe.h"
#include "dist.h"
#include "vartest.h"

struct vartest_f vartest_f(const double *x, size_t nx, const double *y,
                           size_t ny, double level)
{
    struct vartest_f r = {0};
    double dx = (double)nx - 1, dy = (double)ny - 1, q = (1 - level) / 2;

    if (nx >= 2)
        r.var_x = desc_var(x, nx);
    if (ny >= 2)
        r.var_y = desc_var(y, ny);
    if (nx < 2 || ny < 2)
        r.why = "fewer than two values in an arm";
    else if (r.var_x == 0 && r.var_y == 0)
        r.why = "zero variance in both arms";
    else if (r.var_x == 0 || r.var_y == 0)
        r.why = "zero variance in one arm";
    if (r.why)
        return r;
    r.ratio = r.var_x / r.var_y;
    r.lo = r.ratio / dist_f_isf(q, dx, dy);
    r.hi = r.ratio * dist_f_isf(q, dy, dx);
    r.p_greater = dist_f_sf(r.ratio, dx, dy);
    r.p_less = dist_f_cdf(r.ratio, dx, dy);
    r.p = fmin(1, 2 * fmin(r.p_greater, r.p_less));
    return r;
}

struct vartest_ci vartest_chi2(const double *x, size_t n, double level)
{
    struct vartest_ci r = {0};
    double df = (double)n - 1, q = (1 - level) / 2;

    if (n < 2) {
        r.why = "fewer than two values";
        return r;
    }
    r.var = desc_var(x, n);
    if (r.var == 0) {
        r.why = "zero variance";
        return r;
    }
    r.lo = r.var * df / dist_chi2_isf(q, df);
    r.hi = r.var * df / dist_chi2_isf(1 - q, df);
    return r;
}

static double *deviations(const double *x, size_t n)
{
    double *d = xmalloc(n * sizeof *d), m = desc_median(x, n);

    for (size_t i = 0; i < n; i++)
        d[i] = fabs(x[i] - m);
    return d;
}

struct vartest_bf vartest_brown_forsythe(const double *x, size_t nx,
                                         const double *y, size_t ny)
{
    struct vartest_bf r = {0};
    double *dx, *dy, df, within, diff, t, level;

    if (nx < 2 || ny < 2) {
        r.why = "fewer than two values in an arm";
        return r;
    }
    if (desc_constant(x, nx) && desc_constant(y, ny)) {
        r.why = "zero variance in both arms";
        return r;
    }
    dx = deviations(x, nx);
    dy = deviations(y, ny);
    df = (double)(nx + ny) - 2;
    within = ((double)(nx - 1) * desc_var(dx, nx) +
              (double)(ny - 1) * desc_var(dy, ny)) /
             df;
    diff = desc_mean(dx, nx) - desc_mean(dy, ny);
    level = desc_mean(dx, nx) + desc_mean(dy, ny);
    free(dx);
    free(dy);
    /* two values an arm deviate alike but for rounding */
    if (within <= 1e-24 * level * level) {
        r.why = "no spread of the deviations within the arms";
        return r;
    }
    t = diff / sqrt(within * (1 / (double)nx + 1 / (double)ny));
    r.stat = t * t;
    r.p = fmin(1, 2 * dist_t_sf(fabs(t), df));
    r.p_greater = dist_t_sf(t, df);
    return r;
}
