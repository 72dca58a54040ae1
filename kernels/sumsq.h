/* sumsq - sums of squares by blocks, on every backend */
#ifndef ULP_KERNELS_SUMSQ_H
#define ULP_KERNELS_SUMSQ_H
#include "scratch.h"

enum { SUMSQ_BLOCK = 65536 };

static inline size_t sumsq_blocks(size_t n)
{
    return (n + SUMSQ_BLOCK - 1) / SUMSQ_BLOCK;
}

/* The sums of all blocks. */
static inline void sumsq_scratch(struct scratch_plan *z)
{
    if (z->p->backward)
        scratch_most(&z->shared[S_TASKS],
                     sumsq_blocks(z->p->n_params) * sizeof(double));
}

CUDA_SCRATCH(sumsq)
{
    sumsq_scratch(z);
}

#endif
