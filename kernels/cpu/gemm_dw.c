/* gemm_dw - dW[N][K] += dY^T X, db[N] += column sums of dY
 *
 * One chain over rows ascending per output, continued from the value in
 * memory, so that cutting the rows into several calls changes no bit. A task
 * owns a rectangle of dW and passes over all rows in blocks; it packs its
 * columns of dY and X for each block. order=shuffled takes the rows in
 * permuted blocks of CANON_BLOCK.
 */
#include <string.h>
#include "cpu.h"

enum { TB = 256, NC = 240, KP = 8 };

struct job {
    struct cpu *c;
    const struct gemm_dw *g;
    const int32_t *perm;
    long n_blocks, k_groups, panels;
};

/* The rows of a block: r0 .. r0 + n of the call in its (permuted) order. */
static long source_row(const struct job *j, long r)
{
    return j->perm ? (long)j->perm[r / CANON_BLOCK] * CANON_BLOCK +
                         r % CANON_BLOCK
                   : r;
}

/* dst[n][width] = columns [col, col + cols) of the rows, zeros after. */
static void pack(const struct job *j, float *dst, long width, const void *src,
                 enum dtype t, long ld, long r0, long n, long col, long cols)
{
    for (long r = 0; r < n; r++) {
        float *d = dst + r * width;

        NAME(widen)(d, AT(src, t, source_row(j, r0 + r) * ld + col), t,
                    (size_t)cols);
        for (long i = cols; i < width; i++)
            d[i] = 0.0f;
    }
}

static void panel(const struct gemm_dw *g, long n0, long nc, long p, long tb,
                  const float *A, long lda, const float *B, float *tile)
{
    long col = p * NR, w = g->K - col < NR ? g->K - col : NR;
    int nv = (int)((w + VW - 1) / VW);
    float *C = g->dW + n0 * g->K + col;

    if (w == nv * VW) {
        NAME(gemm_rows)(DT_F32, 1, nc, nv, tb, A, lda, B, NR, C, g->K, 1);
        return;
    }
    for (long n = 0; n < nc; n++)
        memcpy(tile + n * NR, C + n * g->K, (size_t)w * sizeof *C);
    NAME(gemm_rows)(DT_F32, 1, nc, nv, tb, A, lda, B, NR, tile, NR, 1);
    for (long n = 0; n < nc; n++)
        memcpy(C + n * g->K, tile + n * NR, (size_t)w * sizeof *C);
}

/* Blocks of rows end where CANON_BLOCKs do; in permuted order the short last
 * block may stand anywhere, so a block of rows is then one CANON_BLOCK. */
static long block_rows(const struct job *j, long r, long *rows_at)
{
    long T = j->g->T, n, b;

    if (!j->perm) {
        *rows_at = r;
        n = T - r;
        return n < TB ? n : TB;
    }
    b = (long)j->perm[r / CANON_BLOCK] * CANON_BLOCK;
    *rows_at = r;
    return T - b < CANON_BLOCK ? T - b : CANON_BLOCK;
}

static void task(void *ctx, long i, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;
    long nb = i / j->k_groups, kg = i % j->k_groups;
    long n0 = g->N * nb / j->n_blocks, n1 = g->N * (nb + 1) / j->n_blocks;
    long p0 = j->panels * kg / j->k_groups;
    long p1 = j->panels * (kg + 1) / j->k_groups;
    long nc = n1 - n0, n_pan = p1 - p0, step = j->perm ? CANON_BLOCK : TB;
    float *A = NAME(cpu_worker)(j->c, worker, W_A,
                                (size_t)(TB * nc) * sizeof *A);
    float *B = NAME(cpu_worker)(j->c, worker, W_B,
                                (size_t)(TB * n_pan * NR) * sizeof *B);
    float *tile = NAME(cpu_worker)(j->c, worker, W_C,
                                   (size_t)(nc * NR) * sizeof *tile);

    if (!A || !B || !tile)
        return;
    for (long r = 0; r < g->T; r += step) {
        long at, tb = block_rows(j, r, &at);

        pack(j, A, nc, g->dY, g->yt, g->ldy, at, tb, n0, nc);
        for (long p = p0; p < p1; p++) {
            long col = p * NR, w = g->K - col < NR ? g->K - col : NR;
            float *b = B + (p - p0) * TB * NR;

            pack(j, b, NR, g->X, g->xt, g->ldx, at, tb, col, w);
            panel(g, n0, nc, p, tb, A, nc, b, tile);
        }
    }
}

static void bias_columns(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;
    long n = hi - lo, step = j->perm ? CANON_BLOCK : TB;
    float *row = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)n * sizeof *row);

    if (!row)
        return;
    for (long r = 0; r < g->T; r += step) {
        long at, tb = block_rows(j, r, &at);

        for (long t = 0; t < tb; t++) {
            const float *d =
                cpu_row(g->yt, g->dY,
                        (size_t)(source_row(j, at + t) * g->ldy + lo),
                        (size_t)n, row);

            for (long i = 0; i < n; i++)
                g->db[lo + i] += d[i];
        }
    }
}

void NAME(gemm_dw)(struct cpu *c, const struct gemm_dw *g)
{
    struct job j = {c, g, NULL, 0, 0, (g->K + NR - 1) / NR};
    double flops = 2.0 * (double)g->T * (double)g->N * (double)g->K;

    if (g->T <= 0 || g->N <= 0)
        return;
    j.perm = NAME(cpu_perm)(c, PERM_ROWS, g->T, g->N, g->T);
    if (g->db)
        NAME(cpu_for)(c, g->N, (double)g->T, bias_columns, &j);
    j.n_blocks = (g->N + NC - 1) / NC;
    j.k_groups = (j.panels + KP - 1) / KP;
    if (c->n_threads == 1 || flops < 400e3) {
        for (long i = 0; i < j.n_blocks * j.k_groups; i++)
            task(&j, i, 0);
        return;
    }
    while (j.n_blocks * j.k_groups < 3 * c->n_threads &&
           g->N / j.n_blocks >= 4 * MR)
        j.n_blocks++;
    pool_for(c->pool, j.n_blocks * j.k_groups, task, &j);
}

OP(void, linear_dw)(struct kernels *k, enum dtype t, float *dW, float *db,
                    const void *dy, const void *x, int T, int N, int K)
{
    struct gemm_dw g = {t, t, dy, x, dW, db, T, N, K, N, K};

    NAME(gemm_dw)(cpu_of(k), &g);
}
