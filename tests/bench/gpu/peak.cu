/* peak - fused multiply-adds in registers, on every multiprocessor */
#include "../../../kernels/cuda/cuda.h"
#include "peak.h"

enum { CHAINS = 16, THREADS = 256, BLOCKS_PER_SM = 8 };

KERNEL multiply_add(float *out, int steps)
{
    float c[CHAINS], a = 0.999f + 1e-6f * (float)threadIdx.x, s = 0;

    for (int i = 0; i < CHAINS; i++)
        c[i] = (float)i;
    for (int j = 0; j < steps; j++)
#pragma unroll
        for (int i = 0; i < CHAINS; i++)
            c[i] = canon_fma(c[i], a, 0.001f);
    for (int i = 0; i < CHAINS; i++)
        s += c[i];
    if (s < 0) /* never: what it guards keeps the sums alive */
        *out = s;
}

double peak_fma(struct kernels *k, int steps, int small, float *out)
{
    struct cuda *c = cuda_of(k);
    unsigned blocks = small ? 1 : (unsigned)c->n_sm * BLOCKS_PER_SM;

    LAUNCH(c, multiply_add, blocks, THREADS, 0, out, steps);
    return 2.0 * CHAINS * THREADS * (double)blocks * steps;
}

void peak_memory(size_t *left, size_t *total)
{
    *left = *total = 0;
    if (cudaMemGetInfo(left, total) != cudaSuccess)
        cudaGetLastError();
}
