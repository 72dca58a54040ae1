/* permute - permutation tests of vartest.h: every split, or random ones */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "describe.h"
#include "vartest.h"

/* Squares of centred values, sq[k * n + i]: task k, x's seeds first. */
struct splits {
    const double *sq;
    size_t n, nx, n_tasks;
    double observed;
    uint32_t n_done, greater, less;
};

/* in[0..nx): which seeds stand for x */
static double statistic(const struct splits *s, const uint32_t *in)
{
    double sum = 0;
    size_t ny = s->n - s->nx;

    for (size_t k = 0; k < s->n_tasks; k++) {
        const double *q = s->sq + k * s->n;
        double all = 0, x = 0;

        for (size_t i = 0; i < s->n; i++)
            all += q[i];
        for (size_t i = 0; i < s->nx; i++)
            x += q[in[i]];
        double vx = x / (double)s->nx, vy = (all - x) / (double)ny;
        if (all > 0)
            sum += (vx - vy) / (vx + vy);
    }
    return sum / (double)s->n_tasks;
}

static void count(struct splits *s, const uint32_t *in)
{
    double v = statistic(s, in);

    /* Splits that are equal on paper may differ in the last bits. */
    s->n_done++;
    s->greater += v >= s->observed - 1e-10;
    s->less += v <= s->observed + 1e-10;
}

/* The next combination of nx out of n, in lexicographic order. */
static int next(uint32_t *in, size_t nx, size_t n)
{
    for (size_t i = nx; i-- > 0;) {
        if (in[i] < n - nx + i) {
            in[i]++;
            for (size_t j = i + 1; j < nx; j++)
                in[j] = in[j - 1] + 1;
            return 1;
        }
    }
    return 0;
}

static double n_choose(size_t n, size_t k)
{
    double c = 1;

    for (size_t i = 1; i <= k; i++)
        c = c * (double)(n - k + i) / (double)i;
    return c;
}

static void centre(double *sq, const double *x, size_t n)
{
    double m = desc_median(x, n);

    for (size_t i = 0; i < n; i++)
        sq[i] = (x[i] - m) * (x[i] - m);
}

static struct vartest_perm run(struct splits *s, uint64_t seed)
{
    struct vartest_perm r = { 0 };
    uint32_t *in = xmalloc(s->n * sizeof *in);

    for (uint32_t i = 0; i < s->n; i++)
        in[i] = i;
    s->observed = statistic(s, in);
    r.exact = n_choose(s->n, s->nx) <= VARTEST_EXACT;
    if (r.exact) {
        do
            count(s, in);
        while (next(in, s->nx, s->n));
        r.p_greater = (double)s->greater / s->n_done;
        r.p_less = (double)s->less / s->n_done;
    } else {
        struct rng g;

        rng_init(&g, seed, 0x7065726d);
        while (s->n_done < VARTEST_DRAWS) {
            rng_perm(&g, in, (uint32_t)s->n);
            count(s, in);
        }
        r.p_greater = (s->greater + 1.0) / (s->n_done + 1.0);
        r.p_less = (s->less + 1.0) / (s->n_done + 1.0);
    }
    r.n_splits = s->n_done;
    free(in);
    return r;
}

struct vartest_perm vartest_permutation_tasks(const double *x, size_t nx,
                                              const double *y, size_t ny,
                                              size_t n_tasks, uint64_t seed)
{
    struct vartest_perm r = { 0 };
    struct splits s = { .n = nx + ny, .nx = nx, .n_tasks = n_tasks };
    double *sq, total = 0;

    if (nx < 2 || ny < 2 || n_tasks == 0) {
        r.why = n_tasks ? "fewer than two values in an arm" : "no tasks";
        return r;
    }
    sq = xmalloc(s.n * n_tasks * sizeof *sq);
    for (size_t k = 0; k < n_tasks; k++) {
        centre(sq + k * s.n, x + k * nx, nx);
        centre(sq + k * s.n + nx, y + k * ny, ny);
    }
    for (size_t i = 0; i < s.n * n_tasks; i++)
        total += sq[i];
    s.sq = sq;
    if (total == 0)
        r.why = "zero variance in both arms";
    else
        r = run(&s, seed);
    free(sq);
    return r;
}

struct vartest_perm vartest_permutation(const double *x, size_t nx,
                                        const double *y, size_t ny,
                                        uint64_t seed)
{
    return vartest_permutation_tasks(x, nx, y, ny, 1, seed);
}
