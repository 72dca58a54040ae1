/* attn_lanes - a block of queries of one head, each a lane
 *
 * Row j of a [keys][ld] array is key j, its columns are queries. So a softmax
 * has no sum across a vector, and sums over keys or head_dim are register
 * blocks (attn_blocks.h). Rows of q, k, v and o are PAD_VW(head_dim) values
 * wide: fp32 whose head_dim is whole vectors is read and written in place.
 * Causal by vectors: the keys that vector v begins with, i0 + v VW and after,
 * concern vectors v and up ("step" v); inside a vector a later key weighs +0.
 */
#ifndef ULP_CPU_ATTN_LANES_H
#define ULP_CPU_ATTN_LANES_H
#include "attn.h"
#include "attn_blocks.h"
#include "transpose.h"

struct lanes {
    long i0, rows; /* queries i0 .. i0 + rows of the sequence */
    long ld;       /* columns, a multiple of VW */
    int nv;        /* vectors in use */
};

enum { LANES_KEYS = 128 }; /* keys that a sum takes at a time */

/* Queries of a block: the number that registers hold, unless the scores of a
 * long sequence would not fit the cache. */
static inline long lanes_block(long L)
{
    long two = 2 * VW;

    return L * NR * 4 <= (long)256 << 10 || NR < two ? NR : two;
}

/* The block of at most ld queries from i0 on, of a sequence of L. */
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

/* dst[D][ld] = the rows of src, transposed; other columns are zero. */
NOINLINE void lanes_in(const struct lanes *b, float *dst,
                            const float *src, long lds, long D)
{
    long n = b->rows, over = n >= VW && n % VW ? VW : 0;

    for (long d = 0; n < b->nv * VW && d < D; d++)
        vf_store(dst + d * b->ld + (b->nv - 1) * VW, vf_set1(0.0f));
    transpose(dst, b->ld, src, lds, over ? n / VW * VW : n, D);
    if (over) /* the last rows as a whole vector: some are written twice */
        transpose(dst + n - VW, b->ld, src + (n - VW) * lds, lds, VW, D);
}

/* dst[keys][ld] = K[keys][D] Q, Q [D][ld] */
NOINLINE void lanes_products(const struct lanes *b, float *dst,
                                  const float *K, long ldk, long D,
                                  const float *Q)
{
    for (int v = 0; v < b->nv; v++) {
        struct sums s = {.K = D, .am = ldk, .ak = 1, .ldb = b->ld,
                         .ldo = b->ld};
        long j0, j1;

        lanes_step(b, v, &j0, &j1);
        s.A = K + j0 * ldk;
        s.B = Q + v * VW;
        s.out = dst + j0 * b->ld + v * VW;
        sums(&s, j1 - j0, b->nv - v);
    }
}

/* Closed chains: dst[m][d] = sum over keys ascending of P[key][m] V[key][d],
 * divided by divisor[m] where that is given. A block of rows takes the keys up
 * to that of its last row. */
NOINLINE void lanes_sums(const struct lanes *b, float *dst, long ldd,
                              const float *V, long ldv, long Dp,
                              const float *P, const float *divisor)
{
    long end = b->i0 + b->rows;

    for (long j = 0; j < end; j += LANES_KEYS)
        for (long d = 0, n; d < Dp; d += n) {
            int nv = (int)((n = sums_columns(Dp - d)) / VW);
            long most = sums_rows(nv);

            for (long m = 0, mr; m < b->rows; m += mr) {
                struct sums s = {.am = 1, .ak = b->ld, .ldb = ldv, .ldi = ldd,
                                 .ldo = ldd};

                mr = sums_next(b->rows - m, most);
                s.K = b->i0 + m + mr - j;
                if (s.K <= 0)
                    continue;
                s.add_zero = s.K <= LANES_KEYS;
                s.K = s.add_zero ? s.K : LANES_KEYS;
                s.A = P + j * b->ld + m;
                s.B = V + j * ldv + d;
                s.out = dst + m * ldd + d;
                s.in = j ? s.out : NULL;
                s.divisor = s.add_zero && divisor ? divisor + m : NULL;
                sums_fns[nv - 1][mr - 1](&s, 0);
            }
        }
}

/* A row of D >= VW values in whole vectors, the last ones overlapping. */
INLINE void row_copy(float *dst, const float *src, long D)
{
    for (long d = 0; d < D; d += VW) {
        long at = D - d < VW ? D - VW : d;

        vf_store(dst + at, vf_load(src + at));
    }
}

/* dst[n][Dp] = n rows of src as fp32, columns past D zero. */
static inline void rows_in(float *dst, long Dp, long n, long D, enum dtype t,
                           const void *src, size_t at, long step)
{
    for (long r = 0; r < n; r++) {
        if (D < Dp)
            vf_store(dst + r * Dp + Dp - VW, vf_set1(0.0f));
        if (t == DT_F32 && D >= VW)
            row_copy(dst + r * Dp, (const float *)src + at + r * step, D);
        else
            NAME(widen)(dst + r * Dp, AT(src, t, at + (size_t)(r * step)), t,
                        (size_t)D);
    }
}

/* n rows of dst from value `at` on = columns [0, D) of src[n][Dp], rounded to
 * t. */
static inline void rows_out(const float *src, long Dp, long n, long D,
                            enum dtype t, void *dst, size_t at, long step)
{
    for (long r = 0; r < n; r++)
        if (t == DT_F32 && D >= VW)
            row_copy((float *)dst + at + r * step, src + r * Dp, D);
        else
            NAME(narrow)(AT_W(dst, t, at + (size_t)(r * step)), t,
                         src + r * Dp, (size_t)D);
}

#endif
