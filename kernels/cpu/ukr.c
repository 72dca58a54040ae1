/* ukr - register blocks of MR x NV_MAX vectors: the inner loop of all
 * matrix products
 *
 * Every output is one ascending fmaf chain in its own lane; the compiler
 * vectorizes over outputs only. One body, instantiated with constant sizes.
 */
#include "cpu.h"
#include "simd.h"

enum { NV_BODY = NV_MAX > 3 ? NV_MAX : 3 };

/* Term k of every chain of a block. t is PAIRS: k is 0 or, of the odd ones, 1,
 * from A and B on. */
INLINE void term(const int mr, const int nv, const int t, const int kmajor,
                 long k, const float *A, long lda, const void *B, long ldb,
                 vf c[MR][NV_BODY])
{
    vf b[NV_BODY];

#pragma GCC unroll 8
    for (int v = 0; v < nv; v++)
        if (t == PAIRS)
            b[v] = vf_load_pairs((const float *)B + v * VW, (int)k);
        else
            b[v] = vf_load_t(t, B, k * ldb + v * VW);
#pragma GCC unroll 8
    for (int m = 0; m < mr; m++) {
        vf a = vf_set1(kmajor ? A[k * lda + m] : A[m * lda + k]);

#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            if (t == PAIRS)
                c[m][v] = vf_stay(vf_fma(a, b[v], c[m][v]));
            else
                c[m][v] = vf_fma(a, b[v], c[m][v]);
    }
}

INLINE void pairs(const int mr, const int nv, long K, const float *A, long lda,
                  const float *B, long ldb, vf c[MR][NV_BODY])
{
    long k = 0;

#pragma GCC unroll 1
    for (; k + 1 < K; k += 2, B += ldb) {
        term(mr, nv, PAIRS, 0, 0, A + k, lda, B, ldb, c);
        term(mr, nv, PAIRS, 0, 1, A + k, lda, vf_again(B), ldb, c);
    }
    if (k < K)
        term(mr, nv, PAIRS, 0, 0, A + k, lda, B, ldb, c);
}

#if HAS_DOTS
/* Two terms of every chain; whole: of rows of A there are both. */
INLINE void dot(const int mr, const int nv, const int kmajor, const int whole,
                const uint16_t *A, long lda, const float *B,
                vf c[MR][NV_BODY])
{
    vi b[NV_BODY];

#pragma GCC unroll 8
    for (int v = 0; v < nv; v++)
        b[v] = vi_load(B + v * VW);
#pragma GCC unroll 8
    for (int m = 0; m < mr; m++) {
        vi a = kmajor  ? vi_pair(A + 2 * m)
               : whole ? vi_pair(A + m * lda)
                       : vi_single(A + m * lda);

#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            c[m][v] = vf_dot(c[m][v], a, b[v]);
    }
}

INLINE void dots(const int mr, const int nv, const int kmajor, long K,
                 const uint16_t *A, long lda, const float *B, long ldb,
                 vf c[MR][NV_BODY], const char *next, long step)
{
    const long a_step = kmajor ? 2 * lda : 2;
    long k = 0;

#pragma GCC unroll 1
    for (; k + 1 < K; k += 2, A += a_step, B += ldb) {
        if (kmajor && next) {
            __builtin_prefetch(next + k * step, 0, 2);
            __builtin_prefetch(next + (k + 1) * step, 0, 2);
        }
        dot(mr, nv, kmajor, 1, A, lda, B, c);
    }
    if (k < K)
        dot(mr, nv, kmajor, 0, A, lda, B, c);
}
#endif

INLINE void body(const int mr, const int nv, const int t, const int kmajor,
                 long K, const void *A, long lda, const void *B, long ldb,
                 float *C, long ldc, int accumulate, const char *next,
                 long step)
{
    vf c[MR][NV_BODY];

#pragma GCC unroll 8
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            c[m][v] = accumulate ? vf_load(C + m * ldc + v * VW)
                                 : vf_set1(0.0f);
    if (t == PAIRS) {
        pairs(mr, nv, K, A, lda, B, ldb, c);
#if HAS_DOTS
    } else if (t == DOTS) {
        dots(mr, nv, kmajor, K, A, lda, B, ldb, c, next, step);
#endif
    } else if (kmajor && next) {
#pragma GCC unroll 1
        for (long k = 0; k < K; k++) {
            __builtin_prefetch(next + k * step, 0, 2);
            term(mr, nv, t, kmajor, k, A, lda, B, ldb, c);
        }
    } else {
#pragma GCC unroll 1
        for (long k = 0; k < K; k++)
            term(mr, nv, t, kmajor, k, A, lda, B, ldb, c);
    }
#pragma GCC unroll 8
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            vf_store(C + m * ldc + v * VW, c[m][v]);
}

#define UKR(o, kmajor, tn, t, mr, nv)                                         \
    static void ukr_##o##_##tn##_##mr##_##nv(                                 \
        long K, const void *A, long lda, const void *B, long ldb, float *C,   \
        long ldc, int accumulate NEXT_##o)                                    \
    {                                                                         \
        body(mr, nv, t, kmajor, K, A, lda, B, ldb, C, ldc, accumulate         \
             NEXT_ARG_##o);                                                   \
    }
#define NEXT_r
#define NEXT_ARG_r , NULL, 0
#define NEXT_k , const char *next, long step
#define NEXT_ARG_k , next, step
#if NV_MAX == 4
#define ROW(o, km, tn, t, mr)                                                 \
    UKR(o, km, tn, t, mr, 1)                                                  \
    UKR(o, km, tn, t, mr, 2)                                                  \
    UKR(o, km, tn, t, mr, 3)                                                  \
    UKR(o, km, tn, t, mr, 4)
#define ROW_NAMES(o, tn, mr)                                                  \
    {                                                                         \
        ukr_##o##_##tn##_##mr##_1, ukr_##o##_##tn##_##mr##_2,                 \
            ukr_##o##_##tn##_##mr##_3, ukr_##o##_##tn##_##mr##_4              \
    }
#else
#define ROW(o, km, tn, t, mr)                                                 \
    UKR(o, km, tn, t, mr, 1)                                                  \
    UKR(o, km, tn, t, mr, 2)
#define ROW_NAMES(o, tn, mr)                                                  \
    {                                                                         \
        ukr_##o##_##tn##_##mr##_1, ukr_##o##_##tn##_##mr##_2                  \
    }
#endif
#define ALL(o, km, tn, t)                                                     \
    ROW(o, km, tn, t, 1)                                                      \
    ROW(o, km, tn, t, 2)                                                      \
    ROW(o, km, tn, t, 3)                                                      \
    ROW(o, km, tn, t, 4)                                                      \
    ROW(o, km, tn, t, 5)                                                      \
    ROW(o, km, tn, t, 6)
#define ALL_NAMES(o, tn)                                                      \
    {                                                                         \
        ROW_NAMES(o, tn, 1), ROW_NAMES(o, tn, 2), ROW_NAMES(o, tn, 3),        \
            ROW_NAMES(o, tn, 4), ROW_NAMES(o, tn, 5), ROW_NAMES(o, tn, 6)     \
    }

ALL(r, 0, f32, 0)
ALL(r, 0, bf16, 1)
ALL(r, 0, f16, 2)
ALL(r, 0, pairs, PAIRS)
ALL(k, 1, f32, 0)
#if HAS_DOTS
ALL(r, 0, dots, DOTS)
ALL(k, 1, dots, DOTS)
#endif

ukr_fn *const NAME(ukr_r)[N_B][MR][NV_MAX] = {
    [DT_F32] = ALL_NAMES(r, f32),
    [DT_BF16] = ALL_NAMES(r, bf16),
    [DT_F16] = ALL_NAMES(r, f16),
    [PAIRS] = ALL_NAMES(r, pairs),
#if HAS_DOTS
    [DOTS] = ALL_NAMES(r, dots),
#endif
};
ukr_k_fn *const NAME(ukr_k)[2][MR][NV_MAX] = {
    ALL_NAMES(k, f32),
#if HAS_DOTS
    ALL_NAMES(k, dots),
#endif
};

#if NV_MAX == 2
/* Three vectors of columns (a head of 24 values with AVX2): four rows fill the
 * registers, where two vectors and one would leave half of them empty. */
enum { MR3 = 4 };
#define UKR3(mr)                                                              \
    static void ukr3_##mr(long K, const float *A, long lda, const float *B,   \
                          long ldb, float *C, long ldc, int accumulate)       \
    {                                                                         \
        body(mr, 3, 0, 0, K, A, lda, B, ldb, C, ldc, accumulate, NULL, 0);    \
    }
UKR3(1)
UKR3(2)
UKR3(3)
UKR3(4)

static void rows3(long M, long K, const float *A, long lda, const float *B,
                  long ldb, float *C, long ldc, int accumulate)
{
    static void (*const ukr3[MR3])(long, const float *, long, const float *,
                                   long, float *, long,
                                   int) = {ukr3_1, ukr3_2, ukr3_3, ukr3_4};

    for (long m = 0; m < M; m += MR3)
        ukr3[M - m < MR3 ? M - m - 1 : MR3 - 1](
            K, A + m * lda, lda, B, ldb, C + m * ldc, ldc, accumulate);
}
#endif

void NAME(gemm_rows)(int t, int kmajor, long M, int nv, long K, const void *A,
                     long lda, const void *B, long ldb, float *C, long ldc,
                     int accumulate)
{
    long blocks = (M + MR - 1) / MR;

#if NV_MAX == 2
    if (nv == 3) {
        rows3(M, K, A, lda, B, ldb, C, ldc, accumulate);
        return;
    }
#endif
    /* of like sizes: few rows take as long as some more */
    for (long m = 0, mr; m < M; m += mr, blocks--) {
        mr = (M - m + blocks - 1) / blocks;
        if (kmajor) /* a column of pairs is as wide as one of fp32 */
            NAME(ukr_k)[t == DOTS][mr - 1][nv - 1](
                K, (const float *)A + m, lda, B, ldb, C + m * ldc, ldc,
                accumulate, NULL, 0);
        else
            NAME(ukr_r)[t][mr - 1][nv - 1](
                K, AT(A, t == DOTS ? DT_BF16 : DT_F32, m * lda), lda, B, ldb,
                C + m * ldc, ldc, accumulate);
    }
}
