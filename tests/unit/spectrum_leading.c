/* spectrum_leading - leading subspaces of large matrices: known ones, and those
 * of the whole decomposition, each within the bounds that are stated
 *
 * Matrices of spectrum_rig.h.
 */
#include "../../lib/base/arena.h"
#include "../../lib/base/rng.h"
#include "../../lib/spectrum/angles.h"
#include "../../lib/spectrum/leading.h"
#include "../../lib/spectrum/svd.h"
#include "spectrum_rig.h"
#include "t.h"

enum { N = 256, K = 8, LONG = 512 };

static void spread(int *s)
{
    for (int i = 0; i < N; i++)
        s[i] = N - i;
}

static void room(struct leading *x, const struct operand *o)
{
    x->u = xcalloc(K * operand_short(o), sizeof *x->u);
    x->v = xcalloc(K * operand_long(o), sizeof *x->v);
}

static void leave(struct leading *x)
{
    free(x->u);
    free(x->v);
}

/* Both sides of x against u and v, which become orthonormal. */
static void within(const struct leading *x, double *u, double *v,
                   const struct operand *o, double bound, const char *what)
{
    double *side[2] = {u, v}, *of[2] = {x->u, x->v}, angle[K];
    struct err e;

    for (int i = 0; i < 2; i++) {
        size_t n = i ? operand_long(o) : operand_short(o);

        T_EQ_INT(svd_orthonormal(of[i], n, K, &e), 0);
        T_EQ_INT(svd_orthonormal(side[i], n, K, &e), 0);
        T_EQ_INT(angles_between(of[i], side[i], n, K, angle, &e), 0);
        /* 1e-14: the vectors of both are rounded as well */
        T_CHECKF(angle[K - 1] <= bound + 1e-14,
                 "%s: side %d of %zu x %zu: "
                 "angle %g, bound %g",
                 what, i, o->rows, o->cols, angle[K - 1], bound);
    }
}

static const size_t shape[][2] = {{N, N}, {N, LONG}, {LONG, N}};
enum { N_SHAPES = sizeof shape / sizeof *shape };

static void known_subspaces(void)
{
    int s[N];

    spread(s);
    for (int c = 0; c < N_SHAPES; c++) {
        float *a = known(shape[c][0], shape[c][1], s);
        struct operand o = operand(a, shape[c][0], shape[c][1]);
        const struct operand *of[1] = {&o};
        struct leading x;
        double *u = xcalloc(K * N, sizeof *u);
        double *v = xcalloc(K * LONG, sizeof *v);
        size_t l = operand_long(&o);

        room(&x, &o);
        T_CHECK(leading_is_faster(&o, K));
        T_EQ_INT(leading_subspaces(&x, 1, of, K, 1), 1);
        T_CHECK(x.bound <= LEADING_TOLERANCE);
        for (size_t k = 0; k < K; k++) {
            for (size_t i = 0; i < N; i++)
                u[k * N + i] = hadamard(i, k);
            for (size_t i = 0; i < l; i++)
                v[k * l + i] = hadamard(i, k);
        }
        within(&x, u, v, &o, x.bound, "known");
        leave(&x);
        free(a);
        free(u);
        free(v);
    }
}

static float *updated(const float *a, size_t n, double step, double *square)
{
    float *b = xcalloc(n, sizeof *b);
    struct rng r;

    rng_init(&r, 5, 0);
    *square = 0;
    for (size_t i = 0; i < n; i++) {
        b[i] = a[i] + (float)(step * (rng_double(&r) - 0.5));
        *square += ((double)b[i] - a[i]) * ((double)b[i] - a[i]);
    }
    return b;
}

/* By the whole decomposition, with its own bound. */
static double whole(const struct operand *o, double *u, double *v)
{
    struct svd x = {0};
    struct err e;
    double bound;

    T_EQ_INT(svd_refine(&x, o, 1, &e), 0);
    T_EQ_INT(svd_short(&x, K, u, &e), 0);
    svd_long(&x, K, u, v);
    bound = svd_angle_bound(&x, K);
    svd_close(&x);
    return bound;
}

/* An update that the reduction of the matrix before serves, and one that is
 * too large for it: |D|_F is 5 times the gap. */
static void an_update(void)
{
    static const double part[] = {1e-6, 0.05, 0.5, 5}; /* of the gap */
    int s[N];

    spread(s);
    for (int c = 0; c < N_SHAPES * 4; c++) {
        size_t rows = shape[c / 4][0], cols = shape[c / 4][1];
        double square, n = (double)(rows * cols);
        float *a = known(rows, cols, s), *b;
        struct operand o[2];
        const struct operand *of[2] = {&o[0], &o[1]};
        struct leading x[2];
        double *u = xcalloc(K * N, sizeof *u);
        double *v = xcalloc(K * LONG, sizeof *v), bound;

        /* values are sqrt(n) apart, |D|_F is step sqrt(n / 12) */
        b = updated(a, rows * cols, part[c % 4] * sqrt(12.0), &square);
        o[0] = operand(a, rows, cols);
        o[1] = operand(b, rows, cols);
        T_CHECK(square < 1.1 * part[c % 4] * part[c % 4] * n);
        for (int i = 0; i < 2; i++)
            room(&x[i], &o[i]);
        T_EQ_INT(leading_subspaces(x, 2, of, K, square), 1);
        T_CHECK(x[0].bound <= LEADING_TOLERANCE);
        T_CHECK(x[1].bound <= LEADING_TOLERANCE);
        bound = whole(&o[1], u, v);
        T_CHECK(bound < LEADING_TOLERANCE);
        within(&x[1], u, v, &o[1], bound + x[1].bound, "update");
        for (int i = 0; i < 2; i++)
            leave(&x[i]);
        free(a);
        free(b);
        free(u);
        free(v);
    }
}

/* Values k and k+1 equal, no values there, or none at all: the subspace is not
 * defined, so nothing is said. */
static void not_defined(void)
{
    int s[N];

    for (int c = 0; c < 3; c++) {
        float *a;
        struct operand o;
        const struct operand *of[1] = {&o};
        struct leading x;

        spread(s);
        s[K] = s[K - 1];
        for (int i = K - 2; i < N && c; i++)
            s[i] = 0;
        for (int i = 0; i < N && c == 2; i++)
            s[i] = 0;
        a = known(N, N, s);
        o = operand(a, N, N);
        room(&x, &o);
        T_EQ_INT(leading_subspaces(&x, 1, of, K, 1), 0);
        leave(&x);
        free(a);
    }
}

/* Any size that fp32 holds: products would overflow, or vanish. */
static void any_scale(void)
{
    static const int exponent[] = {0, 90, -120};
    int s[N];
    struct leading x[3];
    size_t bytes = K * N * sizeof(double);

    spread(s);
    for (int c = 0; c < 3; c++) {
        float *a = known(N, N, s);
        struct operand o = operand(a, N, N);
        const struct operand *of[1] = {&o};

        for (size_t i = 0; i < N * N; i++)
            a[i] = ldexpf(a[i], exponent[c]);
        room(&x[c], &o);
        T_EQ_INT(leading_subspaces(&x[c], 1, of, K, 1e300), 1);
        T_CHECK(!memcmp(x[0].u, x[c].u, bytes));
        free(a);
    }
    for (int c = 0; c < 3; c++)
        leave(&x[c]);
}

static void only_where_it_is_faster(void)
{
    float a = 0;
    struct operand small = operand(&a, 200, 4096);
    struct operand large = operand(&a, 896, 4864);

    T_CHECK(!leading_is_faster(&small, 1));
    T_CHECK(leading_is_faster(&large, 64));
    T_CHECK(!leading_is_faster(&large, 448));
    T_CHECK(!leading_is_faster(&large, 0));
}

int main(void)
{
    T_RUN(known_subspaces);
    T_RUN(an_update);
    T_RUN(not_defined);
    T_RUN(any_scale);
    T_RUN(only_where_it_is_faster);
    T_DONE();
}
