/* dist - tails by Arb, quantiles by bisection on the tail */
#include <arb.h>
#include <arb_hypgeom.h>
#include <gmp.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "dist.h"

enum { PREC_FIRST = 80, PREC_LAST = 1280, PREC_WANTED = 56 };

/* What is computed: a law, its parameters and the side of x. */
struct tail {
    enum { NORMAL, T, F, CHI2 } law;
    double df1, df2;
    int upper;
};

/* I_{p/(p+q)}(a, b), the regularised incomplete beta function */
static void beta_at(arb_t r, double a, double b, const arb_t p, const arb_t q,
                    slong prec)
{
    arb_t z, aa, bb;

    arb_init(z);
    arb_init(aa);
    arb_init(bb);
    arb_add(z, p, q, prec);
    arb_div(z, p, z, prec);
    arb_set_d(aa, a);
    arb_set_d(bb, b);
    arb_hypgeom_beta_lower(r, aa, bb, z, 1, prec);
    arb_clear(z);
    arb_clear(aa);
    arb_clear(bb);
}

static void tail_arb(arb_t r, const struct tail *t, double x, slong prec)
{
    arb_t u, v;

    arb_init(u);
    arb_init(v);
    switch (t->law) {
    case NORMAL: /* erfc(x / sqrt 2) / 2 */
        arb_set_d(u, t->upper ? x : -x);
        arb_sqrt_ui(v, 2, prec);
        arb_div(u, u, v, prec);
        arb_hypgeom_erfc(r, u, prec);
        arb_mul_2exp_si(r, r, -1);
        break;
    case T: /* x > 0: I_{df/(df+x^2)}(df/2, 1/2) / 2 */
        arb_set_d(u, t->df1);
        arb_set_d(v, x);
        arb_mul(v, v, v, prec);
        beta_at(r, t->df1 / 2, 0.5, u, v, prec);
        arb_mul_2exp_si(r, r, -1);
        if (t->upper != (x > 0))
            arb_sub_ui(r, r, 1, prec), arb_neg(r, r);
        break;
    case F:
        arb_set_d(u, x);
        arb_set_d(v, t->df1);
        arb_mul(u, u, v, prec);
        arb_set_d(v, t->df2);
        if (t->upper)
            beta_at(r, t->df2 / 2, t->df1 / 2, v, u, prec);
        else
            beta_at(r, t->df1 / 2, t->df2 / 2, u, v, prec);
        break;
    case CHI2:
        arb_set_d(u, t->df1 / 2);
        arb_set_d(v, x / 2);
        if (t->upper)
            arb_hypgeom_gamma_upper(r, u, v, 1, prec);
        else
            arb_hypgeom_gamma_lower(r, u, v, 1, prec);
        break;
    }
    arb_clear(u);
    arb_clear(v);
}

static void *flint_realloc_or_end(void *p, size_t n)
{
    return xrealloc(p, n, 1);
}

static void *gmp_realloc_or_end(void *p, size_t was, size_t n)
{
    (void)was;
    return xrealloc(p, n, 1);
}

static void gmp_free(void *p, size_t n)
{
    (void)n;
    free(p);
}

/* Left alone both abort where memory is out. */
static void use_xmalloc(void)
{
    __flint_set_memory_functions(xmalloc, xcalloc, flint_realloc_or_end, free);
    mp_set_memory_functions(xmalloc, gmp_realloc_or_end, gmp_free);
}

static double tail_of(const struct tail *t, double x)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    arb_t r;
    double p;

    pthread_once(&once, use_xmalloc);
    if (isinf(x))
        return (x > 0) == t->upper ? 0 : 1;
    if ((t->law == F || t->law == CHI2) && x <= 0)
        return t->upper ? 1 : 0;
    if (t->law == T && x == 0)
        return 0.5;
    arb_init(r);
    for (slong prec = PREC_FIRST; prec <= PREC_LAST; prec *= 2) {
        tail_arb(r, t, x, prec);
        if (arb_rel_accuracy_bits(r) >= PREC_WANTED)
            break;
    }
    p = arf_get_d(arb_midref(r), ARF_RND_NEAR);
    arb_clear(r);
    return p < 0 ? 0 : p > 1 ? 1 : p;
}

/* The x whose upper tail is q, from a bracket that is widened until it holds
 * it; for laws on the positive numbers lo stays 0. */
static double bisect(const struct tail *t, double q, double lo, double hi)
{
    while (lo < 0 && tail_of(t, lo) < q && lo > -1e300)
        lo *= 2;
    while (tail_of(t, hi) > q && hi < 1e300)
        hi *= 2;
    for (int i = 0; i < 1200; i++) {
        double mid = lo + (hi - lo) / 2;

        if (mid <= lo || mid >= hi ||
            hi - lo <= 4e-16 * fmax(fabs(lo), fabs(hi)))
            break;
        if (tail_of(t, mid) > q)
            lo = mid;
        else
            hi = mid;
    }
    return lo + (hi - lo) / 2;
}

static int same_tail(const struct tail *a, const struct tail *b)
{
    return a->law == b->law && a->df1 == b->df1 && a->df2 == b->df2 &&
           a->upper == b->upper;
}

/* A page asks for the same few quantiles over and over, and each takes some
 * dozen incomplete beta functions: the latest are kept. */
static double invert(const struct tail *t, double q, double lo, double hi)
{
    enum { KEPT = 64 };
    static _Thread_local struct {
        struct tail t;
        double q, x;
    } kept[KEPT];
    static _Thread_local unsigned n;

    for (unsigned i = 0; i < n && i < KEPT; i++)
        if (kept[i].q == q && same_tail(&kept[i].t, t))
            return kept[i].x;
    kept[n % KEPT].t = *t;
    kept[n % KEPT].q = q;
    kept[n % KEPT].x = bisect(t, q, lo, hi);
    return kept[n++ % KEPT].x;
}

#define TAIL(law_, a, b, up) (&(struct tail){law_, a, b, up})

double dist_normal_sf(double x)
{
    return tail_of(TAIL(NORMAL, 0, 0, 1), x);
}

double dist_t_sf(double x, double df)
{
    return tail_of(TAIL(T, df, 0, 1), x);
}

double dist_f_sf(double x, double df1, double df2)
{
    return tail_of(TAIL(F, df1, df2, 1), x);
}

double dist_chi2_sf(double x, double df)
{
    return tail_of(TAIL(CHI2, df, 0, 1), x);
}

double dist_normal_cdf(double x)
{
    return tail_of(TAIL(NORMAL, 0, 0, 0), x);
}

double dist_t_cdf(double x, double df)
{
    return tail_of(TAIL(T, df, 0, 0), x);
}

double dist_f_cdf(double x, double df1, double df2)
{
    return tail_of(TAIL(F, df1, df2, 0), x);
}

double dist_chi2_cdf(double x, double df)
{
    return tail_of(TAIL(CHI2, df, 0, 0), x);
}

double dist_normal_isf(double q)
{
    if (q == 0.5)
        return 0;
    return q > 0.5 ? -invert(TAIL(NORMAL, 0, 0, 1), 1 - q, 0, 1)
                   : invert(TAIL(NORMAL, 0, 0, 1), q, 0, 1);
}

double dist_t_isf(double q, double df)
{
    if (q == 0.5)
        return 0;
    return q > 0.5 ? -invert(TAIL(T, df, 0, 1), 1 - q, 0, 1)
                   : invert(TAIL(T, df, 0, 1), q, 0, 1);
}

double dist_f_isf(double q, double df1, double df2)
{
    return invert(TAIL(F, df1, df2, 1), q, 0, 1);
}

double dist_chi2_isf(double q, double df)
{
    return invert(TAIL(CHI2, df, 0, 1), q, 0, 1);
}
