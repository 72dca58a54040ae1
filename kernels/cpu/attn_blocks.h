/* attn_blocks - register blocks of attention's sums
 *
 * As in ukr.c every output is one ascending fmaf chain in its own lane. Chains
 * are short here: their length is head_dim or a number of queries. A block has
 * enough chains to hide the latency of a multiply-add, for any number of
 * vectors. The +0 that ends a chain and the division are done before the store.
 */
#ifndef ULP_CPU_ATTN_BLOCKS_H
#define ULP_CPU_ATTN_BLOCKS_H
#include "simd.h"

/* out[m][..] = sum over k ascending, from in[m][..] or +0, of a(m, k) *
 * B[k][..], with a(m, k) = A[m * am + k * ak]. */
struct sums {
    long K;
    const float *A;
    long am, ak;
    const float *B;
    long ldb;
    const float *in; /* NULL: from +0 */
    long ldi;
    float *out;
    long ldo;
    int add_zero; /* +0 is added at the end: a closed chain of NUMERICS.md */
    const float *divisor; /* then row m is divided by divisor[m]; or NULL */
};

enum {
    SUMS_ROWS = 8,
    SUMS_VECTORS = NV_MAX > 3 ? NV_MAX : 3,
    SUMS_ROWS_3 = NV_MAX == 2 ? 4 : 6 /* of three vectors */
};

/* Rows m0 .. m0 + mr of nv vectors; mr and nv are constants after inlining. */
INLINE void sums_block(const int mr, const int nv, const struct sums *s,
                       long m0)
{
    const float *A = s->A + m0 * s->am, *B = s->B, *in = s->in;
    const long am = s->am, ak = s->ak, ldb = s->ldb;
    float *out = s->out + m0 * s->ldo;
    vf c[SUMS_ROWS][SUMS_VECTORS], b[SUMS_VECTORS];

#pragma GCC unroll 8
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            c[m][v] = vf_set1(0.0f);
    if (in) {
        in += m0 * s->ldi;
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
            for (int v = 0; v < nv; v++)
                c[m][v] = vf_load(in + m * s->ldi + v * VW);
    }
#pragma GCC unroll 1
    for (long k = s->K; k > 0; k--, A += ak, B += ldb) {
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            b[v] = vf_load(B + v * VW);
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++) {
            vf a = vf_set1(A[m * am]);

#pragma GCC unroll 8
            for (int v = 0; v < nv; v++)
                c[m][v] = vf_fma(a, b[v], c[m][v]);
        }
    }
    if (s->add_zero) {
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
            for (int v = 0; v < nv; v++)
                c[m][v] += vf_set1(0.0f);
    }
    if (s->divisor) {
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
            for (int v = 0; v < nv; v++)
                c[m][v] /= vf_set1(s->divisor[m0 + m]);
    }
#pragma GCC unroll 8
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            vf_store(out + m * s->ldo + v * VW, c[m][v]);
}

/* sums_fns[nv - 1][mr - 1](s, m0): sums_block of those constants. */
typedef void sums_fn(const struct sums *s, long m0);

#define SUMS_FN(nv, mr)                                                       \
    static void sums_##nv##_##mr(const struct sums *s, long m0)               \
    {                                                                         \
        sums_block(mr, nv, s, m0);                                            \
    }
#define SUMS_4(nv) SUMS_FN(nv, 1) SUMS_FN(nv, 2) SUMS_FN(nv, 3) SUMS_FN(nv, 4)
#define SUMS_6(nv) SUMS_4(nv) SUMS_FN(nv, 5) SUMS_FN(nv, 6)
#define SUMS_NAMES_4(nv)                                                      \
    sums_##nv##_1, sums_##nv##_2, sums_##nv##_3, sums_##nv##_4
#define SUMS_NAMES_6(nv) SUMS_NAMES_4(nv), sums_##nv##_5, sums_##nv##_6
SUMS_6(1)
SUMS_FN(1, 7)
SUMS_FN(1, 8)
SUMS_6(2)
#if NV_MAX == 2
SUMS_4(3)
#else
SUMS_6(3)
SUMS_6(4)
#endif
static sums_fn *const sums_fns[SUMS_VECTORS][SUMS_ROWS] = {
    {SUMS_NAMES_6(1), sums_1_7, sums_1_8},
    {SUMS_NAMES_6(2)},
#if NV_MAX == 2
    {SUMS_NAMES_4(3)},
#else
    {SUMS_NAMES_6(3)},
    {SUMS_NAMES_6(4)},
#endif
};

/* Rows of a full block of nv vectors. */
INLINE long sums_rows(int nv)
{
    return nv == 1 ? SUMS_ROWS : nv == 3 ? SUMS_ROWS_3 : 6;
}

/* Columns of the next block, of n that are left. */
INLINE long sums_columns(long n)
{
    return n == 3 * VW ? 3 * VW : n < NR ? n : NR;
}

/* Rows of the next block, of m that are left. The last two blocks have nearly
 * the same size: one of few rows takes nearly as long as a full one. */
INLINE long sums_next(long m, long most)
{
    return m > 2 * most ? most : m > most ? (m + 1) / 2 : m;
}

/* M rows of nv vectors. */
INLINE void sums(const struct sums *s, long M, int nv)
{
    long most = sums_rows(nv);

    for (long m = 0, mr; m < M; m += mr) {
        mr = sums_next(M - m, most);
        sums_fns[nv - 1][mr - 1](s, m);
    }
}

#endif
