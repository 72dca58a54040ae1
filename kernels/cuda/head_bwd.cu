/* head_bwd - the gradient of log-probabilities, a bounded number of rows at a time */
#include "head_dev.h"

/* Logits become their gradients, rounded to t, in place. */
KERNEL grad_all(float *L, enum dtype t, const float *dlogp, const float *lse,
                const int32_t *target, float it, size_t V, size_t ld,
                size_t n)
{
    for (size_t i = grid_at(); i < n; i += grid_step()) {
        size_t r = i / V, v = i % V;
        float p = canon_exp(L[r * ld + v] * it - lse[r]);
        float hot = (int64_t)v == target[r] ? 1.0f : 0.0f;

        L[r * ld + v] = round_to(t, ((hot - p) * dlogp[r]) * it);
    }
}

OP(void, head_bwd)(struct kernels *k, enum dtype t, enum dtype lt, void *dx, float *dW,
                   const float *dlogp, const float *lse, const void *x,
                   const struct k_weight *W, const int32_t *target,
                   float temperature, int after_logp, int T, int V, int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = head_chunk(V, T), ld = head_ld(V);

    (void)after_logp; /* they are made again */
    if (!CU(cuda_may)(c, W, WEIGHT_BACKWARD, "head_bwd"))
        return;
    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        size_t n = (size_t)rows * (size_t)V;
        float *L = head_room(c, S_LOGITS, rows, V);
        const void *xr = head_row(x, t, r, H);
        struct gemm g = {DT_F32, W->t, t, t, L, W->rows, NULL,
                         (char *)dx + (size_t)r * (size_t)H * dtype_size(t),
                         NULL, rows, H, V, ld, 1, 1, H, H, 0};
        struct gemm w = {DT_F32, t, DT_F32, DT_F32, L, xr, NULL, dW, NULL, V,
                         H, rows, 1, ld, 1, H, H, 1};

        if (!CU(cuda_head_rows)(c, L, t, lt, xr, W, rows, V, H, ld))
            return;
        LAUNCH(c, grad_all, cuda_blocks(c, n, 256), 256, 0, L, lt, dlogp + r,
               lse + r, target + r, 1.0f / temperature, (size_t)V, (size_t)ld,
               n);
        g.perm = CU(cuda_perm)(c, PERM_K, H, V, V);
        CU(cuda_gemm)(c, g);
        w.perm = CU(cuda_perm)(c, PERM_ROWS, rows, V, rows);
        CU(cuda_gemm)(c, w);
    }
}
