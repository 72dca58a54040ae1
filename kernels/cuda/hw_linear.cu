/* hw_linear - matrix products under order=hardware
 *
 * A few rows go to a kernel of our own (hw_skinny.h), the rest to cuBLASLt
 * (hw_blas.h); what that has no bias or rounding for goes through fp32 and
 * one pass of our own, and what it refuses altogether is the canonical
 * product.
 */
#include "dev.h"
#include "hw.h"
#include "hw_blas.h"
#include "hw_skinny.h"
#include "linear.h"

/* Y = round_rt(S + bias), S [M][ls] fp32, perhaps Y itself. */
KERNEL finish(void *Y, const float *S, struct gemm g, long ls)
{
    size_t n = (size_t)g.M * (size_t)g.N;

    for (size_t i = grid_at(); i < n; i += grid_step()) {
        long m = (long)(i / (size_t)g.N), col = (long)(i % (size_t)g.N);
        float y = S[m * ls + col];

        if (g.bias)
            y += get(g.bias, g.bt, (size_t)col);
        put(Y, g.yt, (size_t)(m * g.ldy + col), round_to(g.rt, y));
    }
}

/* The sums by cuBLASLt in fp32, then bias and rounding. */
static int by_way_of_fp32(struct cuda *c, struct gemm g)
{
    size_t n = (size_t)g.M * (size_t)g.N;
    struct gemm s = g;

    s.bias = NULL;
    s.yt = s.rt = DT_F32;
    if (g.yt != DT_F32) {
        s.ldy = g.N;
        s.Y = CU(cuda_scratch)(c, S_PRODUCT, n * sizeof(float));
        if (!s.Y)
            return 1;
    }
    if (!CU(hw_blas_gemm)(c, &s))
        return 0;
    LAUNCH(c, finish, cuda_blocks(c, n, 256), 256, 0, g.Y,
           (const float *)s.Y, g, s.ldy);
    return 1;
}

void CU(hw_gemm)(struct cuda *c, struct gemm g)
{
    if (g.M <= 0 || g.N <= 0)
        return;
    if (CU(hw_skinny)(c, &g))
        return;
    if (g.rt == g.yt && CU(hw_blas_gemm)(c, &g))
        return;
    if (!g.accumulate && by_way_of_fp32(c, g))
        return;
    CU(cuda_gemm)(c, g);
}

/* ---- column sums ---- */
enum { SUM_X = 8, SUM_Y = 64 }; /* threads: groups of 4 columns, rows */

/* db[n] += sum over t of dY[t][n]: SUM_Y strided lanes, then a fixed tree. */
KERNEL __launch_bounds__(SUM_X *SUM_Y)
    column_tree(float *db, const void *dY, enum dtype t, long T, long N,
                int vec)
{
    __shared__ __align__(16) float lane[SUM_Y][4 * SUM_X];
    int x = (int)threadIdx.x % SUM_X, y = (int)threadIdx.x / SUM_X;
    long n0 = ((long)blockIdx.x * SUM_X + x) * 4;
    int width = (int)(N - n0 < 4 ? N - n0 : 4);
    float s[4] = {0.0f, 0.0f, 0.0f, 0.0f};

#pragma unroll 4
    for (long r = y; r < T; r += SUM_Y) {
        float v[4] = {0.0f, 0.0f, 0.0f, 0.0f};

        if (vec && width == 4)
            get4(dY, t, (size_t)(r * N + n0), v);
        else
            for (int i = 0; i < width; i++)
                v[i] = get(dY, t, (size_t)(r * N + n0 + i));
#pragma unroll
        for (int i = 0; i < 4; i++)
            s[i] += v[i];
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
        lane[y][x * 4 + i] = s[i];
    for (int half = SUM_Y / 2; half > 0; half /= 2) {
        __syncthreads();
        if (y < half)
#pragma unroll
            for (int i = 0; i < 4; i++)
                lane[y][x * 4 + i] += lane[y + half][x * 4 + i];
    }
    if (y == 0)
        for (int i = 0; i < width; i++)
            db[n0 + i] += lane[0][x * 4 + i];
}

/* ---- operations ---- */
HW(void, linear)(struct kernels *k, enum dtype t, void *y, const void *x,
                 const struct k_weight *W, const void *bias, int T, int N,
                 int K)
{
    if (CU(cuda_may)(cuda_of(k), W, WEIGHT_FORWARD, "linear"))
        CU(hw_gemm)(cuda_of(k), gemm_linear(t, y, x, W, bias, T, N, K));
}

HW(void, linear_dx)(struct kernels *k, enum dtype t, void *dx,
                    const void *dy, const struct k_weight *W, int T, int N,
                    int K)
{
    if (CU(cuda_may)(cuda_of(k), W, WEIGHT_BACKWARD, "linear_dx"))
        CU(hw_gemm)(cuda_of(k), gemm_linear_dx(t, dx, dy, W, T, N, K));
}

HW(void, linear_dw)(struct kernels *k, enum dtype t, float *dW, float *db,
                    const void *dy, const void *x, int T, int N, int K)
{
    struct cuda *c = cuda_of(k);

    if (T <= 0 || N <= 0)
        return;
    if (db)
        LAUNCH(c, column_tree, cuda_div((size_t)N, 4 * SUM_X), SUM_X * SUM_Y,
               0, db, dy, t, T, N, can_get4(dy, t, N));
    CU(hw_gemm)(c, gemm_linear_dw(t, dW, dy, x, T, N, K));
}
