/* linear - the products of a layer */
#ifndef ULP_KERNELS_LINEAR_H
#define ULP_KERNELS_LINEAR_H
#include "scratch.h"

/* Outputs and inputs of the weights of a layer, one after the other; 0 after
 * the last. */
static inline int linear_next(const struct k_pass *p, int *i, long *N, long *K)
{
    long heads = (long)p->attn.n_heads * p->attn.head_dim, H = p->hidden;
    long kv = (long)p->attn.n_kv_heads * p->attn.head_dim, F = p->ffn;
    const long at[4][2] = {{heads + 2 * kv, H}, {H, heads}, {2 * F, H}, {H, F}};

    if (*i == 4)
        return 0;
    *N = at[*i][0];
    *K = at[(*i)++][1];
    return 1;
}

/* The permutations of order=shuffled: of K (forward), N (dx) and T (dW). */
CUDA_SCRATCH(linear)
{
    long N, K;

    scratch_perm(z, z->p->T);
    for (int i = 0; linear_next(z->p, &i, &N, &K);) {
        scratch_perm(z, N);
        scratch_perm(z, K);
    }
}

#endif
