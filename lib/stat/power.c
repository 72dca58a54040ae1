/* power - power of TOST and of t; Holm */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "dist.h"
#include "power.h"

/* density of s = sqrt(chi2_df / df) */
static double chi_density(double s, double df)
{
    if (s <= 0)
        return df == 1 ? sqrt(2 / acos(-1.0)) : 0;
    return exp(log(2.0) + df / 2 * log(df / 2) - lgamma(df / 2) +
               (df - 1) * log(s) - df * s * s / 2);
}

double power_tost(double margin, double se, double df, double alpha)
{
    enum { N = 2000 };
    double t, top, h, sum = 0;

    if (se <= 0)
        return 1;
    t = dist_t_isf(alpha, df);
    /* Beyond top the two rejection regions are disjoint; past 1 + 12 sd the
     * density has nothing left. */
    top = fmin(margin / (t * se), 1 + 12 / sqrt(2 * df));
    h = top / N;
    for (int i = 0; i <= N; i++) {
        double s = i * h, z = (margin - t * s * se) / se;
        double w = i == 0 || i == N ? 1 : i % 2 ? 4 : 2;

        sum += w * erf(z / sqrt(2.0)) * chi_density(s, df);
    }
    return fmax(0, fmin(1, sum * h / 3));
}

size_t power_tost_pairs(double margin, double sd, double alpha, double power,
                        size_t most)
{
    size_t lo = 2, hi = most + 1; /* hi has the power, or is none */

    while (lo < hi) {
        size_t n = lo + (hi - lo) / 2;

        if (power_tost(margin, sd / sqrt((double)n), (double)n - 1, alpha) >=
            power)
            hi = n;
        else
            lo = n + 1;
    }
    return hi <= most ? hi : 0;
}

double power_t_difference(double se, double df, double alpha, double power)
{
    return (dist_t_isf(alpha, df) + dist_t_isf(1 - power, df)) * se;
}

void power_holm(const double *p, size_t n, double *adjusted)
{
    size_t left = 0;
    double floor_ = 0;

    for (size_t i = 0; i < n; i++) {
        adjusted[i] = -1;
        left += p[i] >= 0;
    }
    for (; left; left--) {
        size_t least = n;

        for (size_t i = 0; i < n; i++)
            if (p[i] >= 0 && adjusted[i] < 0 && (least == n || p[i] < p[least]))
                least = i;
        floor_ = fmax(floor_, fmin(1, (double)left * p[least]));
        adjusted[least] = floor_;
    }
}
