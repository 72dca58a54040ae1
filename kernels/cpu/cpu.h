/* cpu - what the files of the CPU backend share
 *
 * The files of this folder, but for context.c, are compiled once per instruction
 * set level (macro ISA: v1, v3, v4, generic); every symbol that leaves a file
 * carries that suffix through NAME. Operations work on fp32 rows: a row of a half
 * type is widened into a worker's scratch first and rounded back at the end.
 */
#ifndef ULP_CPU_CPU_H
#define ULP_CPU_CPU_H
#include <stddef.h>
#include <stdint.h>
#include "../canon.h"
#include "../ops.h"
#include "../scratch.h"
#include "context.h"
#include "width.h"

/* NAME(x): the symbol x of the level that is compiled, x_v3. */
#define NAME3(x, isa) x##_##isa
#define NAME2(x, isa) NAME3(x, isa)
#define NAME(x) NAME2(x, ISA)

/* dst = widened src; dst = rounded src. n values. */
void NAME(widen)(float *dst, const void *src, enum dtype t, size_t n);
void NAME(narrow)(void *dst, enum dtype t, const float *src, size_t n);

/* Element i of an array of type t. */
#define AT(p, t, i)                                                           \
    ((const void *)((const char *)(p) + (size_t)(i) * dtype_size(t)))
#define AT_W(p, t, i) ((void *)((char *)(p) + (size_t)(i) * dtype_size(t)))

/* A row as fp32: itself when it is, else widened into buf. */
static inline const float *cpu_row(enum dtype t, const void *base, size_t i,
                                   size_t n, float *buf)
{
    if (t == DT_F32)
        return (const float *)base + i;
    NAME(widen)(buf, AT(base, t, i), t, n);
    return buf;
}

/* Prefetch piece i of n of `bytes` at p. */
INLINE void cpu_prefetch(const char *p, size_t bytes, long i, long n)
{
    size_t step = (bytes / (size_t)n + 127) / 64 * 64;
    size_t at = (size_t)i * step, end = at + step < bytes ? at + step : bytes;

    for (; at < end; at += 64)
        __builtin_prefetch(p + at, 0, 2);
}

/* ---- register blocks (ukr.c) ----
 * C[mr][nv * VW] (+)= sum over k ascending of a(m, k) * B[k][...], one fmaf
 * chain per output; row k of B begins at element k * ldb of type t. For t =
 * PAIRS, B is bf16 [K/2][ldb][2], and an odd K ends with a whole pair.
 * ukr_r: a(m, k) = A[m * lda + k]; ukr_k: a(m, k) = A[k * lda + m].
 *
 * DOTS is PAIRS summed by vdpbf16ps, two terms in one instruction: A is of
 * bf16 too (ukr_k: fp32, or pairs [K/2][lda][2]), and the half that pairs the
 * last term of an odd K is zero. Only where a level has_dots. */
enum { PAIRS = DT_F16 + 1, DOTS, N_B };
typedef void ukr_fn(long K, const void *A, long lda, const void *B, long ldb,
                    float *C, long ldc, int accumulate);
extern ukr_fn *const NAME(ukr_r)[N_B][MR][NV_MAX];
/* B fp32, or DOTS where dots; C added to. Line k of `next` (NULL: none), at a
 * distance of step bytes, is fetched at the same time. */
typedef void ukr_k_fn(long K, const void *A, long lda, const void *B,
                      long ldb, float *C, long ldc, int accumulate,
                      const char *next, long step);
extern ukr_k_fn *const NAME(ukr_k)[2][MR][NV_MAX]; /* dots */

/* The same for any number of rows; kmajor knows fp32 and DOTS. ukr_r of fp32 takes three vectors too where
 * NV_MAX is less. */
void NAME(gemm_rows)(int t, int kmajor, long M, int nv, long K,
                     const void *A, long lda, const void *B, long ldb,
                     float *C, long ldc, int accumulate);

/* ---- matrices (gemm.c, gemm_dw.c, weight.c) ---- */
struct k_weight {
    enum dtype t;
    int N, K, uses;
    void *fwd;  /* panels of NR outputs */
    void *rows; /* [N][K], only where there are no panels */
};

K_FUNCTION(weight_rows) NAME(weight_rows);

/* Panels of NR columns over a chain of K terms are [panel][K][NR], and those
 * of bf16 [panel][K/2][NR][2]: a pair of terms is a lane of 32 bits, from which
 * either is widened by one instruction. Where K is odd the last term is
 * paired with a zero. Rows of NR in a panel: */
static inline long panel_depth(enum dtype t, long K)
{
    return t == DT_BF16 ? (K + 1) / 2 * 2 : K;
}

/* What of ukr_r reads them, beside rows of type at. */
static inline int panel_kind(const struct cpu *c, enum dtype at, enum dtype t)
{
    if (t != DT_BF16)
        return (int)t;
    return c->dots && at == DT_BF16 ? DOTS : PAIRS;
}

/* Y[M][N] = A[M][K] B, where B comes as panels of NR columns, of type bt. A is of type at with row stride lda. Y has row stride ldy, is
 * stored as yt after rounding to rt. what, wn, wk name the permutation of
 * order=shuffled. */
struct gemm {
    enum dtype at, bt, yt, rt;
    const void *A, *panels, *bias; /* bias of type bt or NULL */
    void *Y;
    long M, N, K, lda, ldy;
    uint32_t what;
};
void NAME(gemm)(struct cpu *c, const struct gemm *g);
/* The same in canonical order for few rows and K > 0 (gemm_few.c). */
enum { FEW_ROWS = 16 };
void NAME(gemm_few)(struct cpu *c, const struct gemm *g);
/* Its blocks: rows (more where the weights are larger), terms of the chain,
 * panels. */
enum { MC_SMALL = 120, MC_LARGE = 480, KC = 256, PG = 4 };
#define LARGE_BYTES ((size_t)768 << 10)
/* Terms of a chain of K, for M rows, before the next panel's turn. */
static inline long gemm_segment(long M, long K)
{
    return M <= MR || K <= 4 * KC ? K : KC;
}
/* dW[N][K] += dY^T X and db += column sums, rows ascending. */
struct gemm_dw {
    enum dtype yt, xt;
    const void *dY, *X;
    float *dW, *db;
    long T, N, K, ldy, ldx;
};
void NAME(gemm_dw)(struct cpu *c, const struct gemm_dw *g);
/* What such products take. */
void NAME(gemm_scratch)(struct scratch_plan *z, long M, long N, long K,
                        enum dtype at, enum dtype bt);
void NAME(gemm_dw_scratch)(struct scratch_plan *z, long T, long N, long K,
                           enum dtype yt, enum dtype xt);
/* Bytes that weight_new holds. */
size_t NAME(weight_bytes)(const struct k_sizes *s, enum dtype t, int N, int K,
                          int uses);
/* W's panels of NR inputs, over a chain of N, in scratch until the next call; NULL
 * when it cannot (the error is kept). */
const void *NAME(weight_inputs)(struct cpu *c, const struct k_weight *w);
void NAME(weight_inputs_scratch)(struct scratch_plan *z, enum dtype t, long N,
                                 long K);
/* Row n of W as fp32. */
void NAME(weight_row)(const struct k_weight *w, long n, float *dst);

/* Rows that a loop over permuted blocks visits: T made up to whole blocks,
 * since the short last block may come first (its missing rows are skipped). */
static inline long cpu_visits(const int32_t *perm, long T)
{
    return perm ? (T + CANON_BLOCK - 1) / CANON_BLOCK * CANON_BLOCK : T;
}

/* The row of visit *i; -1 at the end of the short block, *i being moved to
 * its last visit. */
static inline long cpu_visit(const int32_t *perm, long T, long *i)
{
    long block = *i / CANON_BLOCK, r;

    if (!perm)
        return *i;
    r = (long)perm[block] * CANON_BLOCK + *i % CANON_BLOCK;
    if (r < T)
        return r;
    *i = (block + 1) * CANON_BLOCK - 1;
    return -1;
}

/* Columns of a piece of a sum over rows: whole cache lines, one piece a thread
 * where they are few, for each piece takes all rows. */
static inline long cpu_columns(const struct cpu *c, long H)
{
    long line = 64 / (long)sizeof(float), lines = (H + line - 1) / line;
    long n = (lines + c->n_threads - 1) / c->n_threads;

    return (n < 4 ? n : 4) * line;
}

/* ---- the table (backend.c) ---- */
void NAME(cpu_sizes)(struct k_sizes *s);
int NAME(cpu_open)(struct kernels **k, int n_threads, int dots,
                   struct err *e);

/* Every operation of ops.h and its scratch: names, then declarations. */
#define OP(ret, name) ret NAME(op_##name)
#define SCRATCH(op) void NAME(op##_scratch)(struct scratch_plan *z)
#define DECLARE(op, scratch, hw)                                              \
    K_FUNCTION(op) NAME(op_##op);                                             \
    K_IF(scratch)(SCRATCH(op);)
K_OPS(DECLARE)
#undef DECLARE

#endif
