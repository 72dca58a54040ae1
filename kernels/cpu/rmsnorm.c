/* rmsnorm - rows divided by their root mean square, and the gradients
 *
 * Sums over a row: 32 lanes and a tree. dw: rows ascending, parallel over
 * columns.
 */
#include <sched.h>
#include <stdatomic.h>
#include "cpu.h"
#include "row.h"

/* Vectors of dw in registers; rows that they then take; threads up to which
 * rows stay with their thread while dw goes from one to the next. */
enum { COLUMN_VECTORS = 4, COLUMN_ROWS = 64, CHAIN_THREADS = 4 };

struct job {
    struct cpu *c;
    enum dtype t;
    void *out;
    float *rstd, *dw;
    const float *rstd_in;
    const void *x, *w, *dy;
    const int32_t *perm;
    long T, H;
    long heads, stride; /* rmsnorm_heads: T counts heads, of rows of a stride */
    float eps;
    int fused;    /* backward adds to dw */
    long columns; /* of a piece of dw */
    long parts;   /* of the rows */
    _Atomic long done;
};

/* Where row r begins. */
INLINE long row_at(const struct job *j, long r)
{
    return j->heads ? r / j->heads * j->stride + r % j->heads * j->H
                    : r * j->H;
}

/* Floats that a worker has for x, y or dy, and w; and g and xhat. */
static size_t row_floats(long H, int backward)
{
    return (size_t)((backward ? 5 : 3) * H);
}

static void forward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long H = j->H;
    float *buf = cpu_worker(j->c, worker, W_ROW,
                            row_floats(H, 0) * sizeof *buf);
    const float *w;

    if (!buf)
        return;
    w = cpu_row(j->t, j->w, 0, (size_t)H, buf + 2 * H);
    for (long r = lo; r < hi; r++) {
        long at = row_at(j, r);
        const float *x =
            cpu_row(j->t, j->x, (size_t)at, (size_t)H, buf);
        float *y = j->t == DT_F32 ? (float *)j->out + at : buf + H;
        float mean = row_dot(x, x, H) / (float)H;
        float rstd = 1.0f / canon_sqrt(mean + j->eps);
        long i = 0;

        for (; i + VW <= H; i += VW)
            vf_store(y + i, (vf_load(x + i) * vf_set1(rstd)) *
                                vf_load(w + i));
        for (; i < H; i++)
            y[i] = (x[i] * rstd) * w[i];
        if (j->t != DT_F32)
            NAME(narrow)(AT_W(j->out, j->t, at), j->t, y, (size_t)H);
        if (j->rstd)
            j->rstd[r] = rstd;
    }
}

OP(void, rmsnorm)(struct kernels *k, enum dtype t, void *y, float *rstd,
                  const void *x, const void *w, int T, int H, float eps)
{
    struct job j = {.c = cpu_of(k), .t = t, .out = y, .rstd = rstd, .x = x,
                    .w = w, .T = T, .H = H, .eps = eps};

    cpu_for(j.c, T, 2.0 * H, forward, &j);
}

OP(void, rmsnorm_heads)(struct kernels *k, enum dtype t, void *y, float *rstd,
                        const void *x, const void *w, struct k_heads h, int T,
                        float eps)
{
    struct job j = {.c = cpu_of(k), .t = t, .out = y, .rstd = rstd, .x = x,
                    .w = w, .T = (long)T * h.n, .H = h.d, .heads = h.n,
                    .stride = h.stride, .eps = eps};

    cpu_for(j.c, j.T, 2.0 * h.d, forward, &j);
}

/* dx of a row of whole lanes, and its part of dw, or NULL. dx may be dy. */
INLINE void whole_row(float *dx, float *dw, const float *dy, const float *x,
                      const float *w, float rstd, long H)
{
    vf lane[ROW_VS], r = vf_set1(rstd), c;

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_set1(0.0f);
    for (long i = 0; i < H; i += 32)
#pragma GCC unroll 8
        for (int j = 0; j < ROW_VS; j++) {
            long at = i + j * VW;
            vf xhat = vf_load(x + at) * r, d = vf_load(dy + at);

            if (dw)
                vf_store(dw + at, vf_fma(d, xhat, vf_load(dw + at)));
            lane[j] = vf_fma(d * vf_load(w + at), xhat, lane[j]);
        }
    c = vf_set1(row_tree(lane) / (float)H);
    for (long i = 0; i < H; i += VW) {
        vf xhat = vf_load(x + i) * r, g = vf_load(dy + i) * vf_load(w + i);

        vf_store(dx + i, vf_fma(-xhat, c, g) * r);
    }
}

/* With dw, rows ascending, where one thread has them all. */
static void backward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long H = j->H;
    float *buf = cpu_worker(j->c, worker, W_ROW,
                            row_floats(H, 1) * sizeof *buf);
    float *g = buf + 3 * H, *xhat = buf + 4 * H;
    const float *w;

    if (!buf)
        return;
    w = cpu_row(j->t, j->w, 0, (size_t)H, buf + 2 * H);
    for (long r = lo; r < hi; r++) {
        long at = row_at(j, r);
        const float *x =
            cpu_row(j->t, j->x, (size_t)at, (size_t)H, buf);
        const float *dy =
            cpu_row(j->t, j->dy, (size_t)at, (size_t)H, buf + H);
        float *dx = j->t == DT_F32 ? (float *)j->out + at : g;
        float rstd = j->rstd_in[r], c;

        if (H % 32 == 0) {
            whole_row(dx, j->fused ? j->dw : NULL, dy, x, w, rstd, H);
        } else {
            for (long i = 0; i < H; i++) {
                xhat[i] = x[i] * rstd;
                g[i] = dy[i] * w[i];
            }
            for (long i = 0; j->fused && i < H; i++)
                j->dw[i] = canon_fma(dy[i], xhat[i], j->dw[i]);
            c = row_dot(g, xhat, H) / (float)H;
            for (long i = 0; i < H; i++)
                dx[i] = canon_fma(-xhat[i], c, g[i]) * rstd;
        }
        if (j->t != DT_F32)
            NAME(narrow)(AT_W(j->out, j->t, at), j->t, g, (size_t)H);
    }
}

struct span {
    long lo, hi;
};

/* dw of nv vectors of columns (n < VW: one short vector), some visits. */
INLINE void weight_n(const struct job *j, int t, struct span rows, long at,
                     const int nv, long n)
{
    vf dw[COLUMN_VECTORS];

#pragma GCC unroll 4
    for (int v = 0; v < nv; v++)
        dw[v] = vf_get_t(DT_F32, j->dw, at + v * VW, n);
    for (long i = rows.lo; i < rows.hi; i++) {
        long r = cpu_visit(j->perm, j->T, &i);
        vf rstd;
        long begin;

        if (r < 0)
            continue;
        begin = row_at(j, r) + at;
        rstd = vf_set1(j->rstd_in[r]);
#pragma GCC unroll 4
        for (int v = 0; v < nv; v++) {
            long k = begin + v * VW;

            dw[v] = vf_fma(vf_get_t(t, j->dy, k, n),
                           vf_get_t(t, j->x, k, n) * rstd, dw[v]);
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < nv; v++)
        vf_put_t(DT_F32, j->dw, at + v * VW, dw[v], n);
}

INLINE void weight_t(const struct job *j, int t, struct span rows, long at,
                     long end)
{
    for (; at + 4 * VW <= end; at += 4 * VW)
        weight_n(j, t, rows, at, 4, VW);
    if (at + 3 * VW <= end) {
        weight_n(j, t, rows, at, 3, VW);
        at += 3 * VW;
    }
    if (at + 2 * VW <= end) {
        weight_n(j, t, rows, at, 2, VW);
        at += 2 * VW;
    }
    if (at + VW <= end) {
        weight_n(j, t, rows, at, 1, VW);
        at += VW;
    }
    if (at < end)
        weight_n(j, t, rows, at, 1, end - at);
}

static void weight(const struct job *j, struct span rows, long at, long end)
{
    if (j->t == DT_F32)
        weight_t(j, DT_F32, rows, at, end);
    else if (j->t == DT_BF16)
        weight_t(j, DT_BF16, rows, at, end);
    else
        weight_t(j, DT_F16, rows, at, end);
}

static void weight_columns(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    struct span all = {0, cpu_visits(j->perm, j->T)};
    long end = hi * j->columns < j->H ? hi * j->columns : j->H;

    (void)worker;
    weight(j, all, lo * j->columns, end);
}

/* Part i of the rows, when dw has the parts before it. The caller takes parts
 * in ascending order (pool.h), so none waits for one that is never begun. */
static void part(void *ctx, long i, int worker)
{
    struct job *j = ctx;
    struct span r = {j->T * i / j->parts, 0}, all = {r.lo, 0};

    all.hi = j->T * (i + 1) / j->parts;
    while (atomic_load_explicit(&j->done, memory_order_acquire) != i)
        sched_yield();
    for (; r.lo < all.hi; r.lo = r.hi) {
        r.hi = r.lo + COLUMN_ROWS < all.hi ? r.lo + COLUMN_ROWS : all.hi;
        weight(j, r, 0, j->H);
    }
    atomic_store_explicit(&j->done, i + 1, memory_order_release);
    backward(j, all.lo, all.hi, worker);
}

/* dx, and dw. */
static void gradients(struct job *j)
{
    j->perm = cpu_perm(j->c, PERM_ROWS, j->T, j->H, j->T);
    j->fused = j->dw && !j->perm &&
               (j->c->n_threads == 1 ||
                (double)j->T * (double)j->H < 4e3);
    j->parts = j->c->n_threads;
    if (j->dw && !j->fused && !j->perm && j->parts <= CHAIN_THREADS) {
        pool_for(j->c->pool, j->parts, part, j);
        return;
    }
    j->columns = cpu_columns(j->c, j->H);
    if (j->dw && !j->fused) /* before dx: it may overwrite dy */
        cpu_for(j->c, (j->H + j->columns - 1) / j->columns,
                2.0 * (double)j->T * (double)j->columns,
                weight_columns, j);
    if (j->fused)
        backward(j, 0, j->T, 0);
    else
        cpu_for(j->c, j->T, 4.0 * (double)j->H, backward, j);
}

OP(void, rmsnorm_bwd)(struct kernels *k, enum dtype t, void *dx, float *dw,
                      const void *dy, const void *x, const void *w,
                      const float *rstd, int T, int H)
{
    struct job j = {.c = cpu_of(k), .t = t, .out = dx, .dw = dw,
                    .rstd_in = rstd, .x = x, .w = w, .dy = dy, .T = T,
                    .H = H};

    gradients(&j);
}

OP(void, rmsnorm_heads_bwd)(struct kernels *k, enum dtype t, void *dx,
                            float *dw, const void *dy, const void *x,
                            const void *w, const float *rstd, struct k_heads h,
                            int T)
{
    struct job j = {.c = cpu_of(k), .t = t, .out = dx, .dw = dw,
                    .rstd_in = rstd, .x = x, .w = w, .dy = dy,
                    .T = (long)T * h.n, .H = h.d, .heads = h.n,
                    .stride = h.stride};

    gradients(&j);
}

SCRATCH(rmsnorm_bwd)
{
    scratch_most(&z->worker[W_ROW],
                 row_floats(z->p->hidden, 1) * sizeof(float));
}

SCRATCH(rmsnorm_heads_bwd)
{
    if (z->p->head_norms)
        scratch_most(&z->worker[W_ROW],
                     row_floats(z->p->attn.head_dim, 1) * sizeof(float));
}
