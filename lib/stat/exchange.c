/* exchange - sign patterns of paired differences, all or random ones */
#include <math.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "exchange.h"

/* Sums of d[0..n) under all 2^n sign patterns. */
static double *all_sums(const double *d, size_t n)
{
    double *s = xmalloc(((size_t)1 << n) * sizeof *s);

    s[0] = 0;
    for (size_t i = 0; i < n; i++)
        s[0] += d[i];
    for (size_t i = 0; i < n; i++)
        for (size_t m = 0; m < (size_t)1 << i; m++)
            s[m | (size_t)1 << i] = s[m] - 2 * d[i];
    return s;
}

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

/* Entries of ascending v[0..n) that are at least x. */
static size_t at_least(const double *v, size_t n, double x)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t m = (lo + hi) / 2;

        if (v[m] >= x)
            hi = m;
        else
            lo = m + 1;
    }
    return n - lo;
}

/* A pattern's sum is that of its two halves, so 2^(n/2) sums of one half are
 * looked up among the sorted sums of the other. */
static void exact(struct exchange *r, const double *d, size_t n,
                  double observed, double slack)
{
    size_t half = n / 2, na = (size_t)1 << half, nb = (size_t)1 << (n - half);
    double *a = all_sums(d, half), *b = all_sums(d + half, n - half);
    double greater = 0, less = 0, all = (double)na * (double)nb;

    qsort(b, nb, sizeof *b, ascending);
    for (size_t i = 0; i < na; i++) {
        greater += (double)at_least(b, nb, observed - slack - a[i]);
        less += all / (double)na -
                (double)at_least(b, nb,
                                 nextafter(observed + slack - a[i], INFINITY));
    }
    r->p_greater = greater / all;
    r->p_less = less / all;
    r->exact = 1;
    free(a);
    free(b);
}

static void random_ones(struct exchange *r, const double *d, size_t n,
                        double observed, double slack, uint64_t seed)
{
    uint32_t greater = 0, less = 0;
    struct rng g;

    rng_init(&g, seed, 0x65786368);
    for (int k = 0; k < EXCHANGE_DRAWS; k++) {
        double s = 0;
        uint32_t bits = 0;

        for (size_t i = 0; i < n; i++) {
            if (i % 32 == 0)
                bits = rng_u32(&g);
            s += bits & 1 ? d[i] : -d[i];
            bits >>= 1;
        }
        greater += s >= observed - slack;
        less += s <= observed + slack;
    }
    r->p_greater = (greater + 1.0) / (EXCHANGE_DRAWS + 1.0);
    r->p_less = (less + 1.0) / (EXCHANGE_DRAWS + 1.0);
}

struct exchange exchange_test(const double *d, size_t n, uint64_t seed)
{
    struct exchange r = {.p_greater = 1, .p_less = 1};
    double observed = 0, size = 0;

    for (size_t i = 0; i < n; i++) {
        observed += d[i];
        size += fabs(d[i]);
    }
    if (n == 0)
        r.why = "no pairs";
    else if (size == 0)
        r.why = "no difference in any pair";
    if (r.why)
        return r;
    /* Patterns that are equal on paper may differ in the last bits. */
    if (n <= EXCHANGE_EXACT)
        exact(&r, d, n, observed, 1e-12 * size);
    else
        random_ones(&r, d, n, observed, 1e-12 * size, seed);
    return r;
}

double exchange_least_p(size_t n)
{
    return n <= EXCHANGE_EXACT ? ldexp(1, -(int)n) : 1 / (EXCHANGE_DRAWS + 1.0);
}
