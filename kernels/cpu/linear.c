/* linear - y = x W^T + bias, and its gradients */
#include "../linear.h"
#include "cpu.h"

OP(void, linear)(struct kernels *k, enum dtype t, void *y, const void *x,
                 const struct k_weight *W, const void *bias, int T, int N,
                 int K)
{
    struct gemm g = {.at = t, .bt = W->t, .yt = t, .rt = t, .A = x,
                     .panels = W->fwd, .bias = bias, .Y = y, .M = T, .N = N,
                     .K = K, .lda = K, .ldy = N, .what = PERM_K};

    if (!(W->uses & WEIGHT_FORWARD))
        cpu_fail(cpu_of(k), "linear: the weight was made without "
                 "WEIGHT_FORWARD");
    else
        NAME(gemm)(cpu_of(k), &g);
}

OP(void, linear_dx)(struct kernels *k, enum dtype t, void *dx,
                    const void *dy, const struct k_weight *W, int T, int N,
                    int K)
{
    struct gemm g = {.at = t, .bt = W->t, .yt = t, .rt = t, .A = dy,
                     .Y = dx, .M = T, .N = K, .K = N,
                     .lda = N, .ldy = K, .what = PERM_K};

    if (!(W->uses & WEIGHT_BACKWARD)) {
        cpu_fail(cpu_of(k), "linear_dx: the weight was made without "
                 "WEIGHT_BACKWARD");
        return;
    }
    g.panels = NAME(weight_inputs)(cpu_of(k), W);
    if (g.panels)
        NAME(gemm)(cpu_of(k), &g);
}

OP(void, linear_dw)(struct kernels *k, enum dtype t, float *dW, float *db,
                    const void *dy, const void *x, int T, int N, int K)
{
    struct gemm_dw g = {t, t, dy, x, dW, db, T, N, K, N, K};

    NAME(gemm_dw)(cpu_of(k), &g);
}

/* Of linear_dx and linear_dw too, and the rows of embed and sum_rows. */
SCRATCH(linear)
{
    const struct k_pass *p = z->p;
    long N, K;

    for (int i = 0; linear_next(p, &i, &N, &K);) {
        scratch_most(&z->worker[W_ROW], (size_t)K * sizeof(float));
        NAME(gemm_scratch)(z, p->T, N, K, p->t, p->t);
        if (!p->backward)
            continue;
        NAME(weight_inputs_scratch)(z, p->t, N, K);
        NAME(gemm_scratch)(z, p->T, K, N, p->t, p->t);
        NAME(gemm_dw_scratch)(z, p->T, N, K, p->t, p->t);
    }
}
