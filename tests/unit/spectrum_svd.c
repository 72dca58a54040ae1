/* spectrum_svd - singular values and vectors that are known exactly
 *
 * Matrices of spectrum_rig.h. Errors are held against the bounds of svd.h.
 */
#include <float.h>
#include "../../lib/base/arena.h"
#include "../../lib/base/rng.h"
#include "../../lib/spectrum/angles.h"
#include "../../lib/spectrum/svd.h"
#include "../../lib/spectrum/svd_impl.h"
#include "spectrum_rig.h"
#include "t.h"

enum { MOST = 256 };

/* Descending whole numbers; the first ones stand apart. */
static void spread(int *s, size_t n, int step, int largest)
{
    for (size_t i = 0; i < n; i++)
        s[i] = (int)(n - i) * step;
    s[0] += largest;
}

static void values_within(const struct svd *x, const int *s, double scale)
{
    for (size_t i = 0; i < x->n_short; i++)
        T_CHECKF(fabs(x->value[i] - s[i] * scale) <= svd_bound(x, i),
                 "%zu x %zu value %zu: %.17g, expected %.17g within %g",
                 x->of.rows, x->of.cols, i, x->value[i], s[i] * scale,
                 svd_bound(x, i));
}

/* Both sides' first k vectors against the columns of H. */
static void vectors_within(struct svd *x, size_t k)
{
    double *u = xcalloc(k * x->n_short, sizeof *u);
    double *v = xcalloc(k * x->n_long, sizeof *v);
    double *h = xcalloc(k * x->n_long, sizeof *h), angle[MOST];
    double *side[2] = {u, v};
    struct err e;

    T_EQ_INT(svd_short(x, k, u, &e), 0);
    svd_long(x, k, u, v);
    T_EQ_INT(svd_orthonormal(v, x->n_long, k, &e), 0);
    for (int i = 0; i < 2; i++) {
        size_t n = i ? x->n_long : x->n_short;

        for (size_t c = 0; c < k; c++)
            for (size_t r = 0; r < n; r++)
                h[c * n + r] = hadamard(r, c) / sqrt((double)n);
        T_EQ_INT(angles_between(h, side[i], n, k, angle, &e), 0);
        /* 1e-14: the vectors h are rounded as well */
        T_CHECKF(angle[k - 1] <= svd_angle_bound(x, k) + 1e-14,
                 "side %d of %zu x %zu: %g, bound %g", i, x->of.rows,
                 x->of.cols, angle[k - 1], svd_angle_bound(x, k));
    }
    free(u);
    free(v);
    free(h);
}

static void one(size_t rows, size_t cols, int step, int largest, size_t k)
{
    size_t n = rows < cols ? rows : cols;
    int s[MOST];
    float *a;
    struct operand o;
    struct svd fast, slow = {0};
    struct err e;

    spread(s, n, step, largest);
    a = known(rows, cols, s);
    o = operand(a, rows, cols);
    T_EQ_INT(svd_gram(&fast, &o, &e), 0);
    T_EQ_INT(svd_refine(&slow, &o, 1, &e), 0);
    values_within(&fast, s, sqrt((double)(rows * cols)));
    values_within(&slow, s, sqrt((double)(rows * cols)));
    vectors_within(&fast, k);
    vectors_within(&slow, k);
    /* a bound that says nothing would pass */
    T_CHECK(svd_bound(&slow, 0) < 1e-11 * slow.value[0]);
    T_CHECK(svd_bound(&fast, 0) < 1e-11 * fast.value[0]);
    svd_close(&fast);
    svd_close(&slow);
    free(a);
}

static void known_values_and_vectors(void)
{
    static const size_t side[][2] = {
        {1, 1},    {1, 64},   {64, 1},    {2, 2},     {16, 16},
        {32, 256}, {256, 32}, {128, 128}, {64, 1024}, {1024, 64}};

    for (size_t i = 0; i < sizeof side / sizeof *side; i++)
        for (int largest = 0; largest < 2; largest++) {
            size_t n = side[i][0] < side[i][1] ? side[i][0] : side[i][1];

            one(side[i][0], side[i][1], 3, largest * 2000,
                n < 8 ? n : 1 + n / 2);
        }
}

/* A gap of 1 in 2000: the angle's bound grows as the gap shrinks. */
static void a_small_gap(void)
{
    enum { N = 64, K = 4 };
    int s[N] = {2003, 2002, 2001, 2000};
    float *a;
    struct operand o;
    struct svd x;
    struct err e;
    double wide_gap;

    for (int i = K; i < N; i++)
        s[i] = 1999;
    a = known(N, N, s);
    o = operand(a, N, N);
    T_EQ_INT(svd_gram(&x, &o, &e), 0);
    vectors_within(&x, K);
    wide_gap = svd_angle_bound(&x, K);
    T_CHECK(wide_gap < 1e-8);
    T_CHECK(svd_angle_bound(&x, K + 1) > 1); /* equal values: not defined */
    svd_close(&x);
    free(a);
}

static void ranks(void)
{
    enum { N = 32 };
    int s[N] = {9, 7, 5};
    float *a = known(N, 2 * N, s), *zero = xcalloc(N * N, sizeof *zero);
    struct operand o = operand(a, N, 2 * N);
    struct svd x;
    struct err e;

    T_EQ_INT(svd_gram(&x, &o, &e), 0);
    T_EQ_INT(svd_rank(&x, 3), 3);
    T_EQ_INT(svd_rank(&x, 8), -1); /* the square cannot tell 0 from 1e-8 */
    T_EQ_INT(svd_refine(&x, &o, 0, &e), 0);
    T_EQ_INT(svd_rank(&x, 8), 3);
    svd_close(&x);
    o = operand(zero, N, N);
    T_EQ_INT(svd_gram(&x, &o, &e), 0);
    T_EQ_INT(svd_rank(&x, 8), 0);
    T_CHECK(x.value[0] == 0 && svd_bound(&x, 0) == 0);
    svd_close(&x);
    free(a);
    free(zero);
}

/* The two ways within their bounds of each other, where nothing is known. */
static void both_ways_agree(void)
{
    static const size_t side[][2] = {
        {33, 33}, {31, 1025}, {1025, 32}, {200, 513}, {7, 512}};
    struct rng r;

    rng_init(&r, 3, 0);
    for (size_t c = 0; c < sizeof side / sizeof *side; c++) {
        size_t n = side[c][0] * side[c][1];
        float *a = xcalloc(n, sizeof *a);
        struct operand o = operand(a, side[c][0], side[c][1]);
        struct svd fast, slow = {0};
        struct err e;

        for (size_t i = 0; i < n; i++)
            a[i] = (float)((rng_double(&r) - (c % 2 ? 0.4 : 0.5)) *
                           exp2(-8 * rng_double(&r)));
        T_EQ_INT(svd_gram(&fast, &o, &e), 0);
        T_EQ_INT(svd_refine(&slow, &o, 0, &e), 0);
        for (size_t i = 0; i < fast.n_short; i++)
            T_CHECKF(fabs(fast.value[i] - slow.value[i]) <=
                         svd_bound(&fast, i) + svd_bound(&slow, i),
                     "%zu x %zu, value %zu", side[c][0], side[c][1], i);
        svd_close(&fast);
        svd_close(&slow);
        free(a);
    }
}

/* dstemr failed for one of these matrices. */
static void vectors_of_very_large_values(void)
{
    enum { N = 120 };
    struct rng r;

    rng_init(&r, 5, 0);
    for (int c = 0; c < 100; c++) {
        float *a = xcalloc(N * N, sizeof *a);
        double *u = xcalloc(N * N, sizeof *u), *v = xcalloc(N * N, sizeof *v);
        struct operand o = operand(a, N, N);
        struct svd x;
        struct err e = {0};

        for (size_t i = 0; i < N * N; i++)
            a[i] = (float)(1e30 * (2 * rng_double(&r) - 1));
        T_EQ_INT(svd_gram(&x, &o, &e), 0);
        T_CHECKF(!svd_short(&x, N, u, &e), "matrix %d: %s", c, e.msg);
        svd_long(&x, N, u, v);
        for (size_t i = 0; i < N; i++) {
            double square = 0;

            for (size_t j = 0; j < N; j++)
                square += v[i * N + j] * v[i * N + j];
            T_CHECK(fabs(sqrt(square) - x.value[i]) <= svd_bound(&x, i));
        }
        svd_close(&x);
        free(a);
        free(u);
        free(v);
    }
}

static void angles_large_and_small(void)
{
    double q0[6] = {1, 0, 0, 0, 1, 0}, q1[6], angle[2];
    static const double t[] = {0, 1e-12, 1e-7, 0.1, 0.7, 0.9, 1.5};
    struct err e;

    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        double q[6] = {1, 0, 0, 0, cos(t[i]), sin(t[i])};

        memcpy(q1, q, sizeof q);
        T_EQ_INT(angles_between(q0, q1, 3, 2, angle, &e), 0);
        T_NEAR(angle[0], 0, 1e-15, 0);
        T_NEAR(angle[1], t[i], 1e-15, 1e-14); /* some roundings */
    }
}

/* The error of A A' is of the size of A's square, to the bit for powers of two. */
static void the_bound_grows_with_the_square(void)
{
    double small[3] = {0x1p-10, 0, 0}, large[3] = {0x1p10, 0, 0};
    struct svd a = {.value = small, .n_short = 3, .square = 0x1p-20};
    struct svd b = {.value = large, .n_short = 3, .square = 0x1p20};

    svd_set_delta(&a);
    svd_set_delta(&b);
    T_CHECK(a.delta > 0 && b.delta == a.delta * 0x1p40);
}

int main(void)
{
    T_RUN(known_values_and_vectors);
    T_RUN(a_small_gap);
    T_RUN(ranks);
    T_RUN(both_ways_agree);
    T_RUN(vectors_of_very_large_values);
    T_RUN(angles_large_and_small);
    T_RUN(the_bound_grows_with_the_square);
    T_DONE();
}
