/* sumsq - sums of squares by blocks, on every backend */
#ifndef ULP_KERNELS_SUMSQ_H
#define ULP_KERNELS_SUMSQ_H
#include "scratch.h"

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
