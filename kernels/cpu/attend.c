/* attend - some query rows against cached keys and values
 *
 * Keys are laid out in panels, so that scores are register blocks over keys;
 * the weighted sum of values is a register block over head_dim. One to three
 * rows take two panels' width at once, where registers hold it, for chains
 * enough to hide the latency of a multiply-add. A block of
 * rows takes the keys of its last row: a weight of +0 adds nothing to a chain
 * but may turn -0 into +0, so the chain's result has +0 added before it is
 * divided (NUMERICS.md).
 */
#include <string.h>
#include "attn.h"
#include "row.h"

void NAME(put_key)(enum dtype t, void *kp, long j, const void *key, int D)
{
    long at = j / NR * NR * D + j % NR;

    if (t == DT_F32)
        for (int d = 0; d < D; d++)
            ((float *)kp)[at + d * NR] = ((const float *)key)[d];
    else
        for (int d = 0; d < D; d++)
            ((uint16_t *)kp)[at + d * NR] = ((const uint16_t *)key)[d];
}

void NAME(put_value)(enum dtype t, void *vr, long j, const void *v, int D)
{
    size_t bytes = (size_t)D * dtype_size(t);

    memcpy((char *)vr + (size_t)j * bytes, v, bytes);
}

static const char *page_of(const struct attend *a, long j)
{
    return (const char *)(uintptr_t)a->pages[j / KV_PAGE];
}

/* ---- one to three rows ---- */

#if VW == 8
enum { FEW = 3, WIDE = 2 * NR };

/* C[mr][nv * VW] (+)= sum over k of A[m * lda + k] * B[k][...], where B comes
 * as panels of NR columns at a distance of gap: row k of each begins at element
 * k * ldb. */
INLINE void body(const int mr, const int nv, const int t, long K,
                 const float *A, long lda, const void *B, long ldb, long gap,
                 float *C, long ldc, int accumulate)
{
    vf c[FEW][2 * NV_MAX], b[2 * NV_MAX];

#pragma GCC unroll 8
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            c[m][v] = accumulate ? vf_load(C + m * ldc + v * VW)
                                 : vf_set1(0.0f);
#pragma GCC unroll 1
    for (long k = 0; k < K; k++) {
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            b[v] = vf_load_t(t, B, v / NV_MAX * gap + k * ldb +
                                       v % NV_MAX * VW);
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++) {
            vf x = vf_set1(A[m * lda + k]);

#pragma GCC unroll 8
            for (int v = 0; v < nv; v++)
                c[m][v] = vf_fma(x, b[v], c[m][v]);
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
        for (int v = 0; v < nv; v++)
            vf_store(C + m * ldc + v * VW, c[m][v]);
}

typedef void few_fn(long K, const float *A, long lda, const void *B, long ldb,
                    long gap, float *C, long ldc, int accumulate);

#define FEW_FN(tn, t, mr, nv)                                                 \
    static void few_##tn##_##mr##_##nv(                                       \
        long K, const float *A, long lda, const void *B, long ldb, long gap,  \
        float *C, long ldc, int accumulate)                                   \
    {                                                                         \
        body(mr, nv, t, K, A, lda, B, ldb, gap, C, ldc, accumulate);          \
    }
#define FEW_ROW(tn, t, mr)                                                    \
    FEW_FN(tn, t, mr, 1)                                                      \
    FEW_FN(tn, t, mr, 2)                                                      \
    FEW_FN(tn, t, mr, 3)                                                      \
    FEW_FN(tn, t, mr, 4)
#define FEW_TYPE(tn, t)                                                       \
    FEW_ROW(tn, t, 1)                                                         \
    FEW_ROW(tn, t, 2)                                                         \
    FEW_ROW(tn, t, 3)
#define FEW_NAMES(tn, mr)                                                     \
    {                                                                         \
        few_##tn##_##mr##_1, few_##tn##_##mr##_2, few_##tn##_##mr##_3,        \
            few_##tn##_##mr##_4                                               \
    }
#define FEW_ALL(tn)                                                           \
    {                                                                         \
        FEW_NAMES(tn, 1), FEW_NAMES(tn, 2), FEW_NAMES(tn, 3)                  \
    }

FEW_TYPE(f32, 0)
FEW_TYPE(bf16, 1)
FEW_TYPE(f16, 2)

static few_fn *const few[3][FEW][2 * NV_MAX] = {FEW_ALL(f32), FEW_ALL(bf16),
                                                FEW_ALL(f16)};

/* The products of rows with n <= WIDE columns. */
static void few_rows(enum dtype t, long rows, long n, long K, const float *A,
                     long lda, const void *B, long ldb, long gap, float *C,
                     long ldc, int accumulate)
{
    few[t][rows - 1][(n + VW - 1) / VW - 1](K, A, lda, B, ldb, gap, C, ldc,
                                            accumulate);
}
#else
enum { FEW = 0, WIDE = NR };

static void few_rows(enum dtype t, long rows, long n, long K, const float *A,
                     long lda, const void *B, long ldb, long gap, float *C,
                     long ldc, int accumulate)
{
    (void)gap;
    NAME(gemm_rows)((int)t, 0, rows, (int)((n + VW - 1) / VW), K, A, lda, B, ldb,
                    C, ldc, accumulate);
}
#endif

/* ---- a block ---- */

/* S[rows][ld] = q K^T for the first nk keys */
static void scores(const struct attend *a, long rows, const float *q,
                   long ldq, long nk, float *S, long ld)
{
    long columns = rows <= FEW ? WIDE : NR;

    for (long j = 0; j < nk; j += columns) {
        long n = nk - j < columns ? nk - j : columns;
        const void *keys = AT(page_of(a, j) + a->k_at, a->t,
                              j % KV_PAGE * a->head_dim);

        if (rows <= FEW)
            few_rows(a->t, rows, n, a->head_dim, q, ldq, keys, NR,
                     NR * a->head_dim, S + j, ld, 0);
        else
            NAME(gemm_rows)((int)a->t, 0, rows, (int)((n + VW - 1) / VW),
                            a->head_dim, q, ldq, keys, NR, S + j, ld, 0);
    }
}

/* o[rows][Dp] = S V */
static void values(const struct attend *a, long rows, long nk, const float *S,
                   long ld, float *o, long Dp)
{
    long columns = rows <= FEW ? WIDE : NR;

    for (long d = 0; d < Dp; d += columns)
        for (long j = 0; j < nk; j += KV_PAGE) {
            long n = Dp - d < columns ? Dp - d : columns;
            long keys = nk - j < KV_PAGE ? nk - j : KV_PAGE;
            const void *v = AT(page_of(a, j) + a->v_at, a->t, d);

            if (rows <= FEW)
                few_rows(a->t, rows, n, keys, S + j, ld, v, a->head_dim, NR,
                         o + d, Dp, j > 0);
            else
                NAME(gemm_rows)((int)a->t, 0, rows, (int)(n / VW), keys, S + j, ld,
                                v, a->head_dim, o + d, Dp, j > 0);
        }
}

/* s = exp(s * scale - max) over n keys, zero from there to nk32; the sum */
static float softmax(float *s, long n, long nk32, float scale)
{
    long n32 = PAD32(n);
    float max = row_scale_max(s, n, scale);

    for (long j = n32; j < nk32; j++)
        s[j] = 0.0f;
    return row_exp_sum(s, n32, max);
}

static void block(const struct attend *a, long m0, long rows, const float *q,
                  long ldq, float *S, long ld, float *o)
{
    long D = a->head_dim, Dp = PAD_VW(D), nk = 0, nk32;
    float sum[MR];

    for (long m = 0; m < rows; m++)
        nk = a->limit[m0 + m] > nk ? a->limit[m0 + m] : nk;
    nk32 = PAD32(nk);
    scores(a, rows, q, ldq, nk, S, ld);
    for (long m = 0; m < rows; m++)
        sum[m] = softmax(S + m * ld, a->limit[m0 + m], nk32, a->scale);
    values(a, rows, nk, S, ld, o, Dp);
    for (long m = 0; m < rows; m++) {
        for (long d = 0; d < D; d++)
            o[m * Dp + d] = (o[m * Dp + d] + 0.0f) / sum[m];
        NAME(narrow)(AT_W(a->o, a->t, (m0 + m) * a->ldo), a->t, o + m * Dp,
                     (size_t)D);
    }
}

void NAME(attend)(struct cpu *c, int worker, const struct attend *a)
{
    long D = a->head_dim, nk = 0, ld;
    float *S, *o, *q;

    for (long m = 0; m < a->rows; m++)
        nk = a->limit[m] > nk ? a->limit[m] : nk;
    ld = PAD32(PAD_NR(nk));
    S = cpu_worker(c, worker, W_S, (size_t)(MR * ld) * sizeof *S);
    o = cpu_worker(c, worker, W_C,
                   (size_t)(MR * PAD_VW(D)) * sizeof *o);
    q = cpu_worker(c, worker, W_A, (size_t)(MR * D) * sizeof *q);
    if (!S || !o || !q)
        return;
    for (long m = 0; m < a->rows; m += MR) {
        long rows = a->rows - m < MR ? a->rows - m : MR;
        const float *qb = (const float *)a->q + m * a->ldq;
        long ldq = a->ldq;

        if (a->t != DT_F32) {
            for (long r = 0; r < rows; r++)
                NAME(widen)(q + r * D, AT(a->q, a->t, (m + r) * a->ldq), a->t,
                            (size_t)D);
            qb = q;
            ldq = D;
        }
        block(a, m, rows, qb, ldq, S, ld, o);
    }
}
