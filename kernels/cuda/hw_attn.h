/* hw_attn - tiles of attention on tensor cores
 *
 * A block has four warps. Tiles of rows of halves lie in shared memory, DP
 * values a row (64 or 128, zeros from head_dim on) and 8 more, which puts the
 * rows of an 8 x 8 matrix on different banks. A warp's products have 16 M
 * rows: a[m] are rows 16 m to 16 m + 15 in the layout of mma.h, so thread
 * (g, q) has rows 16 m + g + 8 h and columns 8 n + 2 q + e in [m][n][2 h + e].
 */
#ifndef ULP_CUDA_HW_ATTN_H
#define ULP_CUDA_HW_ATTN_H
#include "hw.h"
#include "mma.h"
#include "tiles.h"

/* Warps and threads of a block. */
enum { HW_WARPS = 4, HW_NT = 32 * HW_WARPS };
#define HW_LD(DP) ((DP) + 8) /* row length in shared memory */
#define LOG2E 0x1.715476p+0f

struct hw_attn_job {
    struct k_attn_shape s;
    long ld, ldo; /* row lengths of qkv, and of o */
    float scale;
    struct attn_tiles tiles;
    const uint16_t *qkv, *o, *d_o;
    uint16_t *out; /* o, or dqkv */
    float *lse, *delta; /* [T][n_heads] */
};

/* Can the kernels read and write rows from p on, 16 bytes at a time? */
static inline int hw_attn_can(enum dtype t, struct k_attn_shape s,
                              const void *p)
{
    return hw_attn_does(t, s) && (uintptr_t)p % 16 == 0;
}

/* n rows p[r ld], of D values, on their way to R rows of s; zeros else. */
template <int DP, int R>
DEV void rows_in(uint16_t *s, const uint16_t *p, long ld, int n, int D)
{
    int c = (int)threadIdx.x % (DP / 8) * 8;

#pragma unroll
    for (int i = 0; i < R * DP / 8 / HW_NT; i++) {
        int r = (int)threadIdx.x / (DP / 8) + i * (HW_NT * 8 / DP);
        int in = r < n && c < D;

        /* 32 bits of offset: 64 of them for each i do not fit in registers */
        cp_async(s + r * HW_LD(DP) + c,
                 in ? p + (unsigned)(r * (int)ld + c) : p, !in);
    }
}

/* s[m][n] = sum over the row of a's row times b's row */
template <enum dtype T, int DP, int M, int N>
DEV void rows_by_rows(float s[M][N / 8][4], const uint16_t *a,
                      const uint16_t *b)
{
    int lane = (int)threadIdx.x % 32;
    const uint16_t *pa = a + lane % 16 * HW_LD(DP) + lane / 16 * 8;
    const uint16_t *pb = b + (lane % 8 + lane / 16 * 8) * HW_LD(DP) +
                         lane / 8 % 2 * 8;

#pragma unroll
    for (int m = 0; m < M; m++)
#pragma unroll
        for (int n = 0; n < N / 8; n++)
            s[m][n][0] = s[m][n][1] = s[m][n][2] = s[m][n][3] = 0.0f;
#pragma unroll
    for (int k = 0; k < DP; k += 16) {
        unsigned fa[M][4], fb[4];

#pragma unroll
        for (int m = 0; m < M; m++)
            ld_matrix4(fa[m], pa + m * 16 * HW_LD(DP) + k);
#pragma unroll
        for (int n = 0; n < N; n += 16) {
            ld_matrix4(fb, pb + n * HW_LD(DP) + k);
#pragma unroll
            for (int m = 0; m < M; m++) {
                mma(T, s[m][n / 8], fa[m], fb);
                mma(T, s[m][n / 8 + 1], fa[m], fb + 2);
            }
        }
    }
}

/* acc[m][d] += sum over j of w[m][j], rounded to T, times x's row j */
template <enum dtype T, int DP, int M, int N>
DEV void weights_by_rows(float acc[M][DP / 8][4], const float w[M][N / 8][4],
                         const uint16_t *x)
{
    int lane = (int)threadIdx.x % 32;
    const uint16_t *px = x + lane % 16 * HW_LD(DP) + lane / 16 * 8;

#pragma unroll
    for (int j = 0; j < N; j += 16) {
        unsigned fa[M][4], fb[4];

#pragma unroll
        for (int m = 0; m < M; m++)
#pragma unroll
            for (int i = 0; i < 4; i++)
                fa[m][i] = pack2(T, w[m][j / 8 + i / 2][i % 2 * 2],
                                 w[m][j / 8 + i / 2][i % 2 * 2 + 1]);
#pragma unroll
        for (int d = 0; d < DP; d += 16) {
            ld_matrix4_t(fb, px + j * HW_LD(DP) + d);
#pragma unroll
            for (int m = 0; m < M; m++) {
                mma(T, acc[m][d / 8], fa[m], fb);
                mma(T, acc[m][d / 8 + 1], fa[m], fb + 2);
            }
        }
    }
}

/* acc's rows, times by[m][h], to p[r ld], r < n, by way of the warp's own
 * rows of shared memory s. */
template <enum dtype T, int DP, int M>
DEV void rows_out(uint16_t *p, long ld, int n, int D,
                  const float acc[M][DP / 8][4], const float by[M][2],
                  uint16_t *s)
{
    int lane = (int)threadIdx.x % 32;

    __syncwarp();
#pragma unroll
    for (int m = 0; m < M; m++)
#pragma unroll
        for (int d = 0; d < DP / 8; d++)
#pragma unroll
            for (int h = 0; h < 2; h++) {
                int r = m * 16 + lane / 4 + h * 8;

                *(unsigned *)(void *)(s + r * HW_LD(DP) + d * 8 +
                                      lane % 4 * 2) =
                    pack2(T, acc[m][d][2 * h] * by[m][h],
                          acc[m][d][2 * h + 1] * by[m][h]);
            }
    __syncwarp();
    for (int i = lane; i < 2 * M * DP; i += 32) {
        int r = i / (DP / 8), c = i % (DP / 8) * 8;

        if (r < n && c < D)
            *(uint4 *)(void *)(p + r * ld + c) =
                *(const uint4 *)(const void *)(s + r * HW_LD(DP) + c);
    }
}

/* Sums to +0. */
template <int M, int D8> DEV void clear(float acc[M][D8][4])
{
#pragma unroll
    for (int m = 0; m < M; m++)
#pragma unroll
        for (int d = 0; d < D8; d++)
            acc[m][d][0] = acc[m][d][1] = acc[m][d][2] = acc[m][d][3] = 0.0f;
}

#endif
