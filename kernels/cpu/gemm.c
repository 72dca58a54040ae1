/* gemm - Y = A B (+ bias), B in panels
 *
 * A task is a block of rows by a run of panels, taken PG panels at a time:
 * the chain over k runs in segments, so that a segment of the rows stays in
 * cache while the panels pass over it, and the fp32 accumulators wait in C
 * between segments: one ascending chain per output all the same.
 * order=shuffled is the same with segments of CANON_BLOCK in permuted order.
 * Large matrices take more rows at a time, for then memory is read less
 * often; what comes next is prefetched a little with each register block.
 */
#include "gemm_store.h"

struct job {
    struct cpu *c;
    const struct gemm *g;
    const int32_t *perm;
    int kind;       /* of the products */
    enum dtype at;  /* as which they read A */
    long m_blocks, p_groups, panels, seg, n_seg;
};

/* C[rows][NR] (+)= A[rows][len] B; the next segment's bytes on the way. */
static void segment(int kind, long rows, int nv, long len,
                    const void *A, long lda, const void *B, float *C,
                    long ldc, int accumulate, const char *next,
                    size_t next_bytes)
{
    enum dtype at = kind == DOTS ? DT_BF16 : DT_F32;
    long blocks = (rows + MR - 1) / MR;

    for (long b = 0; b < blocks; b++) {
        long m = b * MR, mr = rows - m < MR ? rows - m : MR;

        if (next_bytes)
            cpu_prefetch(next, next_bytes, b, blocks);
        NAME(ukr_r)[kind][mr - 1][nv - 1](len, AT(A, at, m * lda), lda, B,
                                          NR, C + m * ldc, ldc, accumulate);
    }
}

struct block {
    long m0, rows, lda;
    const void *A;
    float *C;
    float *B; /* a segment of a panel as fp32, or NULL: widened on load */
};

/* A whole chain in one segment and fp32 out: straight into Y. */
static int direct(const struct job *j, const struct block *x, long p)
{
    const struct gemm *g = j->g;
    long col = p * NR, w = g->N - col < NR ? g->N - col : NR;
    float *Y = (float *)g->Y + x->m0 * g->ldy + col;
    long depth = panel_depth(g->bt, g->K);
    size_t bytes = (size_t)(depth * NR) * dtype_size(g->bt);
    const char *B;
    float bias[NR];

    if (j->n_seg != 1 || g->yt != DT_F32 || g->rt != DT_F32 || w % VW ||
        x->B)
        return 0;
    B = AT(g->panels, g->bt, col * depth);
    segment(j->kind, x->rows, (int)(w / VW), g->K, x->A, x->lda, B, Y, g->ldy, 0,
            B + bytes, x->rows <= MR || g->N - col <= NR ? 0 : bytes);
    if (g->bias) {
        NAME(widen)(bias, AT(g->bias, g->bt, col), g->bt, (size_t)w);
        for (long m = 0; m < x->rows; m++)
            for (long i = 0; i < w; i++)
                Y[m * g->ldy + i] += bias[i];
    }
    return 1;
}

/* Panels [p, p + n) for one block of rows. */
static void panels(const struct job *j, const struct block *x, long p, long n)
{
    const struct gemm *g = j->g;
    size_t z = dtype_size(g->bt);
    long depth = panel_depth(g->bt, g->K);
    float bias[NR];

    for (long s = 0; s < j->n_seg; s++) {
        long k = (j->perm ? j->perm[s] : s) * j->seg;
        long len = g->K - k < j->seg ? g->K - k : j->seg;

        for (long q = 0; q < n; q++) {
            long col = (p + q) * NR;
            long w = g->N - col < NR ? g->N - col : NR;
            const char *B = AT(g->panels, g->bt, col * depth + k * NR);
            size_t bytes = (size_t)(panel_depth(g->bt, len) * NR) * z;
            int kind = j->kind;
            const char *next = B + (size_t)(depth * NR) * z;

            if (q == n - 1) /* the first panel's next segment */
                next = B - (size_t)((n - 1) * NR * depth) * z + bytes;
            if (x->B) {
                NAME(widen)(x->B, B, g->bt, (size_t)(len * NR));
                B = (const char *)x->B;
                kind = DT_F32;
            }
            segment(kind, x->rows, (int)((w + VW - 1) / VW), len,
                    AT(x->A, j->at, k), x->lda, B, x->C + q * x->rows * NR, NR, s > 0, next,
                    x->rows <= MR || j->perm ? 0 : bytes);
        }
    }
    for (long q = 0; q < n; q++) {
        long col = (p + q) * NR, w = g->N - col < NR ? g->N - col : NR;
        float *C = x->C + q * x->rows * NR;

        if (j->n_seg == 0)
            memset(C, 0, (size_t)(x->rows * NR) * sizeof *C);
        if (g->bias)
            NAME(widen)(bias, AT(g->bias, g->bt, col), g->bt, (size_t)w);
        for (long m = 0; m < x->rows; m++)
            gemm_store(g, x->m0 + m, col, w, C + m * NR,
                             g->bias ? bias : NULL);
    }
}

/* Floats that a task works in: accumulators, rows of A and a panel of fp16
 * as fp32. */
struct floats {
    size_t C, A, B;
};

static struct floats task_floats(enum dtype at, enum dtype bt, long rows,
                                 long K, long seg)
{
    return (struct floats){
        .C = (size_t)((K > seg ? PG : 1) * rows * NR),
        .A = at == DT_F32 ? 0 : (size_t)(rows * K),
        .B = bt != DT_F16 || rows <= 2 * MR ? 0 : (size_t)(seg * NR),
    };
}

static long block_rows(long N, long K, enum dtype bt)
{
    return (size_t)(N * K) * dtype_size(bt) > LARGE_BYTES ? MC_LARGE
                                                          : MC_SMALL;
}

void NAME(gemm_scratch)(struct scratch_plan *z, long M, long N, long K,
                        enum dtype at, enum dtype bt)
{
    int shuffled = z->s->order.kind == ORDER_SHUFFLED && K > CANON_BLOCK;
    long mc = block_rows(N, K, bt), blocks = (M + mc - 1) / mc;
    long rows = blocks ? (M + blocks - 1) / blocks : 0;
    int dots = z->s->order.kind == ORDER_HARDWARE && at == DT_BF16 &&
               bt == DT_BF16;
    struct floats f =
        task_floats(dots ? DT_F32 : at, bt, rows, K,
                    shuffled ? CANON_BLOCK : gemm_segment(M, K));

    scratch_perm(z, K);
    scratch_most(&z->worker[W_C], f.C * sizeof(float));
    scratch_most(&z->worker[W_A], f.A * sizeof(float));
    scratch_most(&z->worker[W_B], f.B * sizeof(float));
}

static void task(void *ctx, long i, int worker)
{
    const struct job *j = ctx;
    const struct gemm *g = j->g;
    long mb = i / j->p_groups, pg = i % j->p_groups;
    long m1 = g->M * (mb + 1) / j->m_blocks;
    long p0 = j->panels * pg / j->p_groups;
    long p1 = j->panels * (pg + 1) / j->p_groups;
    long group = j->n_seg > 1 ? PG : 1;
    struct block x = {.m0 = g->M * mb / j->m_blocks, .lda = g->lda};
    struct floats f;

    x.rows = m1 - x.m0;
    f = task_floats(g->at == j->at ? DT_F32 : g->at, g->bt, x.rows, g->K, j->seg);
    x.C = cpu_worker(j->c, worker, W_C, f.C * sizeof *x.C);
    x.A = AT(g->A, g->at, x.m0 * g->lda);
    if (!x.C)
        return;
    if (f.A) {
        float *widened = cpu_worker(j->c, worker, W_A,
                                 f.A * sizeof *widened);

        if (!widened)
            return;
        for (long m = 0; m < x.rows; m++)
            NAME(widen)(widened + m * g->K, AT(g->A, g->at, (x.m0 + m) * x.lda),
                        g->at, (size_t)g->K);
        x.A = widened;
        x.lda = g->K;
    }
    if (f.B) {
        x.B = cpu_worker(j->c, worker, W_B, f.B * sizeof *x.B);
        if (!x.B)
            return;
    }
    for (long p = p0; p < p1; p += group)
        if (!direct(j, &x, p))
            panels(j, &x, p, p1 - p < group ? p1 - p : group);
}

void NAME(gemm)(struct cpu *c, const struct gemm *g)
{
    struct job j = {.c = c, .g = g, .p_groups = 1,
                    .panels = (g->N + NR - 1) / NR};
    double flops = 2.0 * (double)g->M * (double)g->N * (double)g->K;
    size_t bytes = (size_t)(g->N * g->K) * dtype_size(g->bt);
    long mc = block_rows(g->N, g->K, g->bt);

    if (g->M <= 0 || g->N <= 0)
        return;
    j.kind = panel_kind(c, g->at, g->bt);
    j.at = j.kind == DOTS ? DT_BF16 : DT_F32;
    j.perm = cpu_perm(c, g->what, g->N, g->K, g->K);
    if (!j.perm && g->M <= FEW_ROWS && g->K) {
        NAME(gemm_few)(c, g);
        return;
    }
    j.seg = j.perm ? CANON_BLOCK : gemm_segment(g->M, g->K);
    j.n_seg = g->K ? (g->K + j.seg - 1) / j.seg : 0;
    j.m_blocks = (g->M + mc - 1) / mc;
    /* weights that stay in a core's cache: its rows stay there too */
    if (j.m_blocks < c->n_threads && bytes <= LARGE_BYTES &&
        g->M >= 2 * MR * c->n_threads)
        j.m_blocks = c->n_threads;
    if (c->n_threads == 1 || flops < 400e3) {
        for (long i = 0; i < j.m_blocks; i++)
            task(&j, i, 0);
        return;
    }
    j.p_groups = (c->n_threads * 4 + j.m_blocks - 1) / j.m_blocks;
    if (j.p_groups > j.panels)
        j.p_groups = j.panels;
    pool_for(c->pool, j.m_blocks * j.p_groups, task, &j);
}
