/* rmsnorm - how its gradient by the weight is cut on a device under
 * order=hardware: parts of the rows, which follow from their number alone */
#ifndef ULP_KERNELS_RMSNORM_H
#define ULP_KERNELS_RMSNORM_H
#include "scratch.h"

enum { RMSNORM_ROWS = 256 /* of a part, at least */, RMSNORM_PARTS = 64 };

/* Parts of T rows. */
static inline long rmsnorm_parts(long T)
{
    long n = (T + RMSNORM_ROWS - 1) / RMSNORM_ROWS;

    return n < RMSNORM_PARTS ? n : (long)RMSNORM_PARTS;
}

/* Of rows of H values. */
static inline void rmsnorm_scratch(struct scratch_plan *z, long rows, long H)
{
    scratch_perm(z, rows);
    if (z->p->backward && z->s->order.kind == ORDER_HARDWARE)
        scratch_most(&z->shared[S_TASKS],
                     (size_t)(rmsnorm_parts(rows) * H) * sizeof(float));
}

/* The norms of the residual stream; those of heads, for q, which has the most. */
CUDA_SCRATCH(rmsnorm_bwd)
{
    rmsnorm_scratch(z, z->p->T, z->p->hidden);
}

CUDA_SCRATCH(rmsnorm_heads_bwd)
{
    if (z->p->head_norms)
        rmsnorm_scratch(z, (long)z->p->T * z->p->attn.n_heads,
                        z->p->attn.head_dim);
}

#endif
