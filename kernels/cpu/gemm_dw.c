/* gemm_dw - dW[N][K] += dY^T X, db[N] += column sums of dY
 *
 * One chain over rows ascending per output, continued from the value in
 * memory, so that cutting the rows into several calls changes no bit. Rows
 * are taken in blocks; a block of X is packed into panels once for all tasks,
 * a task packs its own columns of dY. Narrow fp32 matrices are read in place.
 * order=shuffled takes the rows in permuted blocks of CANON_BLOCK.
 */
#include <string.h>
#include "cpu.h"

enum { PACK = 8 };

struct job {
    struct cpu *c;
    const struct gemm_dw *g;
    const int32_t *perm;
    long n_blocks, k_groups, panels, tb;
    long r0, n; /* the rows now: source rows r0 .. r0 + n */
    int direct_x, direct_dy;
    float *X; /* [panel][tb][NR] */
};

/* d[width] = cols values of src from `at`, zeros after. */
INLINE void pack_row(float *d, long width, const void *src, enum dtype t,
                     long at, long cols)
{
    if (t == DT_F32)
        memcpy(d, (const float *)src + at, (size_t)cols * sizeof *d);
    else
        NAME(widen)(d, AT(src, t, at), t, (size_t)cols);
    for (long i = cols; i < width; i++)
        d[i] = 0.0f;
}

/* Some panels at a time, so that a row of X is read in long pieces. */
static void pack_x(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;

    (void)worker;
    for (long p0 = lo; p0 < hi; p0 += PACK) {
        long p1 = p0 + PACK < hi ? p0 + PACK : hi;

        for (long r = 0; r < j->n; r++)
            for (long p = p0; p < p1; p++) {
                long col = p * NR, w = g->K - col < NR ? g->K - col : NR;

                if (!j->direct_x || w % VW)
                    pack_row(j->X + (p * j->tb + r) * NR, NR, g->X, g->xt,
                             (j->r0 + r) * g->ldx + col, w);
            }
    }
}

/* The rows of the register block after this one are on their way from memory
 * while this one runs. */
INLINE void prefetch_tile(const float *C, long ld, long rows)
{
    for (long m = 0; m < rows; m++)
        for (int i = 0; i < NR; i += 16)
            __builtin_prefetch(C + m * ld + i, 1, 3);
}

static void panel(const struct job *j, long n0, long nc, long p,
                  const float *A, long lda, float *tile)
{
    const struct gemm_dw *g = j->g;
    long col = p * NR, w = g->K - col < NR ? g->K - col : NR;
    int nv = (int)((w + VW - 1) / VW), in_place = j->direct_x && w % VW == 0;
    const float *B = in_place
                         ? (const float *)g->X + j->r0 * g->ldx + col
                         : j->X + p * j->tb * NR;
    long ldb = in_place ? g->ldx : NR;
    float *C = g->dW + n0 * g->K + col;

    if (w == nv * VW) {
        for (long n = 0; n < nc; n += MR) {
            long mr = nc - n < MR ? nc - n : MR, left = nc - n - mr;

            prefetch_tile(C + (n + mr) * g->K, g->K, left < MR ? left : MR);
            if (!in_place && p + 1 < j->panels)
                cpu_prefetch((const char *)(B + j->tb * NR),
                             (size_t)(j->n * NR) * sizeof *B, n / MR,
                             (nc + MR - 1) / MR);
            NAME(ukr_k)[mr - 1][nv - 1](j->n, A + n, lda, B, ldb,
                                        C + n * g->K, g->K, 1);
        }
        return;
    }
    for (long n = 0; n < nc; n++)
        memcpy(tile + n * NR, C + n * g->K, (size_t)w * sizeof *C);
    NAME(gemm_rows)(DT_F32, 1, nc, nv, j->n, A, lda, B, ldb, tile, NR, 1);
    for (long n = 0; n < nc; n++)
        memcpy(C + n * g->K, tile + n * NR, (size_t)w * sizeof *C);
}

static void task(void *ctx, long i, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;
    long nb = i / j->k_groups, kg = i % j->k_groups;
    long n0 = g->N * nb / j->n_blocks, n1 = g->N * (nb + 1) / j->n_blocks;
    long p0 = j->panels * kg / j->k_groups;
    long p1 = j->panels * (kg + 1) / j->k_groups;
    long nc = n1 - n0, lda = nc;
    float *A = NULL, *tile = NAME(cpu_worker)(j->c, worker, W_C,
                                              (size_t)(nc * NR) *
                                                  sizeof *tile);

    if (!tile)
        return;
    if (j->direct_dy) {
        A = (float *)(uintptr_t)((const float *)g->dY + j->r0 * g->ldy + n0);
        lda = g->ldy;
    } else {
        A = NAME(cpu_worker)(j->c, worker, W_A,
                             (size_t)(j->tb * nc) * sizeof *A);
        if (!A)
            return;
        for (long r = 0; r < j->n; r++)
            pack_row(A + r * nc, nc, g->dY, g->yt, (j->r0 + r) * g->ldy + n0,
                     nc);
    }
    for (long p = p0; p < p1; p++)
        panel(j, n0, nc, p, A, lda, tile);
}

/* Rows of the block at position r: in permuted order one CANON_BLOCK, and
 * the short last block may stand anywhere. */
static void block_at(const struct job *j, long r, long *r0, long *n)
{
    long T = j->g->T, most = j->perm ? CANON_BLOCK : j->tb;

    *r0 = j->perm ? (long)j->perm[r / CANON_BLOCK] * CANON_BLOCK : r;
    *n = T - *r0 < most ? T - *r0 : most;
}

static void all_rows(struct job *j, int parallel)
{
    const struct gemm_dw *g = j->g;
    long tasks = j->n_blocks * j->k_groups;
    int packing = !j->direct_x || g->K % VW;

    for (long r = 0; r < g->T; r += j->perm ? CANON_BLOCK : j->tb) {
        block_at(j, r, &j->r0, &j->n);
        if (packing && parallel)
            NAME(cpu_for)(j->c, j->panels, 2.0 * (double)j->n * NR, pack_x,
                          j);
        else if (packing)
            pack_x(j, 0, j->panels, 0);
        if (parallel)
            pool_for(j->c->pool, tasks, task, j);
        else
            for (long i = 0; i < tasks; i++)
                task(j, i, 0);
    }
}

static void bias_columns(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;
    long n = hi - lo, r0, rows;
    float *row = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)n * sizeof *row);

    if (!row)
        return;
    for (long r = 0; r < g->T; r += j->perm ? CANON_BLOCK : j->tb) {
        block_at(j, r, &r0, &rows);
        for (long t = r0; t < r0 + rows; t++) {
            const float *d = cpu_row(g->yt, g->dY, (size_t)(t * g->ldy + lo),
                                     (size_t)n, row);

            for (long i = 0; i < n; i++)
                g->db[lo + i] += d[i];
        }
    }
}

void NAME(gemm_dw)(struct cpu *c, const struct gemm_dw *g)
{
    struct job j = {.c = c, .g = g, .panels = (g->K + NR - 1) / NR};
    double flops = 2.0 * (double)g->T * (double)g->N * (double)g->K;
    int parallel = c->n_threads > 1 && flops >= 400e3;

    if (g->T <= 0 || g->N <= 0)
        return;
    j.perm = NAME(cpu_perm)(c, PERM_ROWS, g->T, g->N, g->T);
    j.tb = dw_rows(g->N, g->K);
    if (g->db)
        NAME(cpu_for)(c, g->N, (double)g->T, bias_columns, &j);
    j.direct_x = g->xt == DT_F32 && g->ldx <= NARROW;
    j.direct_dy = g->yt == DT_F32 && g->ldy <= NARROW;
    j.X = NAME(cpu_shared)(c, S_PACK,
                           (size_t)(j.panels * j.tb * NR) * sizeof *j.X);
    if (!j.X)
        return;
    j.n_blocks = (g->N + NC - 1) / NC;
    j.k_groups = (j.panels + KP - 1) / KP;
    while (parallel && j.n_blocks * j.k_groups < 3 * c->n_threads &&
           g->N / j.n_blocks >= 4 * MR)
        j.n_blocks++;
    all_rows(&j, parallel);
}

OP(void, linear_dw)(struct kernels *k, enum dtype t, float *dW, float *db,
                    const void *dy, const void *x, int T, int N, int K)
{
    struct gemm_dw g = {t, t, dy, x, dW, db, T, N, K, N, K};

    NAME(gemm_dw)(cpu_of(k), &g);
}
