/* linear - the products of a layer as the product of two matrices; kernels.h
 * has their meaning */
#ifndef ULP_CUDA_LINEAR_H
#define ULP_CUDA_LINEAR_H
#include "cuda.h"

/* y[T][N] = x[T][K] W^T + bias; dx[T][K] = dy[T][N] W; dW[N][K] += dy^T x. */
static inline struct gemm gemm_linear(enum dtype t, void *y, const void *x,
                                      const struct k_weight *W,
                                      const void *bias, long T, long N,
                                      long K)
{
    struct gemm g = {t, W->t, t, t, x, W->rows, bias, y, NULL, T, N, K, K, 1,
                     K, 1, N, 0};

    return g;
}

static inline struct gemm gemm_linear_dx(enum dtype t, void *dx,
                                         const void *dy,
                                         const struct k_weight *W, long T,
                                         long N, long K)
{
    struct gemm g = {t, W->t, t, t, dy, W->rows, NULL, dx, NULL, T, K, N, N,
                     1, 1, K, K, 0};

    return g;
}

static inline struct gemm gemm_linear_dw(enum dtype t, float *dW,
                                         const void *dy, const void *x,
                                         long T, long N, long K)
{
    struct gemm g = {t, t, DT_F32, DT_F32, dy, x, NULL, dW, NULL, N, K, T, 1,
                     N, 1, K, K, 1};

    return g;
}

#endif
