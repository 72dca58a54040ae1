/* sumsq - sum of squares in double: blocks of 65536 values, 32 lanes and a
 * tree in each, block sums added in ascending order */
#include "cpu.h"

enum { BLOCK = 65536 };

struct job {
    const float *g;
    size_t n;
    double *sums;
};

static void blocks(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    for (long b = lo; b < hi; b++) {
        size_t i = (size_t)b * BLOCK;
        size_t end = j->n - i < BLOCK ? j->n : i + BLOCK;
        double lane[32] = {0};

        /* a product of two floats is exact in double */
        for (; i + 32 <= end; i += 32)
            for (int s = 0; s < 32; s++)
                lane[s] += (double)j->g[i + (size_t)s] *
                           (double)j->g[i + (size_t)s];
        for (int s = 0; i < end; s++, i++)
            lane[s] += (double)j->g[i] * (double)j->g[i];
        j->sums[b] = canon_tree64(lane);
    }
}

OP(double, sumsq)(struct kernels *k, const float *g, size_t n)
{
    struct cpu *c = cpu_of(k);
    long n_blocks = (long)((n + BLOCK - 1) / BLOCK);
    struct job j = {g, n, NULL};
    double total = 0;

    j.sums = NAME(cpu_shared)(c, S_TASKS,
                              (size_t)n_blocks * sizeof *j.sums);
    if (!j.sums)
        return 0;
    NAME(cpu_for)(c, n_blocks, BLOCK, blocks, &j);
    for (long b = 0; b < n_blocks; b++)
        total += j.sums[b];
    return total;
}
