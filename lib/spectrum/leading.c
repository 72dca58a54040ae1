/* leading - float32 finds the subspace, products in float64 refine it */
#include "leading.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "lapack.h"
#include "svd_impl.h"

enum { MOST_STEPS = 6 };

static const double one = 1, zero = 0, minus = -1;

/* Q T Q' of the Gram matrix times scale^2, to float32's precision. */
struct reduced {
    size_t n, k;
    double scale; /* a power of two; entries are then at most 1 */
    float *q, *tau;
    double *d, *e;    /* T */
    double *z;        /* [k + 1][n]: leading vectors of T, ascending */
    double kth, next; /* singular value k of the matrix, about; bound on k+1 */
};

/* One matrix at work. */
struct work {
    const struct operand *of;
    const struct reduced *p;
    size_t n, n_long, k;
    double square;                 /* |A|_F^2 */
    double next;                   /* bound on its singular value k+1 */
    double *u, *v;                 /* of the caller */
    double *product, *small, *rot; /* [k][n], [k][k], [k][k] */
    double *value;                 /* [k]: eigenvalues of u'Gu, ascending */
    double norm_delta;             /* |D|_F of the update */
    double norm;                   /* of the residual, in product */
};

int leading_is_faster(const struct operand *o, size_t k)
{
    return k && operand_short(o) >= 256 && 12 * k <= operand_short(o);
}

/* ---- float32 -------------------------------------------------------- */

static float *floats(size_t n, size_t m)
{
    return xcalloc(n ? n : 1, (m ? m : 1) * sizeof(float));
}

static void to_float(const double *from, size_t n, double scale, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(from[i] * scale);
}

static void to_double(const float *from, size_t n, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

static size_t panel_at(const struct operand *o, size_t at)
{
    size_t left = operand_long(o) - at;

    return left < PANEL ? left : PANEL;
}

/* The lower half of the Gram matrix. */
static void product(struct reduced *p, const struct operand *o)
{
    size_t n = p->n;
    double *lying = svd_doubles(PANEL, n);
    float *part = floats(PANEL, n), one_f = 1;
    int order = (int)n, wide = operand_is_wide(o);

    for (size_t at = 0; at < operand_long(o); at += PANEL) {
        size_t m = panel_at(o, at);
        int k = (int)m;

        operand_panel(o, at, m, lying);
        to_float(lying, m * n, p->scale, part);
        ssyrk_("L", wide ? "T" : "N", &order, &k, &one_f, part,
               wide ? &k : &order, &one_f, p->q, &order, 1, 1);
    }
    free(lying);
    free(part);
}

static int tridiagonal(struct reduced *p)
{
    size_t n = p->n;
    int order = (int)n, lwork = 64 * order, info;
    float *work = floats(64, n), *d = floats(n, 1), *e = floats(n, 1);

    ssytrd_("L", &order, p->q, &order, d, e, p->tau, work, &lwork, &info, 1);
    to_double(d, n, p->d);
    to_double(e, n - 1, p->e);
    free(work);
    free(d);
    free(e);
    return info == 0;
}

/* x [k][n] becomes Q x, or Q' x. */
static int turn(const struct reduced *p, const char *transposed, float *x)
{
    int n = (int)p->n, k = (int)p->k, lwork = 64 * k + 65 * 64, info;
    float *work = floats((size_t)lwork, 1);

    sormtr_("L", "L", transposed, &n, &k, p->q, &n, p->tau, x, &n, work, &lwork,
            &info, 1, 1, 1);
    free(work);
    return info == 0;
}

/* Values of T in w, ascending, and its vectors. */
static int vectors_of_tridiagonal(struct reduced *p, double *w)
{
    size_t s = p->n;
    int n = (int)s, il = (int)(s - p->k), iu = n, m = 0, nzc = (int)p->k + 1;
    int try_rac = 1, lwork = 18 * n, liwork = 10 * n, info;
    double *d = svd_doubles(s, 1), *off = svd_doubles(s, 1);
    double *work = svd_doubles(18, s);
    int *is = xcalloc(2 * s, sizeof *is), *iw = xcalloc(10 * s, sizeof *iw);

    memcpy(d, p->d, s * sizeof *d);
    memcpy(off, p->e, (s - 1) * sizeof *off);
    dstemr_("V", "I", &n, d, off, &zero, &zero, &il, &iu, &m, w, p->z, &n, &nzc,
            is, &try_rac, work, &lwork, iw, &liwork, &info, 1, 1);
    free(d);
    free(off);
    free(work);
    free(is);
    free(iw);
    return info == 0 && m == nzc;
}

static void reduced_close(struct reduced *p)
{
    free(p->q);
    free(p->tau);
    free(p->d);
    free(p->e);
    free(p->z);
    memset(p, 0, sizeof *p);
}

/* 1: done, and values k and k+1 stand apart. */
static int reduced_open(struct reduced *p, const struct operand *o, size_t k,
                        double square)
{
    size_t n = operand_short(o);
    double *w = svd_doubles(n, 1), delta;
    int exponent, ok;

    frexp(sqrt(square), &exponent);
    *p = (struct reduced){.n = n, .k = k, .scale = ldexp(1, -exponent)};
    p->q = floats(n, n);
    p->tau = floats(n, 1);
    p->d = svd_doubles(n, 1);
    p->e = svd_doubles(n, 1);
    p->z = svd_doubles(k + 1, n);
    product(p, o);
    ok = tridiagonal(p) && vectors_of_tridiagonal(p, w);
    delta = w[k] + square * p->scale * p->scale / sqrt((double)n);
    delta *= 32 * (double)FLT_EPSILON;
    p->next = sqrt(fmax(w[0], 0) + delta) / p->scale;
    p->kth = sqrt(fmax(w[1], 0)) / p->scale;
    ok = ok && w[1] > w[0] + 2 * delta;
    free(w);
    return ok;
}

/* u: the leading vectors of Q T Q', orthonormal in float64. */
static int first_vectors(const struct reduced *p, double *u)
{
    size_t size = p->k * p->n;
    float *x = floats(p->k, p->n);
    struct err e;
    int ok;

    to_float(p->z + p->n, size, 1, x);
    ok = turn(p, "N", x);
    to_double(x, size, u);
    free(x);
    return ok && !svd_orthonormal(u, p->n, p->k, &e);
}

/* ---- refinement in float64 ------------------------------------------ */

/* v = u through the matrix, and that back through it. */
static void apply(struct work *x)
{
    double *p = svd_doubles(PANEL, x->n);
    int s = (int)x->n, l = (int)x->n_long, cols = (int)x->k;
    int wide = operand_is_wide(x->of);

    memset(x->product, 0, x->k * x->n * sizeof *x->product);
    for (size_t at = 0; at < x->n_long; at += PANEL) {
        size_t n = panel_at(x->of, at);
        int m = (int)n;

        operand_panel(x->of, at, n, p);
        dgemm_(wide ? "N" : "T", "N", &m, &cols, &s, &one, p, wide ? &m : &s,
               x->u, &s, &zero, x->v + at, &l, 1, 1);
        dgemm_(wide ? "T" : "N", "N", &s, &cols, &m, &one, p, wide ? &m : &s,
               x->v + at, &l, &one, x->product, &s, 1, 1);
    }
    free(p);
}

/* product becomes the residual; value and rot are of u'Gu. */
static int residual(struct work *x)
{
    int n = (int)x->n, k = (int)x->k, lwork = 64 * k, info;
    double *work = svd_doubles(64, x->k), sum = 0;

    apply(x);
    dgemm_("T", "N", &k, &k, &n, &one, x->u, &n, x->product, &n, &zero,
           x->small, &k, 1, 1);
    dgemm_("N", "N", &n, &k, &k, &minus, x->u, &n, x->small, &k, &one,
           x->product, &n, 1, 1);
    for (size_t i = 0; i < x->k * x->n; i++)
        sum += x->product[i] * x->product[i];
    x->norm = sqrt(sum);
    memcpy(x->rot, x->small, x->k * x->k * sizeof *x->rot);
    dsyev_("V", "L", &k, x->rot, &k, x->value, work, &lwork, &info, 1, 1);
    free(work);
    return info == 0 && x->value[0] > 0;
}

/* Radians; more than 1 where the subspace is not told apart. *least: what it
 * would be without a residual. */
static double bound(const struct work *x, double *least)
{
    double most = x->value[x->k - 1], gap = x->value[0] - x->next * x->next;
    double delta = most + x->square / sqrt((double)x->n), sine;

    *least = 2;
    if (!(gap > 0))
        return 2;
    delta *= 32 * DBL_EPSILON;
    *least = delta / gap + delta / sqrt(most * x->value[0]);
    sine = x->norm / gap + *least;
    return sine < 1 ? asin(sine) : 2;
}

static void rotate(const struct work *x, double *a)
{
    int n = (int)x->n, k = (int)x->k;
    double *b = svd_doubles(x->k, x->n);

    dgemm_("N", "N", &n, &k, &k, &one, a, &n, x->rot, &k, &zero, b, &n, 1, 1);
    memcpy(a, b, x->k * x->n * sizeof *a);
    free(b);
}

/* a [k][n] loses what lies along the leading vectors of T. */
static void deflate(const struct work *x, double *a)
{
    int n = (int)x->n, k = (int)x->k;
    const double *z = x->p->z + x->n;

    dgemm_("T", "N", &k, &k, &n, &one, z, &n, a, &n, &zero, x->small, &k, 1, 1);
    dgemm_("N", "N", &n, &k, &k, &minus, z, &n, x->small, &k, &one, a, &n, 1,
           1);
}

/* b = (T - theta)^-1 b. */
static int solve_shifted(const struct reduced *p, double theta, double *b)
{
    size_t s = p->n;
    int n = (int)s, cols = 1, info;
    double *d = svd_doubles(s, 1), *low = svd_doubles(s, 1);
    double *up = svd_doubles(s, 1);

    for (size_t i = 0; i < s; i++)
        d[i] = p->d[i] - theta;
    memcpy(low, p->e, (s - 1) * sizeof *low);
    memcpy(up, p->e, (s - 1) * sizeof *up);
    dgtsv_(&n, &cols, low, d, up, b, &n, &info);
    free(d);
    free(low);
    free(up);
    return info == 0;
}

/* The solutions of -product in product; theta_i is near an eigenvalue of T, so
 * that what rounding left along its vectors is taken out again. */
static int correction(struct work *x)
{
    const struct reduced *p = x->p;
    double square = p->scale * p->scale, *a = x->product;
    size_t size = x->k * x->n;
    float *f = floats(x->k, x->n);
    int ok;

    to_float(a, size, 1 / x->norm, f);
    ok = turn(p, "T", f);
    to_double(f, size, a);
    deflate(x, a);
    for (size_t i = 0; i < x->k && ok; i++)
        ok = solve_shifted(p, x->value[i] * square, a + i * x->n);
    deflate(x, a);
    to_float(a, size, 1, f);
    ok = ok && turn(p, "N", f);
    to_double(f, size, a);
    for (size_t i = 0; i < size; i++)
        a[i] *= -x->norm * square;
    free(f);
    return ok;
}

static int correct(struct work *x)
{
    struct err e;

    rotate(x, x->u);
    rotate(x, x->product);
    if (!correction(x))
        return 0;
    for (size_t i = 0; i < x->k * x->n; i++)
        x->u[i] += x->product[i];
    return !svd_orthonormal(x->u, x->n, x->k, &e);
}

/* Angles of a smaller update need more; |D|_F over value k is their size. */
static double tolerance(const struct work *x)
{
    double size = x->norm_delta / sqrt(x->value[0]);

    return fmin(LEADING_TOLERANCE, 2e-6 * size);
}

/* Steps from the vectors in u until the bound is small: 1. A step that does
 * not halve it says that more will not do. */
static int refine(struct work *x, double *angle)
{
    double before = 4, least;

    for (int step = 0; step < MOST_STEPS; step++) {
        if (!residual(x))
            return 0;
        *angle = bound(x, &least);
        if (*angle <= fmax(tolerance(x), 4 * least))
            return *angle <= LEADING_TOLERANCE;
        if (least > LEADING_TOLERANCE || !(*angle < before / 2) || !correct(x))
            return 0;
        before = *angle;
    }
    return 0;
}

/* ---- one matrix, two matrices --------------------------------------- */

static void work_open(struct work *w, const struct operand *o,
                      const struct leading *x, size_t k, double square_delta)
{
    *w = (struct work){.of = o, .k = k, .u = x->u, .v = x->v};
    w->norm_delta = sqrt(square_delta);
    w->n = operand_short(o);
    w->n_long = operand_long(o);
    (void)operand_square(o, &w->square);
    w->product = svd_doubles(k, w->n);
    w->small = svd_doubles(k, k);
    w->rot = svd_doubles(k, k);
    w->value = svd_doubles(k, 1);
}

static void work_close(struct work *w)
{
    free(w->product);
    free(w->small);
    free(w->rot);
    free(w->value);
}

/* By a reduction of its own, which is left in p. */
static int alone(struct leading *x, struct reduced *p, const struct operand *o,
                 size_t k, double square_delta)
{
    struct work w;
    int ok;

    work_open(&w, o, x, k, square_delta);
    ok = w.square > 0 && isfinite(w.square) &&
         reduced_open(p, o, k, w.square) && first_vectors(p, x->u);
    w.p = p;
    w.next = p->next;
    ok = ok && refine(&w, &x->bound);
    work_close(&w);
    return ok;
}

/* By the reduction and the vectors of the one before the update. */
static int after(struct leading *x, const struct leading *first,
                 const struct reduced *p, const struct operand *o, size_t k,
                 double square_delta)
{
    struct work w;
    int ok;

    work_open(&w, o, x, k, square_delta);
    w.p = p;
    w.next = p->next + w.norm_delta;
    memcpy(x->u, first->u, k * w.n * sizeof *x->u);
    ok = w.square > 0 && isfinite(w.square) && p->kth > w.next &&
         refine(&w, &x->bound);
    work_close(&w);
    return ok;
}

int leading_subspaces(struct leading *x, int n, const struct operand *const *of,
                      size_t k, double square_delta)
{
    struct reduced p = {0};
    int ok = alone(&x[0], &p, of[0], k, square_delta);

    if (ok && n > 1 && !after(&x[1], &x[0], &p, of[1], k, square_delta)) {
        reduced_close(&p);
        ok = alone(&x[1], &p, of[1], k, square_delta);
    }
    reduced_close(&p);
    return ok;
}
