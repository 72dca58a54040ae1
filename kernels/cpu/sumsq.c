/* sumsq - sum of squares in double: blocks of SUMSQ_BLOCK values, 32 lanes and a
 * tree in each, block sums added in ascending order */
#include "../sumsq.h"
#include "cpu.h"

enum { BLOCK = SUMSQ_BLOCK, PIECE = 1024 };

struct job {
    const void *g;
    enum dtype gt;
    size_t n;
    double *sums;
};

/* n values, which begin at a multiple of 32 in their block. */
static void squares(const float *g, size_t n, double lane[32])
{
    size_t i = 0;

    /* a product of two floats is exact in double */
    for (; i + 32 <= n; i += 32)
        for (int s = 0; s < 32; s++)
            lane[s] += (double)g[i + (size_t)s] * (double)g[i + (size_t)s];
    for (int s = 0; i < n; s++, i++)
        lane[s] += (double)g[i] * (double)g[i];
}

static void blocks(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    float wide[PIECE];

    (void)worker;
    for (long b = lo; b < hi; b++) {
        size_t i = (size_t)b * BLOCK;
        size_t end = j->n - i < BLOCK ? j->n : i + BLOCK;
        double lane[32] = {0};

        if (j->gt == DT_F32)
            squares((const float *)j->g + i, end - i, lane);
        else
            for (size_t n; i < end; i += n) {
                n = end - i < PIECE ? end - i : PIECE;
                NAME(widen)(wide, AT(j->g, j->gt, i), j->gt, n);
                squares(wide, n, lane);
            }
        j->sums[b] = canon_tree64(lane);
    }
}

OP(double, sumsq)(struct kernels *k, const void *g, enum dtype gt, size_t n,
                  double *sums)
{
    struct cpu *c = cpu_of(k);
    long n_blocks = (long)sumsq_blocks(n);
    struct job j = {g, gt, n, sums};
    double total = 0;

    if (!sums)
        j.sums = cpu_shared(c, S_TASKS,
                            (size_t)n_blocks * sizeof *j.sums);
    if (!j.sums)
        return 0;
    cpu_for(c, n_blocks, BLOCK, blocks, &j);
    for (long b = 0; b < n_blocks; b++)
        total += j.sums[b];
    return total;
}

SCRATCH(sumsq)
{
    sumsq_scratch(z);
}
