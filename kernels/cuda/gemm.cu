/* gemm - C = A B (+ bias): one ascending fmaf chain per output
 *
 * The tile follows the shape and the device, never the bits: every tile runs
 * the same chain for an output.
 */
#include "dev.h"

/* Group q of a tile of `rows` x bk: four terms of one row where k is the
 * contiguous index, else four rows of one term. Those outside are 0 and not
 * used. */
DEV void load4(float x[4], const void *p, enum dtype t, long rs, long ks,
               int vec, int r0, int R, int k0, int k1, int q, int rows,
               int bk)
{
    int r, k, left;

    if (ks == 1) {
        r = r0 + q / (bk / 4);
        k = k0 + q % (bk / 4) * 4;
        left = r < R ? k1 - k : 0;
    } else {
        r = r0 + q % (rows / 4) * 4;
        k = k0 + q / (rows / 4);
        left = k < k1 ? R - r : 0;
    }
    if (vec && left >= 4) {
        get4(p, t, (size_t)r * (size_t)rs + (size_t)k * (size_t)ks, x);
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        x[i] = i < left ? get(p, t,
                              (size_t)r * (size_t)rs + (size_t)k * (size_t)ks +
                                  (size_t)i)
                        : 0.0f;
}

/* The same group into shared memory, [k][ld]. */
DEV void store4(float *s, int ld, const float x[4], int along_k, int q,
                int rows, int bk)
{
    if (along_k) {
        float *d = s + q % (bk / 4) * 4 * ld + q / (bk / 4);

#pragma unroll
        for (int i = 0; i < 4; i++)
            d[i * ld] = x[i];
    } else {
        float *d = s + q / (rows / 4) * ld + q % (rows / 4) * 4;

#pragma unroll
        for (int i = 0; i < 4; i++)
            d[i] = x[i];
    }
}

/* One term of every chain of a thread. */
#define GEMM_STEP(k)                                                          \
    {                                                                         \
        float a[TM], w[TN];                                                   \
                                                                              \
        _Pragma("unroll") for (int i = 0; i < TM; i++)                        \
            a[i] = As[b][k][i / VM * (BM / (TM / VM)) + ty * VM + i % VM];    \
        _Pragma("unroll") for (int j = 0; j < TN; j++)                        \
            w[j] = Bs[b][k][j / VN * (BN / (TN / VN)) + tx * VN + j % VN];    \
        _Pragma("unroll") for (int i = 0; i < TM; i++)                        \
            _Pragma("unroll") for (int j = 0; j < TN; j++)                    \
                acc[i][j] = canon_fma(a[i], w[j], acc[i][j]);                 \
    }

#define GEMM_NAME gemm_128x128
#define BM 128
#define BN 128
#define BK 8
#define TM 8
#define TN 8
#include "gemm_tile.h"

#define GEMM_NAME gemm_128x128_f32
#define GEMM_TYPE DT_F32
#define BM 128
#define BN 128
#define BK 8
#define TM 8
#define TN 8
#include "gemm_tile.h"

#define GEMM_NAME gemm_128x128_bf16
#define GEMM_TYPE DT_BF16
#define BM 128
#define BN 128
#define BK 8
#define TM 8
#define TN 8
#include "gemm_tile.h"

#define GEMM_NAME gemm_128x128_f16
#define GEMM_TYPE DT_F16
#define BM 128
#define BN 128
#define BK 8
#define TM 8
#define TN 8
#include "gemm_tile.h"

#define GEMM_NAME gemm_64x64
#define BM 64
#define BN 64
#define BK 16
#define TM 4
#define TN 4
#include "gemm_tile.h"

/* A few rows (decode): many blocks over the weights. */
#define GEMM_NAME gemm_16x32
#define BM 16
#define BN 32
#define BK 32
#define TM 2
#define TN 2
#include "gemm_tile.h"

static void by_128(struct cuda *c, struct gemm g, int va, int vb)
{
    dim3 grid(cuda_div((size_t)g.M, 128), cuda_div((size_t)g.N, 128));

    if (g.at != g.bt || !va || !vb)
        LAUNCH(c, gemm_128x128, grid, 256, 0, g, va, vb);
    else if (g.at == DT_F32)
        LAUNCH(c, gemm_128x128_f32, grid, 256, 0, g, va, vb);
    else if (g.at == DT_BF16)
        LAUNCH(c, gemm_128x128_bf16, grid, 256, 0, g, va, vb);
    else
        LAUNCH(c, gemm_128x128_f16, grid, 256, 0, g, va, vb);
}

void CU(cuda_gemm)(struct cuda *c, struct gemm g)
{
    int va = can_get4(g.A, g.at, g.ak == 1 ? g.am : g.ak);
    int vb = can_get4(g.B, g.bt, g.bk == 1 ? g.bn : g.bk);
    size_t M = (size_t)g.M, N = (size_t)g.N;

    if (g.M <= 0 || g.N <= 0)
        return;
    if (g.M <= 16)
        LAUNCH(c, gemm_16x32, dim3(cuda_div(M, 16), cuda_div(N, 32)), 128, 0,
               g, va, vb);
    else if (cuda_div(M, 128) * cuda_div(N, 128) < (unsigned)c->n_sm)
        LAUNCH(c, gemm_64x64, dim3(cuda_div(M, 64), cuda_div(N, 64)), 256, 0,
               g, va, vb);
    else
        by_128(c, g, va, vb);
}
