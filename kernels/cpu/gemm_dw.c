/* gemm_dw - dW[N][K] += dY^T X, db[N] += column sums of dY
 *
 * One chain over rows ascending per output, continued from the value in
 * memory, so that cutting the rows into several calls changes no bit. A task
 * is a tile of dW; it takes the rows in blocks. Narrow fp32 matrices are read
 * where they lie, the next block being fetched while this one is summed; else
 * a block of X is packed into panels once for all tasks, and a task packs its
 * own columns of dY. order=shuffled takes the rows in permuted blocks of
 * CANON_BLOCK. Where vdpbf16ps sums, two rows of bf16 are packed as one of
 * pairs, and a last row alone is paired with zeros.
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
    const float *A; /* the columns of dY, dots: [row/2][lda][2] */
    long lda;
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
    if (j->cut.x_near) {
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

static void panel(const struct job *j, struct tile *t, long p)
{
    const struct gemm_dw *g = j->g;
    long col = p * NR, w = g->K - col < NR ? g->K - col : NR;
    int nv = (int)((w + VW - 1) / VW), near = j->cut.x_near;
    long block = j->dots ? j->cut.tb / 2 : j->cut.tb;
    long rows = j->dots ? (t->now.n + 1) / 2 * 2 : t->now.n;
    const float *B = near ? (const float *)g->X + t->now.at * g->ldx + col
                          : j->X + p * block * NR;
    long ldb = near ? g->ldx : NR, step;
    float *C = g->dW + t->n0 * g->K + col;

    if (w == nv * VW) {
        for (long n = 0; n < t->nc; n += MR) {
            long mr = t->nc - n < MR ? t->nc - n : MR, left = t->nc - n - mr;
            const char *next = next_line(j, t, &step);

            prefetch_tile(C + (n + mr) * g->K, g->K, left < MR ? left : MR);
            if (!near && p + 1 < j->panels)
                cpu_prefetch((const char *)(B + block * NR),
                             (size_t)(rows * NR) * sizeof *B >> j->dots,
                             n / MR, (t->nc + MR - 1) / MR);
            NAME(ukr_k)[j->dots][mr - 1][nv - 1](rows, t->A + n, t->lda, B,
                                                 ldb, C + n * g->K, g->K, 1,
                                                 next, step);
        }
        return;
    }
    for (long n = 0; n < t->nc; n++)
        memcpy(t->edge + n * NR, C + n * g->K, (size_t)w * sizeof *C);
    NAME(gemm_rows)(j->dots ? (int)DOTS : DT_F32, 1, t->nc, nv, rows, t->A, t->lda, B, ldb,
                    t->edge, NR, 1);
    for (long n = 0; n < t->nc; n++)
        memcpy(C + n * g->K, t->edge + n * NR, (size_t)w * sizeof *C);
}

/* db += columns of the rows now, rows ascending. */
static void bias(const struct job *j, const struct tile *t, float *db)
{
    for (long n = 0; n < t->nc; n += VW) {
        long w = t->nc - n < VW ? t->nc - n : VW;
        vf sum = vf_get_t(DT_F32, db, n, w);

        for (long r = 0; r < t->now.n; r++) {
            vf a = vf_get_t(DT_F32, t->A, (r >> j->dots) * t->lda + n, w);

            sum += j->dots ? vf_half(a, r & 1) : a;
        }
        vf_put_t(DT_F32, db, n, sum, w);
    }
}

/* Floats: of a tile's accumulators and columns of dY, for nc columns; of X in
 * panels. */
static size_t edge_floats(long nc)
{
    return (size_t)(nc * NR);
}

static size_t dy_floats(const struct dw_cut *d, long nc)
{
    return d->dy_near ? 0 : (size_t)(d->tb * nc);
}

static size_t x_floats(const struct dw_cut *d, long K)
{
    return d->x_near ? 0 : (size_t)((K + NR - 1) / NR * d->tb * NR);
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
    t.edge = NAME(cpu_worker)(j->c, worker, W_C,
                              edge_floats(t.nc) * sizeof *t.edge);
    if (!d->dy_near)
        own = NAME(cpu_worker)(j->c, worker, W_A,
                               dy_floats(d, t.nc) * sizeof *own);
    if (!t.edge || (!d->dy_near && !own))
        return;
    for (long pos = j->first; pos < j->end; pos += block_step(j)) {
        t.now = block_at(j, pos);
        t.next = (struct rows){0, 0};
        t.line = 0;
        if (pos + block_step(j) < g->T && d->x_near)
            t.next = block_at(j, pos + block_step(j));
        t.A = own;
        t.lda = t.nc;
        if (d->dy_near) {
            t.A = (const float *)g->dY + t.now.at * g->ldy + t.n0;
            t.lda = g->ldy;
        }
        for (long r = 0; j->dots && r < t.now.n; r += 2)
            pack_pairs(own + r / 2 * t.nc, t.nc, g->dY, g->ldy, t.now.at + r,
                       r + 1 < t.now.n, t.n0, t.nc);
        for (long r = 0; own && !j->dots && r < t.now.n; r++)
            pack_row(own + r * t.nc, t.nc, g->dY, g->yt,
                     (t.now.at + r) * g->ldy + t.n0, t.nc);
        for (long p = t.p0; p < t.p1; p++)
            panel(j, &t, p);
        if (g->db && kg == 0)
            bias(j, &t, g->db + t.n0);
    }
}

static void all_tasks(struct job *j, long first, long end)
{
    long tasks = j->cut.n_blocks * j->cut.k_groups;

    j->first = first;
    j->end = end;
    if (!j->cut.x_near && j->cut.parallel)
        NAME(cpu_for)(j->c, j->panels, 2.0 * (double)block_step(j) * NR,
                      pack_x, j);
    else if (!j->cut.x_near)
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
    j.perm = NAME(cpu_perm)(c, PERM_ROWS, g->T, g->N, g->T);
    j.cut = dw_cut(c->n_threads, g->yt, g->xt, g->T, g->N, g->K, g->ldy,
                   g->ldx);
    if (j.cut.x_near) {
        all_tasks(&j, 0, g->T);
        return;
    }
    j.X = NAME(cpu_shared)(c, S_PACK, x_floats(&j.cut, g->K) * sizeof *j.X);
    for (long r = 0; j.X && r < g->T; r += block_step(&j))
        all_tasks(&j, r, r + 1);
}
