/* describe - means, variances, quantiles */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "describe.h"

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* A malloc'd ascending copy. */
static double *sorted(const double *x, size_t n)
{
    double *s = xmalloc((n ? n : 1) * sizeof *s);

    if (n)
        memcpy(s, x, n * sizeof *s);
    qsort(s, n, sizeof *s, ascending);
    return s;
}

static double mean_of(const double *s, size_t n)
{
    double sum = 0, rest = 0;

    /* Two passes: the second takes up what the first rounded away. */
    for (size_t i = 0; i < n; i++)
        sum += s[i];
    double m = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        rest += s[i] - m;
    return m + rest / (double)n;
}

double desc_mean(const double *x, size_t n)
{
    double *s = sorted(x, n);
    double m = n && s[0] == s[n - 1] ? s[0] : mean_of(s, n);

    free(s);
    return m;
}

double desc_var(const double *x, size_t n)
{
    double *s = sorted(x, n), ss = 0, rest = 0;
    double m = mean_of(s, n);

    if (s[0] == s[n - 1]) {
        free(s);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        double d = s[i] - m;

        ss += d * d;
        rest += d;
    }
    free(s);
    return (ss - rest * rest / (double)n) / (double)(n - 1);
}

double desc_sd(const double *x, size_t n)
{
    return sqrt(desc_var(x, n));
}

double desc_min(const double *x, size_t n)
{
    double m = x[0];

    for (size_t i = 1; i < n; i++)
        m = x[i] < m ? x[i] : m;
    return m;
}

double desc_max(const double *x, size_t n)
{
    double m = x[0];

    for (size_t i = 1; i < n; i++)
        m = x[i] > m ? x[i] : m;
    return m;
}

double desc_quantile(const double *x, size_t n, double p)
{
    double *s = sorted(x, n);
    double at = p * (double)(n - 1);
    size_t i = (size_t)at;
    double q = s[i];

    if (i + 1 < n)
        q += (at - (double)i) * (s[i + 1] - s[i]);
    free(s);
    return q;
}

double desc_median(const double *x, size_t n)
{
    return desc_quantile(x, n, 0.5);
}

double desc_iqm(const double *x, size_t n)
{
    double *s = sorted(x, n);
    size_t cut = n / 4;
    double m = mean_of(s + cut, n - 2 * cut);

    free(s);
    return m;
}

double desc_cov(const double *x, const double *y, size_t n)
{
    double mx = desc_mean(x, n), my = desc_mean(y, n), s = 0;

    for (size_t i = 0; i < n; i++)
        s += (x[i] - mx) * (y[i] - my);
    return s / (double)(n - 1);
}

double desc_corr(const double *x, const double *y, size_t n)
{
    double mx = desc_mean(x, n), my = desc_mean(y, n);
    double xx = 0, yy = 0, xy = 0;

    if (desc_constant(x, n) || desc_constant(y, n))
        return 0;
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xy / sqrt(xx * yy);
}

int desc_constant(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return 0;
    return 1;
}
