/* linear - y = x W^T + bias, and its gradients */
#include "dev.h"
#include "linear.h"

OP(void, linear)(struct kernels *k, enum dtype t, void *y, const void *x,
                 const struct k_weight *W, const void *bias, int T, int N,
                 int K)
{
    struct cuda *c = cuda_of(k);
    struct gemm g = gemm_linear(t, y, x, W, bias, T, N, K);

    if (!CU(cuda_may)(c, W, WEIGHT_FORWARD, "linear"))
        return;
    g.perm = CU(cuda_perm)(c, PERM_K, N, K, K);
    CU(cuda_gemm)(c, g);
}

OP(void, linear_dx)(struct kernels *k, enum dtype t, void *dx,
                    const void *dy, const struct k_weight *W, int T, int N,
                    int K)
{
    struct cuda *c = cuda_of(k);
    struct gemm g = gemm_linear_dx(t, dx, dy, W, T, N, K);

    if (!CU(cuda_may)(c, W, WEIGHT_BACKWARD, "linear_dx"))
        return;
    g.perm = CU(cuda_perm)(c, PERM_K, K, N, N);
    CU(cuda_gemm)(c, g);
}

/* db[n] += dY[t][n], rows ascending or permuted */
KERNEL column_chains(float *db, const void *dY, enum dtype t,
                     const int32_t *perm, long T, long N)
{
    long n = (long)grid_at(), end = places(perm, T);
    float s;

    if (n >= N)
        return;
    s = db[n];
    if (!perm) {
#pragma unroll 8
        for (long r = 0; r < T; r++) /* the loads go ahead of the sum */
            s += get(dY, t, (size_t)(r * N + n));
    }
    for (long i = 0; perm && i < end; i++) {
        long r = place(perm, i, T);

        if (r >= 0)
            s += get(dY, t, (size_t)(r * N + n));
    }
    db[n] = s;
}

OP(void, linear_dw)(struct kernels *k, enum dtype t, float *dW, float *db,
                    const void *dy, const void *x, int T, int N, int K)
{
    struct cuda *c = cuda_of(k);
    struct gemm g = gemm_linear_dw(t, dW, dy, x, T, N, K);

    if (T <= 0 || N <= 0)
        return;
    g.perm = CU(cuda_perm)(c, PERM_ROWS, T, N, T);
    if (db)
        LAUNCH(c, column_chains, cuda_div((size_t)N, 64), 64, 0, db, dy, t,
               g.perm, (long)T, (long)N);
    CU(cuda_gemm)(c, g);
}
