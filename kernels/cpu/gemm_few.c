/* gemm_few - products of a few rows with a large matrix, as in decoding
 *
 * The weights are read once, in the order in which they lie, and reading them
 * takes most of the time. So each step of a chain prefetches a cache line or
 * more of what comes next. One to three rows take two panels at once: two
 * streams of memory, and enough chains to hide the latency of a multiply-add.
 * More than MR rows take a segment of a panel block by block, while the next
 * segment is prefetched. The first block widens a segment of fp16 for the
 * others; pairs of bf16 are widened by one instruction and need no copy. Every
 * output is one ascending chain all the same.
 */
#include "gemm_store.h"
#include "simd.h"

enum {
    TWO_PANEL_ROWS = 3, /* rows, at most, that take two panels at once */
    WIDEN_ROWS = 4,  /* rows, at least, of the first of three blocks or more */
    UNROLL = 4,      /* terms between two prefetches, with two panels */
    SEGMENT = 16384, /* bytes of a panel that the blocks of rows read in turn */
};

/* Term k of a chain prefetches the lines that begin in bytes k * step to
 * (k + 1) * step from p on. */
struct prefetch {
    const char *p;
    long step;
};

INLINE void prefetch_term(const struct prefetch *a, long k)
{
    for (long i = (k * a->step + 63) & ~63l; i < (k + 1) * a->step; i += 64)
        __builtin_prefetch(a->p + i, 0, 2);
}

/* The lines of UNROLL terms, into the nearest cache. */
INLINE void prefetch_lines(const char *p, long step)
{
    for (long i = 0; i < UNROLL * step; i += 64)
        __builtin_prefetch(p + i, 0, 3);
}

/* Bytes from what is read to what is prefetched. 0: nothing is, because the
 * processor's own prefetcher alone is faster. The short distances were chosen
 * on Zen 3. */
static long prefetch_distance(enum dtype t, long M)
{
    if (VW != 8 || M > TWO_PANEL_ROWS)
        return 4096;
    if (t != DT_F32)
        return 1024;
    return M == 1 ? 0 : 256;
}

/* Term k of every chain. Where t is PAIRS, B is the pair of that term and odd
 * says that it is the second one. B32: where the terms of B are stored as
 * fp32, or NULL. */
INLINE void terms(const int mr, const int ns, const int t, const int odd,
                  long k, const float *A, long lda, const char *B, long gap,
                  vf c[2][MR][NV_MAX], float *B32)
{
    vf b[NV_MAX];

#pragma GCC unroll 2
    for (int s = 0; s < ns; s++) {
#pragma GCC unroll 8
        for (int v = 0; v < NV_MAX; v++)
            if (t == PAIRS)
                b[v] = vf_load_pairs(
                    (const float *)(const void *)(B + s * gap) + v * VW, odd);
            else
                b[v] = vf_load_t(t, B + s * gap, k * NR + v * VW);
        if (B32)
#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                vf_store(B32 + k * NR + v * VW, b[v]);
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++) {
            vf a = vf_set1(A[m * lda + k]);

#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                if (t == PAIRS)
                    c[s][m][v] = vf_stay(vf_fma(a, b[v], c[s][m][v]));
                else
                    c[s][m][v] = vf_fma(a, b[v], c[s][m][v]);
        }
    }
}

#if HAS_DOTS
/* Two terms of every chain; one where not `whole`. */
INLINE void dot(const int mr, const int ns, const int whole, const uint16_t *A,
                long lda, const char *B, long gap, vf c[2][MR][NV_MAX])
{
    vi b[NV_MAX];

#pragma GCC unroll 2
    for (int s = 0; s < ns; s++) {
#pragma GCC unroll 8
        for (int v = 0; v < NV_MAX; v++)
            b[v] = vi_load(B + s * gap + v * VW * 4);
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++) {
            vi a = whole ? vi_pair(A + m * lda) : vi_single(A + m * lda);

#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                c[s][m][v] = vf_dot(c[s][m][v], a, b[v]);
        }
    }
}
#endif

/* Term k; where t is PAIRS or DOTS and `whole`, k + 1 too. */
INLINE void step_of(const int mr, const int ns, const int t, const int whole,
                    long k, const void *A, long lda, const char *B, long gap,
                    vf c[2][MR][NV_MAX], float *B32)
{
    if (t == PAIRS) {
        const char *b = B + k * NR * 2;

        terms(mr, ns, t, 0, k, A, lda, b, gap, c, B32);
        if (whole)
            terms(mr, ns, t, 1, k + 1, A, lda, vf_again(b), gap, c, B32);
#if HAS_DOTS
    } else if (t == DOTS) {
        dot(mr, ns, whole, (const uint16_t *)A + k, lda, B + k * NR * 2, gap,
            c);
#endif
    } else {
        terms(mr, ns, t, 0, k, A, lda, B, gap, c, B32);
    }
}

/* C[s][m] (+)= A[m] B[s] for ns panels at a distance of gap bytes, NR columns
 * each. B32, if not NULL: receives the panel's rows as fp32. */
INLINE void body(const int mr, const int ns, const int t, long K,
                 const void *A, long lda, const char *B, long gap, float *C,
                 int accumulate, struct prefetch next, float *B32)
{
    vf c[2][MR][NV_MAX];
    float *to[2] = {C, C + mr * NR};
    const int step = t == PAIRS || t == DOTS ? 2 : 1;
    long k = 0;

#pragma GCC unroll 2
    for (int s = 0; s < ns; s++)
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                c[s][m][v] = accumulate ? vf_load(to[s] + m * NR + v * VW)
                                        : vf_set1(0.0f);
    for (; ns == 2 && k + UNROLL <= K; k += UNROLL) {
        prefetch_lines(next.p + k * next.step, next.step);
        prefetch_lines(next.p + gap + k * next.step, next.step);
#pragma GCC unroll 4
        for (int i = 0; i < UNROLL; i += step)
            step_of(mr, ns, t, 1, k + i, A, lda, B, gap, c, B32);
    }
#pragma GCC unroll 1
    for (; k + step <= K; k += step) {
        for (int odd = 0; ns == 1 && odd < step; odd++)
            prefetch_term(&next, k + odd);
        step_of(mr, ns, t, 1, k, A, lda, B, gap, c, B32);
    }
    if (k < K)
        step_of(mr, ns, t, 0, k, A, lda, B, gap, c, B32);
#pragma GCC unroll 2
    for (int s = 0; s < ns; s++)
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                vf_store(to[s] + m * NR + v * VW, c[s][m][v]);
}

typedef void few_fn(long K, const void *A, long lda, const char *B, long gap,
                    float *C, int accumulate, struct prefetch next, float *B32);

#define FEW_FN(tn, t, mr, ns)                                                 \
    static void few_##tn##_##mr##_##ns(                                       \
        long K, const void *A, long lda, const char *B, long gap, float *C,   \
        int accumulate, struct prefetch next, float *B32)                     \
    {                                                                         \
        if (t == (int)DT_F16 && mr >= WIDEN_ROWS && B32)                      \
            body(mr, ns, t, K, A, lda, B, gap, C, accumulate, next, B32);     \
        else                                                                  \
            body(mr, ns, t, K, A, lda, B, gap, C, accumulate, next, NULL);    \
    }
#define FEW_TYPE(tn, t)                                                       \
    FEW_FN(tn, t, 1, 1)                                                       \
    FEW_FN(tn, t, 2, 1)                                                       \
    FEW_FN(tn, t, 3, 1)                                                       \
    FEW_FN(tn, t, 4, 1)                                                       \
    FEW_FN(tn, t, 5, 1)                                                       \
    FEW_FN(tn, t, 6, 1)                                                       \
    FEW_FN(tn, t, 1, 2)                                                       \
    FEW_FN(tn, t, 2, 2)                                                       \
    FEW_FN(tn, t, 3, 2)
#define FEW_ONE(tn)                                                           \
    {                                                                         \
        few_##tn##_1_1, few_##tn##_2_1, few_##tn##_3_1, few_##tn##_4_1,       \
            few_##tn##_5_1, few_##tn##_6_1                                    \
    }
#define FEW_TWO(tn)                                                           \
    {                                                                         \
        few_##tn##_1_2, few_##tn##_2_2, few_##tn##_3_2                        \
    }

FEW_TYPE(f32, 0)
FEW_TYPE(pairs, PAIRS)
#if HAS_DOTS
FEW_TYPE(dots, DOTS)
#endif
FEW_TYPE(f16, 2)

static few_fn *const one_panel[N_B][MR] = {
    [DT_F32] = FEW_ONE(f32), [DT_F16] = FEW_ONE(f16),
    [PAIRS] = FEW_ONE(pairs),
#if HAS_DOTS
    [DOTS] = FEW_ONE(dots),
#endif
};
static few_fn *const two_panel[N_B][TWO_PANEL_ROWS] = {
    [DT_F32] = FEW_TWO(f32), [DT_F16] = FEW_TWO(f16),
    [PAIRS] = FEW_TWO(pairs),
#if HAS_DOTS
    [DOTS] = FEW_TWO(dots),
#endif
};

struct job {
    struct cpu *c;
    const struct gemm *g;
    int kind;
    const void *A;
    enum dtype at; /* of A, which may be a copy of g->A */
    long lda, panels, tasks;
};

/* The outputs of panel p from C[M][NR]. */
static void store(const struct job *j, long p, float *C)
{
    const struct gemm *g = j->g;
    long col = p * NR, n = g->N - col < NR ? g->N - col : NR;
    float bias[NR];

    if (g->bias)
        NAME(widen)(bias, AT(g->bias, g->bt, col), g->bt, (size_t)n);
    for (long m = 0; m < g->M; m++)
        gemm_store(g, m, col, n, C + m * NR, g->bias ? bias : NULL);
}

static const char *panel(const struct gemm *g, long p, long k)
{
    return AT(g->panels, g->bt, (p * panel_depth(g->bt, g->K) + k) * NR);
}

/* What a block of all rows prefetches while it reads B. */
static struct prefetch prefetch_after(const struct gemm *g, const char *B)
{
    long bytes = prefetch_distance(g->bt, g->M);

    return (struct prefetch){B + bytes,
                             bytes ? NR * (long)dtype_size(g->bt) : 0};
}

/* Panels [p0, p1): one of the first half with one of the second, at once. */
static void two_panels(const struct job *j, long p0, long p1)
{
    const struct gemm *g = j->g;
    long half = (p1 - p0) / 2;
    long row = NR * (long)dtype_size(g->bt);
    long gap = half * panel_depth(g->bt, g->K) * row;
    float C[2 * TWO_PANEL_ROWS * NR];

    for (long p = p0; p < p0 + half; p++) {
        const char *B = panel(g, p, 0);

        two_panel[j->kind][g->M - 1](g->K, j->A, j->lda, B, gap, C, 0,
                                     prefetch_after(g, B), NULL);
        store(j, p, C);
        store(j, p + half, C + g->M * NR);
    }
    if ((p1 - p0) % 2) {
        const char *B = panel(g, p1 - 1, 0);

        one_panel[j->kind][g->M - 1](g->K, j->A, j->lda, B, 0, C, 0,
                                     prefetch_after(g, B), NULL);
        store(j, p1 - 1, C);
    }
}

/* A panel's segment from k on, all rows: blocks of nearly the same size, each
 * of which prefetches its part of the bytes that follow. */
static void segment(const struct job *j, long p, long k, long len, float *C,
                    float *B32)
{
    const struct gemm *g = j->g;
    long blocks = (g->M + MR - 1) / MR;
    long row = NR * (long)dtype_size(g->bt), step = (row + blocks - 1) / blocks;
    const char *B = panel(g, p, k), *next = B + len * row;
    int kind = j->kind;

    for (long b = 0; b < blocks; b++) {
        long m = g->M * b / blocks, mr = g->M * (b + 1) / blocks - m;
        struct prefetch a = {next + b * len * step, step};

        if (blocks == 1)
            a = prefetch_after(g, B);
        one_panel[kind][mr - 1](len, AT(j->A, j->at, m * j->lda + k), j->lda,
                                B, 0, C + m * NR, k > 0, a, B32);
        if (B32 && b == 0) {
            B = (const char *)B32;
            kind = DT_F32;
        }
    }
}

static void task(void *ctx, long i, int worker)
{
    const struct job *j = ctx;
    const struct gemm *g = j->g;
    long p0 = j->panels * i / j->tasks, p1 = j->panels * (i + 1) / j->tasks;
    long seg = SEGMENT / (NR * (long)dtype_size(g->bt));
    float C[FEW_ROWS * NR], *B32 = NULL;

    if (g->M <= TWO_PANEL_ROWS) {
        two_panels(j, p0, p1);
        return;
    }
    if (g->bt == DT_F16 && g->M > 2 * MR) {
        B32 = cpu_worker(j->c, worker, W_B,
                         (size_t)(KC * NR) * sizeof *B32);
        if (!B32)
            return;
    }
    seg = g->M <= MR ? g->K : seg < KC ? seg : KC;
    for (long p = p0; p < p1; p++) {
        for (long k = 0; k < g->K; k += seg)
            segment(j, p, k, g->K - k < seg ? g->K - k : seg, C, B32);
        store(j, p, C);
    }
}

void NAME(gemm_few)(struct cpu *c, const struct gemm *g)
{
    struct job j = {.c = c, .g = g, .A = g->A, .lda = g->lda,
                    .panels = (g->N + NR - 1) / NR, .tasks = 1};

    j.kind = panel_kind(c, g->at, g->bt);
    j.at = j.kind == DOTS ? DT_BF16 : DT_F32;
    if (g->at != j.at) {
        float *A32 = cpu_worker(
            c, 0, W_A, (size_t)(g->M * g->K) * sizeof *A32);

        if (!A32)
            return;
        for (long m = 0; m < g->M; m++)
            NAME(widen)(A32 + m * g->K, AT(g->A, g->at, m * g->lda), g->at,
                        (size_t)g->K);
        j.A = A32;
        j.lda = g->K;
    }
    if (c->n_threads > 1 &&
        2.0 * (double)g->M * (double)g->N * (double)g->K >= 400e3) {
        /* two panels at once want long streams; else small tasks share the
         * load */
        j.tasks = c->n_threads * (g->M <= TWO_PANEL_ROWS ? 1 : 4);
        if (j.tasks > j.panels)
            j.tasks = j.panels;
    }
    pool_for(c->pool, j.tasks, task, &j);
}
