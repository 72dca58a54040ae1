/* gemm_few - products of a few rows with a large matrix: what decoding is
 *
 * The weights are read once, in the order in which they lie, and reading them
 * is most of the time: each step of a chain asks for a line or more of what
 * comes next, so that memory never waits for arithmetic. One to three rows go
 * over two panels at once, which are two streams and enough chains to hide
 * the latency of a multiply-add. More than MR rows take a segment of a panel
 * block by block while the next segment is on its way; a segment
 * of fp16 is widened by the first block for the others, which bf16 in pairs
 * need not be. One ascending chain per output all the same.
 */
#include "gemm_store.h"
#include "simd.h"

enum {
    PAIR_ROWS = 3, /* at most, with two panels */
    KEEPS = 4,     /* rows at least of a first of three blocks */
    UNROLL = 4,    /* terms between two askings, with two panels */
    SEGMENT = 16384, /* bytes that blocks of rows go over in turn */
};

/* A step of the chain asks for `step` bytes, a line or some. */
struct ahead {
    const char *p;
    long step;
};

INLINE void ask(const struct ahead *a, long k)
{
    for (long i = (k * a->step + 63) & ~63l; i < (k + 1) * a->step; i += 64)
        __builtin_prefetch(a->p + i, 0, 2);
}

/* The same of UNROLL steps, whole lines, into the nearest cache. */
INLINE void ask_lines(const char *p, long step)
{
    for (long i = 0; i < UNROLL * step; i += 64)
        __builtin_prefetch(p + i, 0, 3);
}

/* Bytes from what is read to what is asked for; 0: nothing is, because the
 * processor's own prefetcher alone is faster. The short distances are those of
 * Zen 3. */
static long distance(enum dtype t, long M)
{
    if (VW != 8 || M > PAIR_ROWS)
        return 4096;
    if (t != DT_F32)
        return 1024;
    return M == 1 ? 0 : 256;
}

/* Term k of every chain. t is PAIRS: B are those of the term, and odd: it is
 * the second one. */
INLINE void terms(const int mr, const int ns, const int t, const int odd,
                  long k, const float *A, long lda, const char *B, long gap,
                  vf c[2][MR][NV_MAX], float *keep)
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
        if (keep)
#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                vf_store(keep + k * NR + v * VW, b[v]);
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
/* Two terms of every chain; whole: of rows of A there are both. */
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

/* Terms k and, where t is of pairs, k + 1. */
INLINE void step_of(const int mr, const int ns, const int t, const int whole,
                    long k, const void *A, long lda, const char *B, long gap,
                    vf c[2][MR][NV_MAX], float *keep)
{
    if (t == PAIRS) {
        const char *b = B + k * NR * 2;

        terms(mr, ns, t, 0, k, A, lda, b, gap, c, keep);
        if (whole)
            terms(mr, ns, t, 1, k + 1, A, lda, vf_again(b), gap, c, keep);
#if HAS_DOTS
    } else if (t == DOTS) {
        dot(mr, ns, whole, (const uint16_t *)A + k, lda, B + k * NR * 2, gap,
            c);
#endif
    } else {
        terms(mr, ns, t, 0, k, A, lda, B, gap, c, keep);
    }
}

/* C[s][m] (+)= A[m] B[s] for ns panels at a distance of gap bytes, NR columns
 * each. keep, if not NULL: the panel's rows widened. */
INLINE void body(const int mr, const int ns, const int t, long K,
                 const void *A, long lda, const char *B, long gap, float *C,
                 int accumulate, struct ahead next, float *keep)
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
        ask_lines(next.p + k * next.step, next.step);
        ask_lines(next.p + gap + k * next.step, next.step);
#pragma GCC unroll 4
        for (int i = 0; i < UNROLL; i += step)
            step_of(mr, ns, t, 1, k + i, A, lda, B, gap, c, keep);
    }
#pragma GCC unroll 1
    for (; k + step <= K; k += step) {
        for (int odd = 0; ns == 1 && odd < step; odd++)
            ask(&next, k + odd);
        step_of(mr, ns, t, 1, k, A, lda, B, gap, c, keep);
    }
    if (k < K)
        step_of(mr, ns, t, 0, k, A, lda, B, gap, c, keep);
#pragma GCC unroll 2
    for (int s = 0; s < ns; s++)
#pragma GCC unroll 8
        for (int m = 0; m < mr; m++)
#pragma GCC unroll 8
            for (int v = 0; v < NV_MAX; v++)
                vf_store(to[s] + m * NR + v * VW, c[s][m][v]);
}

typedef void few_fn(long K, const void *A, long lda, const char *B, long gap,
                    float *C, int accumulate, struct ahead next, float *keep);

#define FEW_FN(tn, t, mr, ns)                                                 \
    static void few_##tn##_##mr##_##ns(                                       \
        long K, const void *A, long lda, const char *B, long gap, float *C,   \
        int accumulate, struct ahead next, float *keep)                       \
    {                                                                         \
        if (t == (int)DT_F16 && mr >= KEEPS && keep)                                  \
            body(mr, ns, t, K, A, lda, B, gap, C, accumulate, next, keep);    \
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

static few_fn *const one[N_B][MR] = {[DT_F32] = FEW_ONE(f32),
                                     [DT_F16] = FEW_ONE(f16),
                                     [PAIRS] = FEW_ONE(pairs),
#if HAS_DOTS
                                     [DOTS] = FEW_ONE(dots),
#endif
};
static few_fn *const two[N_B][PAIR_ROWS] = {[DT_F32] = FEW_TWO(f32),
                                            [DT_F16] = FEW_TWO(f16),
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
    enum dtype at; /* of A as it is here */
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

/* What comes after B, for all rows at once. */
static struct ahead ahead_of(const struct gemm *g, const char *B)
{
    long far = distance(g->bt, g->M);

    return (struct ahead){B + far, far ? NR * (long)dtype_size(g->bt) : 0};
}

/* Panels [p0, p1), the first half and the second side by side. */
static void pairs(const struct job *j, long p0, long p1)
{
    const struct gemm *g = j->g;
    long half = (p1 - p0) / 2;
    long row = NR * (long)dtype_size(g->bt);
    long gap = half * panel_depth(g->bt, g->K) * row;
    float C[2 * PAIR_ROWS * NR];

    for (long p = p0; p < p0 + half; p++) {
        const char *B = panel(g, p, 0);

        two[j->kind][g->M - 1](g->K, j->A, j->lda, B, gap, C, 0,
                            ahead_of(g, B), NULL);
        store(j, p, C);
        store(j, p + half, C + g->M * NR);
    }
    if ((p1 - p0) % 2) {
        const char *B = panel(g, p1 - 1, 0);

        one[j->kind][g->M - 1](g->K, j->A, j->lda, B, 0, C, 0,
                            ahead_of(g, B), NULL);
        store(j, p1 - 1, C);
    }
}

/* A panel's segment from k on, all rows: blocks of nearly the same size, each
 * asking for its part of the bytes that follow. */
static void segment(const struct job *j, long p, long k, long len, float *C,
                    float *keep)
{
    const struct gemm *g = j->g;
    long blocks = (g->M + MR - 1) / MR;
    long row = NR * (long)dtype_size(g->bt), step = (row + blocks - 1) / blocks;
    const char *B = panel(g, p, k), *next = B + len * row;
    int kind = j->kind;

    for (long b = 0; b < blocks; b++) {
        long m = g->M * b / blocks, mr = g->M * (b + 1) / blocks - m;
        struct ahead a = {next + b * len * step, step};

        if (blocks == 1)
            a = ahead_of(g, B);
        one[kind][mr - 1](len, AT(j->A, j->at, m * j->lda + k), j->lda, B,
                          0, C + m * NR, k > 0, a, keep);
        if (keep && b == 0) {
            B = (const char *)keep;
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
    float C[FEW_ROWS * NR], *keep = NULL;

    if (g->M <= PAIR_ROWS) {
        pairs(j, p0, p1);
        return;
    }
    if (g->bt == DT_F16 && g->M > 2 * MR) {
        keep = cpu_worker(j->c, worker, W_B,
                          (size_t)(KC * NR) * sizeof *keep);
        if (!keep)
            return;
    }
    seg = g->M <= MR ? g->K : seg < KC ? seg : KC;
    for (long p = p0; p < p1; p++) {
        for (long k = 0; k < g->K; k += seg)
            segment(j, p, k, g->K - k < seg ? g->K - k : seg, C, keep);
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
        float *wide = cpu_worker(
            c, 0, W_A, (size_t)(g->M * g->K) * sizeof *wide);

        if (!wide)
            return;
        for (long m = 0; m < g->M; m++)
            NAME(widen)(wide + m * g->K, AT(g->A, g->at, m * g->lda), g->at,
                        (size_t)g->K);
        j.A = wide;
        j.lda = g->K;
    }
    if (c->n_threads > 1 &&
        2.0 * (double)g->M * (double)g->N * (double)g->K >= 400e3) {
        /* long streams for two panels at once, else pieces to share out */
        j.tasks = c->n_threads * (g->M <= PAIR_ROWS ? 1 : 4);
        if (j.tasks > j.panels)
            j.tasks = j.panels;
    }
    pool_for(c->pool, j.tasks, task, &j);
}
