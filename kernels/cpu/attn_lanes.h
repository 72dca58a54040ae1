/* attn_lanes - a block of queries of one head, each a lane
 *
 * Row j of a [keys][ld] array is key j, its columns are queries. So a softmax
 * has no sum across a vector, sums over keys and over head_dim are register
 * blocks with any head_dim, and fp32 keys and values are read where they are.
 * Causal by vectors: the keys that vector v begins with, i0 + v VW and after,
 * concern vectors v and up ("step" v); inside a vector a later key weighs +0.
 */
#ifndef ULP_CPU_ATTN_LANES_H
#define ULP_CPU_ATTN_LANES_H
#include "attn.h"
#include "transpose.h"

struct lanes {
    long i0, rows; /* queries i0 .. i0 + rows of the sequence */
    long ld;       /* columns, a multiple of VW */
    int nv;        /* vectors in use */
};

enum { LANES_KEYS = 128 }; /* that a sum over keys takes at a time */

/* Queries of a block: the number that registers hold, unless the scores of a
 * long sequence would not fit the cache. */
static inline long lanes_block(long L)
{
    long two = 2 * VW;

    return L * NR * 4 <= (long)256 << 10 || NR < two ? NR : two;
}

static inline struct lanes lanes_at(long i0, long L, long ld)
{
    long rows = L - i0 < ld ? L - i0 : ld;

    return (struct lanes){i0, rows, ld, (int)((rows + VW - 1) / VW)};
}

/* The keys of step v. */
INLINE void lanes_step(const struct lanes *b, int v, long *j0, long *j1)
{
    *j0 = v ? b->i0 + v * VW : 0;
    *j1 = b->i0 + (v < b->nv - 1 ? (v + 1) * VW : b->rows);
}

/* dst[D][ld] = rows of src turned over; other columns zero. row: rows x D
 * values of scratch for a half type. */
static inline void lanes_in(const struct lanes *b, float *dst, enum dtype t,
                            const void *src, size_t at, long stride, long D,
                            float *row)
{
    const float *rows = row;
    long lds = D;

    if (t == DT_F32) {
        rows = (const float *)src + at;
        lds = stride;
    } else {
        for (long r = 0; r < b->rows; r++)
            NAME(widen)(row + r * D, AT(src, t, at + (size_t)(r * stride)),
                        t, (size_t)D);
    }
    for (long d = 0; b->rows < b->nv * VW && d < D; d++)
        vf_store(dst + d * b->ld + (b->nv - 1) * VW, vf_set1(0.0f));
    transpose(dst, b->ld, rows, lds, b->rows, D);
}

/* dst[keys][ld] = K[keys][D] Q, Q [D][ld] */
static inline void lanes_products(const struct lanes *b, float *dst,
                                  const float *K, long ldk, long D,
                                  const float *Q)
{
    for (int v = 0; v < b->nv; v++) {
        long j0, j1;

        lanes_step(b, v, &j0, &j1);
        NAME(gemm_rows)(DT_F32, 0, j1 - j0, b->nv - v, D, K + j0 * ldk, ldk,
                        Q + v * VW, b->ld, dst + j0 * b->ld + v * VW, b->ld,
                        0);
    }
}

/* dst[D][ld] = sum over keys ascending of V[key][D] P[key][ld] */
static inline void lanes_sums(const struct lanes *b, float *dst,
                              const float *V, long ldv, long D,
                              const float *P)
{
    for (int v = 0; v < b->nv; v++) {
        long j, j1;

        lanes_step(b, v, &j, &j1);
        for (; j < j1; j += LANES_KEYS)
            NAME(gemm_rows)(DT_F32, 1, D, b->nv - v,
                            j1 - j < LANES_KEYS ? j1 - j : LANES_KEYS,
                            V + j * ldv, ldv, P + j * b->ld + v * VW, b->ld,
                            dst + v * VW, b->ld, j > 0);
    }
}

/* dst[rows][ldd] = src[D][ld] turned back, as type t; row: rows x D values
 * of scratch for a half type. */
static inline void lanes_out(const struct lanes *b, enum dtype t, void *dst,
                             size_t at, long ldd, const float *src, long D,
                             float *row)
{
    if (t == DT_F32) {
        transpose((float *)dst + at, ldd, src, b->ld, D, b->rows);
        return;
    }
    transpose(row, D, src, b->ld, D, b->rows);
    for (long r = 0; r < b->rows; r++)
        NAME(narrow)(AT_W(dst, t, at + (size_t)(r * ldd)), t, row + r * D,
                     (size_t)D);
}

#endif
