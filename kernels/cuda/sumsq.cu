/* sumsq - sum of squares in double */
#include <stdlib.h>
#include "dev.h"
#include "../sumsq.h"

enum { SQUARES = SUMSQ_BLOCK, SUM_THREADS = 64 };

/* Eight threads take a block of SQUARES values, each four lanes: a load is
 * 16 bytes, and a thread has four chains of sums. */
KERNEL __launch_bounds__(SUM_THREADS)
    square_sums(const void *values, enum dtype gt, size_t n, size_t blocks,
                int wide, double *sums)
{
    size_t b = grid_at() / 8, i = b * SQUARES + threadIdx.x % 8 * 4;
    size_t end = n / SQUARES > b ? (b + 1) * SQUARES : n;
    const float *g = (const float *)values; /* where wide */
    double s[4] = {0.0, 0.0, 0.0, 0.0};

    /* a product of two floats is exact in double */
#pragma unroll 8
    for (; wide && i + 4 <= end; i += 32) {
        float4 v = *(const float4 *)(g + i);

        s[0] += (double)v.x * (double)v.x;
        s[1] += (double)v.y * (double)v.y;
        s[2] += (double)v.z * (double)v.z;
        s[3] += (double)v.w * (double)v.w;
    }
    for (; i < end; i += 32)
        for (size_t q = 0; q < 4 && i + q < end; q++)
            s[q] += (double)get(values, gt, i + q) *
                    (double)get(values, gt, i + q);
    /* canon_tree64: strides of 16, 8 and 4 lanes are other threads' */
    for (int d = 4; d > 0; d >>= 1)
        for (int q = 0; q < 4; q++)
            s[q] += __shfl_down_sync(FULL, s[q], d);
    if (threadIdx.x % 8 == 0 && b < blocks)
        sums[b] = (s[0] + s[2]) + (s[1] + s[3]);
}

OP(double, sumsq)(struct kernels *k, const void *g, enum dtype gt, size_t n,
                  double *sums)
{
    struct cuda *c = cuda_of(k);
    size_t blocks = sumsq_blocks(n);
    double *dev, *host = sums, total = 0.0;

    if (n == 0)
        return 0.0;
    dev = (double *)CU(cuda_scratch)(c, S_TASKS, blocks * sizeof *dev);
    if (!sums)
        host = (double *)calloc(blocks, sizeof *host);
    if (!host)
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    if (dev && host) {
        LAUNCH(c, square_sums, cuda_div(blocks * 8, SUM_THREADS), SUM_THREADS,
               0, g, gt, n, blocks, gt == DT_F32 && can_oct(g), dev);
        CU(cuda_download)(c, host, dev, blocks * sizeof *dev);
        for (size_t b = 0; b < blocks; b++)
            total += host[b];
    }
    if (!sums)
        free(host);
    return total;
}
