/* gemm_dw - dW[N][K] += dY^T X, db[N] += column sums of dY
 *
 * One chain over rows ascending per output, continued from the value in
 * memory, so that cutting the rows into several calls changes no bit. A task
 * is a tile of dW; it takes the rows in blocks. Narrow fp32 matrices are read in
 * place, and the next block is prefetched while this one is summed; else
 * a block of X is packed into panels once for all tasks, and a task packs its
 * own columns of dY. order=shuffled takes the rows in permuted blocks of
 * CANON_BLOCK. Where vdpbf16ps sums, two rows of bf16 are packed as one row of
 * pairs; the last of an odd number of rows is paired with zeros.
 */
#include <string.h>
#include "dw.h"
#include "simd.h"

enum { PACK = 8, LINE = 64 / (int)sizeof(float) };

struct rows {
    long at, n;
};

struct job {
    struct cpu *c;
    const struct gemm_dw *g;
    const int32_t *perm;
    struct dw_cut cut;
    long panels;
    int dots;
    long first, end; /* positions of the blocks now */
    float *X;        /* packed: [panel][tb][NR], dots: [panel][tb/2][NR][2] */
};

/* One thread's part of a block of rows. */
struct tile {
    long n0, nc, p0, p1;
    const float *A; /* the columns of dY: row r of register block b begins at
                     * b * gap + r * lda, dots: [row/2][MR][2] */
    long gap, lda;
    struct rows now, next; /* next.n = 0: none, or not to be fetched */
    long line;             /* of a row of the next block: fetched so far */
    float *edge;
};

/* Rows of the block at a position: in permuted order one CANON_BLOCK, and
 * the short last block may stand anywhere. */
static long block_step(const struct job *j)
{
    return j->perm ? CANON_BLOCK : j->cut.tb;
}

static struct rows block_at(const struct job *j, long pos)
{
    struct rows b = {pos, block_step(j)};

    if (j->perm)
        b.at = (long)j->perm[pos / CANON_BLOCK] * CANON_BLOCK;
    if (j->g->T - b.at < b.n)
        b.n = j->g->T - b.at;
    return b;
}

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

/* Rows at and at + 1 of src, from column col on, as pairs; zeros after cols,
 * and where there is one row only. */
INLINE void pack_pairs(float *d, long width, const uint16_t *src, long ld,
                       long at, int two, long col, long cols)
{
    const uint16_t *a = src + at * ld + col, *b = a + ld;
    uint16_t *to = (uint16_t *)(void *)d;

    for (long i = 0; two && i < cols; i++) {
        to[2 * i] = a[i];
        to[2 * i + 1] = b[i];
    }
    for (long i = 0; !two && i < cols; i++) {
        to[2 * i] = a[i];
        to[2 * i + 1] = 0;
    }
    for (long i = 2 * cols; i < 2 * width; i++)
        to[i] = 0;
}

/* Some panels at a time, so that a row of X is read in long pieces. */
static void pack_x(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;
    struct rows b = block_at(j, j->first);

    (void)worker;
    for (long p0 = lo; p0 < hi; p0 += PACK) {
        long p1 = p0 + PACK < hi ? p0 + PACK : hi;

        for (long r = 0; r < b.n; r += 1 + j->dots)
            for (long p = p0; p < p1; p++) {
                long col = p * NR, w = g->K - col < NR ? g->K - col : NR;

                if (j->dots)
                    pack_pairs(j->X + (p * j->cut.tb + r) / 2 * NR, NR, g->X,
                               g->ldx, b.at + r, r + 1 < b.n, col, w);
                else
                    pack_row(j->X + (p * j->cut.tb + r) * NR, NR, g->X, g->xt,
                             (b.at + r) * g->ldx + col, w);
            }
    }
}

/* The rows of the register block after this one are on their way from memory
 * while this one runs. */
INLINE void prefetch_tile(const float *C, long ld, long rows)
{
    for (long m = 0; m < rows; m++)
        for (int i = 0; i < NR; i += LINE)
            __builtin_prefetch(C + m * ld + i, 1, 3);
}

/* A column of lines of the next block, those of X first; NULL: all are
 * fetched. *step: bytes from one row to the next. */
INLINE const char *next_line(const struct job *j, struct tile *t, long *step)
{
    const struct gemm_dw *g = j->g;
    long x0 = t->p0 * NR, x1 = t->p1 * NR < g->K ? t->p1 * NR : g->K;
    long at = t->line++ * LINE;

    *step = 0;
    if (!t->next.n)
        return NULL;
    if (j->cut.x_in_place) {
        if (at < x1 - x0) {
            *step = g->ldx * (long)sizeof(float);
            return (const char *)((const float *)g->X + t->next.at * g->ldx +
                                  x0 + at);
        }
        at -= (x1 - x0 + LINE - 1) / LINE * LINE;
    }
    *step = g->ldy * (long)dtype_size(g->yt);
    at = at * (long)sizeof(float) / (long)dtype_size(g->yt);
    return at < t->nc ? (const char *)AT(g->dY, g->yt,
                                         t->next.at * g->ldy + t->n0 + at)
                      : NULL;
}

/* A panel of dW: C[nc][ldc] += columns of dY by B. What comes next is fetched with
 * each register block: lines of the next panel of X, or of the next rows. */
static void panel(const struct job *j, struct tile *t, int nv, const float *B,
                  long ldb, float *C, long ldc, const char *next_B)
{
    long rows = j->dots ? (t->now.n + 1) / 2 * 2 : t->now.n;
    long blocks = (t->nc + MR - 1) / MR;
    long bytes = rows * NR * (long)sizeof *B >> j->dots;
    long share = bytes / (blocks * rows) + 1; /* of a row */

    for (long b = 0; b < blocks; b++) {
        long n = b * MR, left = t->nc - n, mr = left < MR ? left : MR, step;
        const char *next = next_line(j, t, &step);

        if (next_B) {
            step = share;
            next = next_B + b * rows * share;
        }
        left -= mr;
        prefetch_tile(C + (n + mr) * ldc, ldc, left < MR ? left : MR);
        NAME(ukr_k)[j->dots][mr - 1][nv - 1](rows, t->A + b * t->gap, t->lda,
                                             B, ldb, C + n * ldc, ldc, 1,
                                             next, step);
    }
}

static void panel_at(const struct job *j, struct tile *t, long p)
{
    const struct gemm_dw *g = j->g;
    long col = p * NR, w = g->K - col < NR ? g->K - col : NR;
    int nv = (int)((w + VW - 1) / VW), in_place = j->cut.x_in_place;
    long block = j->dots ? j->cut.tb / 2 : j->cut.tb;
    const float *B = in_place ? (const float *)g->X + t->now.at * g->ldx + col
                          : j->X + p * block * NR;
    long ldb = in_place ? g->ldx : NR;
    const char *next_B = in_place || p + 1 == j->panels
                             ? NULL
                             : (const char *)(B + block * NR);
    float *C = g->dW + t->n0 * g->K + col;

    if (w == nv * VW) {
        panel(j, t, nv, B, ldb, C, g->K, next_B);
        return;
    }
    for (long n = 0; n < t->nc; n++)
        memcpy(t->edge + n * NR, C + n * g->K, (size_t)w * sizeof *C);
    panel(j, t, nv, B, ldb, t->edge, NR, next_B);
    for (long n = 0; n < t->nc; n++)
        memcpy(C + n * g->K, t->edge + n * NR, (size_t)w * sizeof *C);
}

/* db += columns of the rows now, rows ascending. */
INLINE void bias_of(const struct gemm_dw *g, const struct tile *t, int yt)
{
    for (long r = 0; r < t->now.n; r++) {
        long at = (t->now.at + r) * g->ldy + t->n0, n = 0;
        float *db = g->db + t->n0;

        for (; n + VW <= t->nc; n += VW)
            vf_store(db + n, vf_load(db + n) +
                                 vf_get_t(yt, g->dY, at + n, VW));
        if (n < t->nc)
            vf_put_t(DT_F32, db, n,
                     vf_get_t(DT_F32, db, n, t->nc - n) +
                         vf_get_t(yt, g->dY, at + n, t->nc - n),
                     t->nc - n);
    }
}

static void bias(const struct gemm_dw *g, const struct tile *t)
{
    if (g->yt == DT_F32)
        bias_of(g, t, DT_F32);
    else if (g->yt == DT_BF16)
        bias_of(g, t, DT_BF16);
    else
        bias_of(g, t, DT_F16);
}

/* The tile's columns of dY, row after row. */
static void pack_rows(const struct job *j, const struct tile *t, float *own)
{
    const struct gemm_dw *g = j->g;

    for (long r = 0; j->dots && r < t->now.n; r += 2)
        pack_pairs(own + r / 2 * t->nc, t->nc, g->dY, g->ldy, t->now.at + r,
                   r + 1 < t->now.n, t->n0, t->nc);
    for (long r = 0; !j->dots && r < t->now.n; r++)
        pack_row(own + r * t->nc, t->nc, g->dY, g->yt,
                 (t->now.at + r) * g->ldy + t->n0, t->nc);
}

/* The same, one register block after another, some blocks at a time: those are
 * whole lines of dY. What comes some rows later is fetched. */
static void pack_blocks(const struct job *j, const struct tile *t, float *own)
{
    const struct gemm_dw *g = j->g;
    const int z = (int)dtype_size(g->yt), dots = j->dots;
    float row[PACK * MR];

    for (long at = 0; at < t->nc; at += PACK * MR) {
        long w = t->nc - at < PACK * MR ? t->nc - at : PACK * MR;
        long blocks = (w + MR - 1) / MR, width = blocks * MR;
        float *to = own + at / MR * t->gap;

        for (long r = 0; r < t->now.n; r += 1 + dots, to += MR) {
            long y = (t->now.at + r) * g->ldy + t->n0 + at;
            const float *from = row;

            for (long i = 0; i < w * z; i += 64)
                __builtin_prefetch(
                    (const char *)AT(g->dY, g->yt, y + PACK * g->ldy) + i, 0,
                    3);
            if (dots)
                pack_pairs(row, width, g->dY, g->ldy, t->now.at + r,
                           r + 1 < t->now.n, t->n0 + at, w);
            else if (g->yt == DT_F32 && w == width)
                from = (const float *)g->dY + y;
            else
                pack_row(row, width, g->dY, g->yt, y, w);
            for (long b = 0; b < blocks; b++)
                memcpy(to + b * t->gap, from + b * MR, MR * sizeof *to);
        }
    }
}

/* Floats: of a tile's accumulators and columns of dY, for nc columns; of X in
 * panels. */
static size_t edge_floats(long nc)
{
    return (size_t)(nc * NR);
}

/* From one block of columns of dY to the next; a line more than its rows take,
 * so that the blocks lie in different sets of the first cache. */
static long dy_gap(const struct dw_cut *d)
{
    return d->tb * MR + LINE;
}

static size_t dy_floats(const struct dw_cut *d, long nc)
{
    return d->dy_in_place ? 0
           : d->dy_blocks ? (size_t)((nc + MR - 1) / MR * dy_gap(d))
                          : (size_t)(d->tb * nc);
}

static size_t x_floats(const struct dw_cut *d, long K)
{
    return d->x_in_place ? 0 : (size_t)((K + NR - 1) / NR * d->tb * NR);
}

void NAME(gemm_dw_scratch)(struct scratch_plan *z, long T, long N, long K,
                           enum dtype yt, enum dtype xt)
{
    struct dw_cut d = dw_cut(z->s->n_threads, yt, xt, T, N, K, N, K);
    long nc = 0;

    for (long i = 0; i < d.n_blocks; i++) {
        long n = dw_columns(N, d.n_blocks, i + 1) -
                 dw_columns(N, d.n_blocks, i);

        nc = n > nc ? n : nc;
    }
    scratch_perm(z, T);
    scratch_most(&z->shared[S_PACK], x_floats(&d, K) * sizeof(float));
    scratch_most(&z->worker[W_C], edge_floats(nc) * sizeof(float));
    scratch_most(&z->worker[W_A], dy_floats(&d, nc) * sizeof(float));
}

static void task(void *ctx, long i, int worker)
{
    const struct job *j = ctx;
    const struct gemm_dw *g = j->g;
    const struct dw_cut *d = &j->cut;
    long nb = i / d->k_groups, kg = i % d->k_groups;
    struct tile t = {.n0 = dw_columns(g->N, d->n_blocks, nb),
                     .p0 = j->panels * kg / d->k_groups,
                     .p1 = j->panels * (kg + 1) / d->k_groups};
    float *own = NULL;

    t.nc = dw_columns(g->N, d->n_blocks, nb + 1) - t.n0;
    t.edge = cpu_worker(j->c, worker, W_C,
                        edge_floats(t.nc) * sizeof *t.edge);
    if (!d->dy_in_place)
        own = cpu_worker(j->c, worker, W_A,
                         dy_floats(d, t.nc) * sizeof *own);
    if (!t.edge || (!d->dy_in_place && !own))
        return;
    for (long pos = j->first; pos < j->end; pos += block_step(j)) {
        t.now = block_at(j, pos);
        t.next = (struct rows){0, 0};
        t.line = 0;
        if (pos + block_step(j) < g->T && d->x_in_place)
            t.next = block_at(j, pos + block_step(j));
        t.A = own;
        t.gap = MR;
        t.lda = t.nc;
        if (d->dy_in_place) {
            t.A = (const float *)g->dY + t.now.at * g->ldy + t.n0;
            t.lda = g->ldy;
        } else if (d->dy_blocks) {
            t.gap = dy_gap(d);
            t.lda = MR;
            pack_blocks(j, &t, own);
        } else {
            pack_rows(j, &t, own);
        }
        for (long p = t.p0; p < t.p1; p++)
            panel_at(j, &t, p);
        if (g->db && kg == 0)
            bias(g, &t);
    }
}

static void all_tasks(struct job *j, long first, long end)
{
    long tasks = j->cut.n_blocks * j->cut.k_groups;

    j->first = first;
    j->end = end;
    if (!j->cut.x_in_place && j->cut.parallel)
        cpu_for(j->c, j->panels, 2.0 * (double)block_step(j) * NR,
                pack_x, j);
    else if (!j->cut.x_in_place)
        pack_x(j, 0, j->panels, 0);
    if (j->cut.parallel)
        pool_for(j->c->pool, tasks, task, j);
    else
        for (long i = 0; i < tasks; i++)
            task(j, i, 0);
}

void NAME(gemm_dw)(struct cpu *c, const struct gemm_dw *g)
{
    struct job j = {.c = c, .g = g, .panels = (g->K + NR - 1) / NR};

    if (g->T <= 0 || g->N <= 0)
        return;
    j.dots = c->dots && g->yt == DT_BF16 && g->xt == DT_BF16;
    j.perm = cpu_perm(c, PERM_ROWS, g->T, g->N, g->T);
    j.cut = dw_cut(c->n_threads, g->yt, g->xt, g->T, g->N, g->K, g->ldy,
                   g->ldx);
    if (j.cut.x_in_place) {
        all_tasks(&j, 0, g->T);
        return;
    }
    j.X = cpu_shared(c, S_PACK, x_floats(&j.cut, g->K) * sizeof *j.X);
    for (long r = 0; j.X && r < g->T; r += block_step(&j))
        all_tasks(&j, r, r + 1);
}
