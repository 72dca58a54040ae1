/* gemm - y = x W^T + bias and dx = dy W
 *
 * A task is a block of rows by a run of panels. For each panel the chain over
 * k runs in segments (so that a segment of the panel stays in cache while the
 * rows pass), the fp32 accumulators waiting in C between them: one ascending
 * chain per output all the same. order=shuffled is the same with segments of
 * CANON_BLOCK in permuted order.
 */
#include <string.h>
#include "cpu.h"

enum { MC = 120, KC = 256 };

struct job {
    struct cpu *c;
    const struct gemm *g;
    const int32_t *perm;
    long m_blocks, p_groups, panels;
};

/* C[rows][NR] = A[rows][K] panel */
static void chain(const struct job *j, long rows, const float *A, long lda,
                  const void *panel, int nv, long ldb, float *C)
{
    const struct gemm *g = j->g;
    long seg = j->perm ? CANON_BLOCK : rows <= MR ? g->K : KC;
    long n_seg = (g->K + seg - 1) / seg;

    for (long s = 0; s < n_seg; s++) {
        long k = (j->perm ? j->perm[s] : s) * seg;
        long len = g->K - k < seg ? g->K - k : seg;

        NAME(gemm_rows)(g->bt, 0, rows, nv, len, A + k, lda,
                        AT(panel, g->bt, k * ldb), ldb, C, NR, s > 0);
    }
    if (g->K == 0)
        memset(C, 0, (size_t)rows * NR * sizeof *C);
}

static void finish(const struct gemm *g, long row, long col, long n,
                   float *C, const float *bias)
{
    uint16_t half[NR];

    if (bias)
        for (long i = 0; i < n; i++)
            C[i] += bias[i];
    if (g->rt != g->yt) {
        NAME(narrow)(half, g->rt, C, (size_t)n);
        NAME(widen)(C, half, g->rt, (size_t)n);
    }
    NAME(narrow)(AT_W(g->Y, g->yt, row * g->ldy + col), g->yt, C, (size_t)n);
}

static void task(void *ctx, long i, int worker)
{
    const struct job *j = ctx;
    const struct gemm *g = j->g;
    long mb = i / j->p_groups, pg = i % j->p_groups;
    long m0 = g->M * mb / j->m_blocks, m1 = g->M * (mb + 1) / j->m_blocks;
    long p0 = j->panels * pg / j->p_groups;
    long p1 = j->panels * (pg + 1) / j->p_groups;
    long rows = m1 - m0, lda = g->lda;
    float *C = NAME(cpu_worker)(j->c, worker, W_C,
                                (size_t)rows * NR * sizeof *C);
    const float *A = (const float *)g->A + m0 * lda;
    float bias[NR];

    if (!C)
        return;
    if (g->at != DT_F32) {
        float *wide = NAME(cpu_worker)(j->c, worker, W_A,
                                       (size_t)(rows * g->K) * sizeof *wide);

        if (!wide)
            return;
        for (long m = 0; m < rows; m++)
            NAME(widen)(wide + m * g->K, AT(g->A, g->at, (m0 + m) * lda),
                        g->at, (size_t)g->K);
        A = wide;
        lda = g->K;
    }
    for (long p = p0; p < p1; p++) {
        long col = p * NR, n = g->N - col < NR ? g->N - col : NR;
        int nv = (int)((n + VW - 1) / VW);

        chain(j, rows, A, lda, AT(g->panels, g->bt, col * g->K), nv, NR, C);
        if (g->bias)
            NAME(widen)(bias, AT(g->bias, g->bt, col), g->bt, (size_t)n);
        for (long m = 0; m < rows; m++)
            finish(g, m0 + m, col, n, C + m * NR, g->bias ? bias : NULL);
    }
}

void NAME(gemm)(struct cpu *c, const struct gemm *g)
{
    struct job j = {c, g, NULL, 0, 1, (g->N + NR - 1) / NR};
    double flops = 2.0 * (double)g->M * (double)g->N * (double)g->K;

    if (g->M <= 0 || g->N <= 0)
        return;
    j.perm = NAME(cpu_perm)(c, g->what, g->N, g->K, g->K);
    j.m_blocks = (g->M + MC - 1) / MC;
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

OP(void, linear)(struct kernels *k, enum dtype t, void *y, const void *x,
                 const struct k_weight *W, const void *bias, int T, int N,
                 int K)
{
    struct gemm g = {.at = t, .bt = W->t, .yt = t, .rt = t, .A = x,
                     .panels = W->fwd, .bias = bias, .Y = y, .M = T, .N = N,
                     .K = K, .lda = K, .ldy = N, .what = PERM_K};

    if (!W->fwd)
        NAME(cpu_fail)(cpu_of(k), "linear: the weight was made without "
                       "WEIGHT_FORWARD");
    else
        NAME(gemm)(cpu_of(k), &g);
}

OP(void, linear_dx)(struct kernels *k, enum dtype t, void *dx,
                    const void *dy, const struct k_weight *W, int T, int N,
                    int K)
{
    struct gemm g = {.at = t, .bt = W->t, .yt = t, .rt = t, .A = dy,
                     .panels = W->bwd, .Y = dx, .M = T, .N = K, .K = N,
                     .lda = N, .ldy = K, .what = PERM_K};

    if (!W->bwd)
        NAME(cpu_fail)(cpu_of(k), "linear_dx: the weight was made without "
                       "WEIGHT_BACKWARD");
    else
        NAME(gemm)(cpu_of(k), &g);
}
