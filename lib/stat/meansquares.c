/* meansquares - effective degrees, and the modified large-sample interval */
#include "meansquares.h"
#include <math.h>
#include "dist.h"

static double between(double x, double least, double most)
{
    return fmin(fmax(x, least), most);
}

double mean_square_df(const double *x, size_t n, size_t k, double df)
{
    double of_trace = 0, squares = 0, top, bottom, plain, unbiased;

    if (k == 1)
        return df;
    for (size_t a = 0; a < k; a++)
        for (size_t b = 0; b < k; b++) {
            double c = 0;

            for (size_t i = 0; i < n; i++)
                c += x[i * k + a] * x[i * k + b];
            c /= df;
            squares += c * c;
            if (a == b)
                of_trace += c;
        }
    if (squares <= 0)
        return df;
    of_trace *= of_trace;
    top = (df + 1) * of_trace - 2 * squares; /* common factors left away */
    bottom = df * squares - of_trace;
    plain = between(of_trace / squares, 1, (double)k);
    unbiased = bottom > 0 ? between(top / bottom, 1, (double)k) : (double)k;
    return df * sqrt(plain * unbiased);
}

/* Of a mean square of df degrees: how far below the expectation it may be
 * (added), or above it (subtracted), relative to it; tail: in each direction. */
static double reach(const struct mean_square *m, double sign, double tail)
{
    return sign * m->coef > 0 ? 1 - m->df / dist_chi2_isf(tail, m->df)
                              : m->df / dist_chi2_isf(1 - tail, m->df) - 1;
}

/* The part of a pair, by coefficients and values of both: p is added. */
static double apart(const struct mean_square *p, const struct mean_square *s,
                    double g, double h, double tail)
{
    double f = dist_f_isf(tail, p->df, s->df);

    return ((f - 1) * (f - 1) - g * g * f * f - h * h) / f;
}

/* The same of two that are added. */
static double alike(const struct mean_square *a, const struct mean_square *b,
                    double g, double h, double tail)
{
    double df = a->df + b->df, all = 1 - df / dist_chi2_isf(tail, df);

    return all * all * df * df / (a->df * b->df) - g * g * a->df / b->df -
           h * h * b->df / a->df;
}

/* Distance from the estimate to the limit below it (sign 1) or above it (-1). */
static double distance(const struct mean_square *m, size_t n, double sign,
                       double tail)
{
    double v = 0;

    for (size_t i = 0; i < n; i++) {
        double g = reach(&m[i], sign, tail);

        v += pow(g * m[i].coef * m[i].value, 2);
        for (size_t k = i + 1; k < n; k++) {
            double h = reach(&m[k], sign, tail), both = 0;
            int plus = sign * m[i].coef > 0, other = sign * m[k].coef > 0;

            if (plus && other)
                both = alike(&m[i], &m[k], g, h, tail);
            else if (plus)
                both = apart(&m[i], &m[k], g, h, tail);
            else if (other)
                both = apart(&m[k], &m[i], h, g, tail);
            v += both * fabs(m[i].coef * m[k].coef) * m[i].value * m[k].value;
        }
    }
    return sqrt(fmax(0, v));
}

struct component component_of(const struct mean_square *m, size_t n,
                              double level)
{
    struct component c = {.why = "zero variance"};
    double tail = (1 - level) / 2;

    for (size_t i = 0; i < n; i++) {
        c.est += m[i].coef * m[i].value;
        if (m[i].value > 0)
            c.why = NULL;
    }
    if (c.why)
        return c;
    c.lo = c.est - distance(m, n, 1, tail);
    c.hi = c.est + distance(m, n, -1, tail);
    return c;
}
