/* rmsnorm - what the gradient of rmsnorm shares between the two orders */
#ifndef ULP_CUDA_RMSNORM_H
#define ULP_CUDA_RMSNORM_H
#include "dev.h"

enum { ROW_EIGHTS = 256 }; /* values of a warp's step */

/* Where rows are: one after the other, or with `heads` the heads of rows that
 * lie `stride` values apart (struct k_heads). */
struct norm_rows {
    int heads, stride;
};

/* The first value of row r of H values. */
DEV size_t norm_begin(const struct norm_rows *at, size_t r, int H)
{
    return at->heads ? r / (size_t)at->heads * (size_t)at->stride +
                           r % (size_t)at->heads * (size_t)H
                     : r * (size_t)H;
}

/* Eight values at a time, where the buffers begin so. */
static inline int norm_eights(const struct norm_rows *at, int H)
{
    return H % 8 == 0 && at->stride % 8 == 0;
}

/* The arguments of rmsnorm_bwd: T rows of H values; a head counts as a row. */
struct norm_grad {
    enum dtype t;
    void *dx;
    const void *dy, *x, *w;
    const float *rstd;
    struct norm_rows at;
    int T, H;
};

/* dx of rmsnorm_bwd; it may be dy. */
void CU(cuda_norm_dx)(struct cuda *c, struct norm_grad j);

#endif
