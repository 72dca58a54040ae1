/* svd - by the Gram matrix, whose values and vectors have known bounds */
#include "svd.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "lapack.h"
#include "svd_impl.h"

static const double one = 1, zero = 0;

int svd_failed(const char *what, int info, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: LAPACK found no solution (info %d)", what,
                   info);
}

double *svd_doubles(size_t n, size_t m)
{
    return xcalloc(n ? n : 1, (m ? m : 1) * sizeof(double));
}

/* Runs of the longer side. */
size_t svd_panel(const struct svd *x, size_t at)
{
    return x->n_long - at < PANEL ? x->n_long - at : PANEL;
}

void svd_start(struct svd *x, const struct operand *o)
{
    x->of = *o;
    x->n_short = operand_short(o);
    x->n_long = operand_long(o);
    if (!x->value)
        x->value = svd_doubles(x->n_short, 1);
}

void svd_set_delta(struct svd *x)
{
    double most = x->value[0] * x->value[0];

    x->delta = 32 * DBL_EPSILON * (most + x->square / sqrt((double)x->n_short));
}

/* The lower half of A A' or A' A, and |A|_F^2. */
static void product(struct svd *x)
{
    double *p = svd_doubles(PANEL, x->n_short);
    int n = (int)x->n_short, wide = operand_is_wide(&x->of);

    x->square = 0;
    for (size_t at = 0; at < x->n_long; at += PANEL) {
        size_t m = svd_panel(x, at);
        int k = (int)m;
        double sum = 0;

        operand_panel(&x->of, at, m, p);
        for (size_t i = 0; i < m * x->n_short; i++)
            sum += p[i] * p[i];
        x->square += sum;
        dsyrk_("L", wide ? "T" : "N", &n, &k, &one, p, wide ? &k : &n, &one,
               x->gram, &n, 1, 1);
    }
    free(p);
}

static int tridiagonal(struct svd *x, struct err *e)
{
    int n = (int)x->n_short, lwork = 64 * n, info;
    double *work = svd_doubles(64, x->n_short);

    dsytrd_("L", &n, x->gram, &n, x->d, x->e, x->tau, work, &lwork, &info, 1);
    free(work);
    return info ? svd_failed("dsytrd", info, e) : 0;
}

static int eigenvalues(struct svd *x, struct err *e)
{
    size_t n = x->n_short;
    int order = (int)n, info;
    double *off = svd_doubles(n, 1), *d = svd_doubles(n, 1);

    memcpy(d, x->d, n * sizeof *d);
    memcpy(off, x->e, (n - 1) * sizeof *off);
    dsterf_(&order, d, off, &info);
    for (size_t i = 0; i < n; i++)
        x->value[i] = d[n - 1 - i] > 0 ? sqrt(d[n - 1 - i]) : 0;
    free(off);
    free(d);
    return info ? svd_failed("dsterf", info, e) : 0;
}

int svd_gram(struct svd *x, const struct operand *o, struct err *e)
{
    int r;

    memset(x, 0, sizeof *x);
    svd_start(x, o);
    x->gram = svd_doubles(x->n_short, x->n_short);
    x->d = svd_doubles(x->n_short, 1);
    x->e = svd_doubles(x->n_short, 1);
    x->tau = svd_doubles(x->n_short, 1);
    product(x);
    if (!isfinite(x->square))
        return 0;
    r = tridiagonal(x, e);
    if (!r)
        r = eigenvalues(x, e);
    svd_set_delta(x);
    return r;
}

/* ---- bounds --------------------------------------------------------- */

double svd_bound(const struct svd *x, size_t i)
{
    double s = x->value[i], least = s * s - x->delta;

    if (x->value[0] == 0)
        return 0;
    if (x->refined)
        return x->delta / x->value[0];
    return least > 0 ? x->delta / (s + sqrt(least)) : sqrt(s * s + x->delta);
}

long svd_rank(const struct svd *x, size_t k)
{
    double noise = (double)x->n_long * DBL_EPSILON * x->value[0];
    size_t i = 0;

    while (i < k && x->value[i] > noise) {
        if (!x->refined && x->value[i] <= noise + svd_bound(x, i))
            return -1;
        i++;
    }
    return i < k && !x->refined && x->value[0] > 0 ? -1 : (long)i;
}

double svd_angle_bound(const struct svd *x, size_t k)
{
    double s = k ? x->value[k - 1] : 0;
    double next = k && k < x->n_short ? x->value[k] : 0;
    double rounding, gap, sine;

    if (!k || s == 0)
        return 0;
    rounding = x->delta / (x->value[0] * s); /* of the longer side */
    gap = x->right ? (s - next) * x->value[0] : s * s - next * next;
    sine = gap > 0 ? x->delta / gap + rounding : 1;
    return sine < 1 ? asin(sine) : asin(1);
}

/* ---- vectors -------------------------------------------------------- */

/* dstemr fails at times where values are of the size of 1e60: a tridiagonal
 * matrix of such a size is taken times this power of two. Its vectors are the
 * same. */
static double unit(const struct svd *x)
{
    int exponent;

    frexp(x->value[0] * x->value[0], &exponent);
    return exponent > 64 || exponent < -64 ? ldexp(1, -exponent) : 1;
}

/* Of the tridiagonal matrix, ascending: the last k of n_short. */
static int of_tridiagonal(struct svd *x, size_t k, double *u, struct err *e)
{
    size_t s = x->n_short;
    int n = (int)s, il = (int)(s - k + 1), iu = n, m, nzc = (int)k, info;
    int try_rac = 1, lwork = 18 * n, liwork = 10 * n;
    double *d = svd_doubles(s, 1), *off = svd_doubles(s, 1);
    double *w = svd_doubles(s, 1), *work = svd_doubles(18, s);
    double scale = unit(x);
    int *is = xcalloc(2 * s, sizeof *is), *iw = xcalloc(10 * s, sizeof *iw);

    for (size_t i = 0; i < s; i++) {
        d[i] = x->d[i] * scale;
        off[i] = i + 1 < s ? x->e[i] * scale : 0;
    }
    dstemr_("V", "I", &n, d, off, &zero, &zero, &il, &iu, &m, w, u, &n, &nzc,
            is, &try_rac, work, &lwork, iw, &liwork, &info, 1, 1);
    free(d);
    free(off);
    free(w);
    free(work);
    free(is);
    free(iw);
    return info || m != (int)k ? svd_failed("dstemr", info, e) : 0;
}

static void reverse(double *u, size_t n, size_t k)
{
    for (size_t i = 0; i < k / 2; i++)
        for (size_t j = 0; j < n; j++) {
            double t = u[i * n + j];

            u[i * n + j] = u[(k - 1 - i) * n + j];
            u[(k - 1 - i) * n + j] = t;
        }
}

static int short_of_gram(struct svd *x, size_t k, double *u, struct err *e)
{
    int n = (int)x->n_short, cols = (int)k, lwork = 64 * cols + 65 * 64;
    double *work = svd_doubles((size_t)lwork, 1);
    int info, r = of_tridiagonal(x, k, u, e);

    if (!r) {
        dormtr_("L", "L", "N", &n, &cols, x->gram, &n, x->tau, u, &n, work,
                &lwork, &info, 1, 1, 1);
        r = info ? svd_failed("dormtr", info, e) : 0;
        reverse(u, x->n_short, k);
    }
    free(work);
    return r;
}

int svd_short(struct svd *x, size_t k, double *u, struct err *e)
{
    size_t n = x->n_short;

    if (!k)
        return 0;
    if (!x->right)
        return short_of_gram(x, k, u, e);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            u[i * n + j] = x->right[i + j * n];
    return 0;
}

void svd_long(const struct svd *x, size_t k, const double *u, double *v)
{
    double *p = svd_doubles(PANEL, x->n_short);
    int s = (int)x->n_short, l = (int)x->n_long, cols = (int)k;
    int wide = operand_is_wide(&x->of);

    for (size_t at = 0; k && at < x->n_long; at += PANEL) {
        size_t n = svd_panel(x, at);
        int m = (int)n;

        operand_panel(&x->of, at, n, p);
        dgemm_(wide ? "N" : "T", "N", &m, &cols, &s, &one, p, wide ? &m : &s, u,
               &s, &zero, v + at, &l, 1, 1);
    }
    free(p);
}

int svd_orthonormal(double *a, size_t n, size_t k, struct err *e)
{
    int m = (int)n, cols = (int)k, lwork = 64 * cols, info = 0;
    double *tau = svd_doubles(k, 1), *work = svd_doubles(64, k);

    if (k)
        dgeqrf_(&m, &cols, a, &m, tau, work, &lwork, &info);
    if (k && !info)
        dorgqr_(&m, &cols, &cols, a, &m, tau, work, &lwork, &info);
    free(tau);
    free(work);
    return info ? svd_failed("dgeqrf", info, e) : 0;
}

void svd_close(struct svd *x)
{
    double **own[] = {&x->value, &x->gram, &x->d, &x->e, &x->tau, &x->right};

    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        free(*own[i]);
        *own[i] = NULL;
    }
}
