/* compare - counts of the values that an update changed; see ../compare.h
 *
 * Bound by memory: of each value it reads two or three, 16 bytes at a time,
 * and does a few operations in double. Counts are integers, so that their
 * order does not show.
 */
#include "../compare.h"
#include "dev.h"

enum { COMPARE_NT = 256 };

struct compare_job {
    const void *a, *b, *c;
    enum dtype ta, tb, tc;
    size_t n, octs;
    double eta, abs;
    int exact;
    unsigned long long *counts;
};

/* One value: a before, b and c after (c may be absent: has_c = 0). */
DEV void compare1(const struct compare_job *j, float a, float b, float c,
                  int has_c, unsigned n[CMP_N])
{
    float x = compare_bf16(a), y = compare_bf16(b), z = compare_bf16(c);
    int f = compare_finite(x) & compare_finite(y);
    int ab = compare_same(x, y, j->eta, j->exact), ac;

    n[CMP_NON_FINITE] += !f;
    n[CMP_UNCHANGED] += f & ab;
    n[CMP_UNCHANGED_RAW] += f & compare_near(a, b, j->eta);
    n[CMP_UNCHANGED_ABS] += f & compare_abs_near(a, b, j->abs);
    if (!has_c)
        return;
    f &= compare_finite(z);
    ac = compare_same(x, z, j->eta, j->exact);
    n[CMP_BOTH] += f;
    n[CMP_CHANGED_B] += f & !ab;
    n[CMP_CHANGED_C] += f & !ac;
    n[CMP_CHANGED_BOTH] += f & !ab & !ac;
}

DEV void compare8(const struct compare_job *j, enum dtype ta, enum dtype tb,
                  size_t i, unsigned n[CMP_N])
{
    struct oct oa = load8(j->a, ta, i), ob = load8(j->b, tb, i);
    float a[8], b[8], c[8] = {0, 0, 0, 0, 0, 0, 0, 0};

    if (j->c)
        WITH_TYPE(j->tc, TC, get8(j->c, TC, i, c););
    widen8(&oa, ta, a);
    widen8(&ob, tb, b);
    for (int k = 0; k < 8; k++)
        compare1(j, a[k], b[k], c[k], j->c != NULL, n);
}

KERNEL __launch_bounds__(COMPARE_NT) compare_values(struct compare_job j)
{
    __shared__ unsigned sum[COMPARE_NT / 32][CMP_N];
    unsigned n[CMP_N] = {0, 0, 0, 0, 0, 0, 0, 0};
    int warp = (int)threadIdx.x / 32;
    unsigned long long all = 0;

    WITH_TYPE(j.ta, TA, WITH_TYPE(j.tb, TB, {
        for (size_t i = grid_at(); i < j.octs; i += grid_step())
            compare8(&j, TA, TB, i * 8, n);
    }););
    for (size_t i = j.octs * 8 + grid_at(); i < j.n; i += grid_step())
        compare1(&j, get(j.a, j.ta, i), get(j.b, j.tb, i),
                 j.c ? get(j.c, j.tc, i) : 0.0f, j.c != NULL, n);
    for (int s = 0; s < CMP_N; s++) {
        for (int i = 16; i > 0; i >>= 1)
            n[s] += __shfl_xor_sync(FULL, n[s], i);
        if (threadIdx.x % 32 == 0)
            sum[warp][s] = n[s];
    }
    __syncthreads();
    if (threadIdx.x >= CMP_N)
        return;
    for (int w = 0; w < COMPARE_NT / 32; w++)
        all += sum[w][threadIdx.x];
    if (all)
        atomicAdd(&j.counts[threadIdx.x], all);
}

OP(void, compare)(struct kernels *k, uint64_t *counts, const void *a,
                  enum dtype ta, const void *b, enum dtype tb, const void *c,
                  enum dtype tc, size_t n, double eta, double abs)
{
    struct cuda *d = cuda_of(k);
    size_t octs = can_oct(a) && can_oct(b) && can_oct(c) ? n / 8 : 0;
    struct compare_job j = {a, b, c, ta, tb, tc, n, octs, eta, abs,
                            compare_is_exact(eta),
                            (unsigned long long *)(void *)counts};

    if (n)
        LAUNCH(d, compare_values,
               cuda_blocks(d, octs ? octs + 1 : n, COMPARE_NT), COMPARE_NT, 0,
               j);
}
