/* attn_tile - 32 x 32 tiles of attention in shared memory
 *
 * A block has 256 threads. Scores: thread (ty, tx) has rows ty, ty + 16 and
 * columns tx, tx + 16. Sums over a tile's 32 columns: thread has row tid / 8
 * and every eighth quad of the head's dimensions, at most Q of them.
 */
#ifndef ULP_CUDA_ATTN_TILE_H
#define ULP_CUDA_ATTN_TILE_H
#include "dev.h"
#include "../attn.h"

/* Threads of a block; the largest head_dim. */
enum { ATTN_NT = 256, ATTN_MAX_DIM = 256 };
enum { LDP = TILE + 1 }; /* of a tile of scores */

/* Row length in shared memory: quads, and rows on different banks. */
static inline __host__ __device__ int attn_pad(int D)
{
    return (D + 3) / 4 * 4 + 4;
}

/* Rows p[at + r ld] as fp32; rows from n on and the padding are zero. Eight
 * values at a time where rows allow it (wide). */
DEV void tile_in(float *s, int Dp, const void *p, enum dtype t, long at,
                 long ld, int n, int D, int wide)
{
    int tid = (int)threadIdx.x;

    if (wide) {
        int r = tid / 8; /* ATTN_NT is 8 TILE */

#pragma unroll 1
        for (int d = tid % 8 * 8; d < D; d += 64) {
            float x[8] = {0, 0, 0, 0, 0, 0, 0, 0};
            float4 *to = (float4 *)(void *)(s + r * Dp + d);

            if (r < n)
                get8(p, t, (size_t)(at + r * ld + d), x);
            to[0] = {x[0], x[1], x[2], x[3]};
            to[1] = {x[4], x[5], x[6], x[7]};
        }
        return;
    }
#pragma unroll 1
    for (int r = tid / 32; r < TILE; r += ATTN_NT / 32)
#pragma unroll 1
        for (int d = tid % 32; d < Dp; d += 32)
            s[r * Dp + d] = r < n && d < D
                                ? get(p, t, (size_t)(at + r * ld + d))
                                : 0.0f;
}

/* Can rows of D values from p on be taken eight at a time, where lengths of
 * rows are multiples of D? */
static inline int attn_wide(const void *p, int D)
{
    return D % 8 == 0 && can_oct(p);
}

/* s[i][j] = chain over d of a row ty + 16 i and b row tx + 16 j */
DEV void tile_scores(float s[2][2], const float *a, const float *b, int Dp,
                     int D)
{
    const float *pa = a + threadIdx.x / 16 * (unsigned)Dp;
    const float *pb = b + threadIdx.x % 16 * (unsigned)Dp;
    int d = 0;

    s[0][0] = s[0][1] = s[1][0] = s[1][1] = 0.0f;
#pragma unroll 2
    for (; d + 4 <= D; d += 4)
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
            for (int j = 0; j < 2; j++) {
                float4 x = *(const float4 *)(pa + i * 16 * Dp + d);
                float4 y = *(const float4 *)(pb + j * 16 * Dp + d);

                s[i][j] = canon_fma(x.x, y.x, s[i][j]);
                s[i][j] = canon_fma(x.y, y.y, s[i][j]);
                s[i][j] = canon_fma(x.z, y.z, s[i][j]);
                s[i][j] = canon_fma(x.w, y.w, s[i][j]);
            }
#pragma unroll 1
    for (; d < D; d++)
#pragma unroll
        for (int i = 0; i < 2; i++)
#pragma unroll
            for (int j = 0; j < 2; j++)
                s[i][j] = canon_fma(pa[i * 16 * Dp + d], pb[j * 16 * Dp + d],
                                    s[i][j]);
}

/* acc += sum over the tile's columns ascending of P[row][j] x[j]; closed
 * chains, so weights of +0 may stand. */
template <int Q>
DEV void tile_apply(float (&acc)[Q][4], const float *P, const float *x,
                    int Dp, int D)
{
    const float *p = P + threadIdx.x / 8 * LDP;
    int d0 = (int)threadIdx.x % 8 * 4;

#pragma unroll(Q > 4 ? 1 : 2)
    for (int j = 0; j < TILE; j++) {
        float w = p[j];

#pragma unroll
        for (int q = 0; q < Q; q++)
            if (d0 + q * 32 < D) {
                float4 v = *(const float4 *)(x + j * Dp + d0 + q * 32);

                acc[q][0] = canon_fma(w, v.x, acc[q][0]);
                acc[q][1] = canon_fma(w, v.y, acc[q][1]);
                acc[q][2] = canon_fma(w, v.z, acc[q][2]);
                acc[q][3] = canon_fma(w, v.w, acc[q][3]);
            }
    }
}

/* Sums to +0. */
template <int Q> DEV void tile_clear(float (&acc)[Q][4])
{
#pragma unroll
    for (int q = 0; q < Q; q++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            acc[q][i] = 0.0f;
}

/* Row tid / 8 of the result to p[at ..], closed, divided by `by`. */
template <int Q>
DEV void tile_out(void *p, enum dtype t, long at, const float (&acc)[Q][4],
                  float by, int D)
{
    int d0 = (int)threadIdx.x % 8 * 4;

#pragma unroll
    for (int q = 0; q < Q; q++)
#pragma unroll
        for (int i = 0; i < 4; i++)
            if (d0 + q * 32 + i < D)
                put(p, t, (size_t)(at + d0 + q * 32 + i),
                    (acc[q][i] + 0.0f) / by);
}

/* Of the instances of a kernel for up to 128 and up to 256 dimensions. */
#define ATTN_FOR(D, kernel) ((D) <= 128 ? kernel<4> : kernel<ATTN_MAX_DIM / 32>)

/* Shared memory of n tiles of rows and m of scores; 0 when a kernel cannot
 * have it (the error is kept). */
#define ATTN_SHARED(c, kernel, D, n, m)                                       \
    attn_shared(c, (const void *)(kernel), D, n, m)

/* ATTN_SHARED, with the kernel as an address. */
static inline size_t attn_shared(struct cuda *c, const void *kernel, int D,
                                 int n, int m)
{
    size_t bytes = 4 * (size_t)(n * TILE * attn_pad(D) + m * TILE * LDP);

    if (D > ATTN_MAX_DIM || bytes > (size_t)c->shared_most) {
        CU(cuda_fail)(c, ERR_DATA, "cuda: attention: head_dim %d is more "
                      "than this device holds", D);
        return 0;
    }
    return CU(cuda_shared)(c, kernel, bytes) ? bytes : 0;
}

#endif
