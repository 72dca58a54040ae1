/* norm - rmsnorm and its gradients
 *
 * Sums over a row: 32 lanes and a tree. dw: rows ascending, parallel over
 * columns.
 */
#include "cpu.h"
#include "row.h"

struct job {
    struct cpu *c;
    enum dtype t;
    void *out;
    float *rstd, *dw;
    const float *rstd_in;
    const void *x, *w, *dy;
    const int32_t *perm;
    long T, H;
    float eps;
    int fused; /* backward adds to dw */
};

static void forward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long H = j->H;
    float *buf = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)(3 * H) * sizeof *buf);
    const float *w;

    if (!buf)
        return;
    w = cpu_row(j->t, j->w, 0, (size_t)H, buf + 2 * H);
    for (long r = lo; r < hi; r++) {
        const float *x =
            cpu_row(j->t, j->x, (size_t)(r * H), (size_t)H, buf);
        float *y = j->t == DT_F32 ? (float *)j->out + r * H : buf + H;
        float mean = row_dot(x, x, H) / (float)H;
        float rstd = 1.0f / canon_sqrt(mean + j->eps);
        long i = 0;

        for (; i + VW <= H; i += VW)
            vf_store(y + i, (vf_load(x + i) * vf_set1(rstd)) *
                                vf_load(w + i));
        for (; i < H; i++)
            y[i] = (x[i] * rstd) * w[i];
        if (j->t != DT_F32)
            NAME(narrow)(AT_W(j->out, j->t, r * H), j->t, y, (size_t)H);
        if (j->rstd)
            j->rstd[r] = rstd;
    }
}

OP(void, rmsnorm)(struct kernels *k, enum dtype t, void *y, float *rstd,
                  const void *x, const void *w, int T, int H, float eps)
{
    struct job j = {.c = cpu_of(k), .t = t, .out = y, .rstd = rstd, .x = x,
                    .w = w, .T = T, .H = H, .eps = eps};

    NAME(cpu_for)(j.c, T, 2.0 * H, forward, &j);
}

/* With dw, rows ascending, where one thread has them all. */
static void backward(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long H = j->H;
    float *buf = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)(5 * H) * sizeof *buf);
    float *g = buf + 3 * H, *xhat = buf + 4 * H;
    const float *w;

    if (!buf)
        return;
    w = cpu_row(j->t, j->w, 0, (size_t)H, buf + 2 * H);
    for (long r = lo; r < hi; r++) {
        const float *x =
            cpu_row(j->t, j->x, (size_t)(r * H), (size_t)H, buf);
        const float *dy =
            cpu_row(j->t, j->dy, (size_t)(r * H), (size_t)H, buf + H);
        float *dx = j->t == DT_F32 ? (float *)j->out + r * H : g;
        float rstd = j->rstd_in[r], c;

        for (long i = 0; i < H; i++) {
            xhat[i] = x[i] * rstd;
            g[i] = dy[i] * w[i];
        }
        for (long i = 0; j->fused && i < H; i++)
            j->dw[i] = canon_fma(dy[i], xhat[i], j->dw[i]);
        c = row_dot(g, xhat, H) / (float)H;
        for (long i = 0; i < H; i++)
            dx[i] = canon_fma(-xhat[i], c, g[i]) * rstd;
        if (j->t != DT_F32)
            NAME(narrow)(AT_W(j->out, j->t, r * H), j->t, g, (size_t)H);
    }
}

static void weight_columns(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long n = hi - lo;
    float *buf = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)(2 * n) * sizeof *buf);

    if (!buf)
        return;
    for (long i = 0; i < cpu_visits(j->perm, j->T); i++) {
        long block = i / CANON_BLOCK, r = i;
        const float *x, *dy;
        float rstd;

        if (j->perm) {
            r = (long)j->perm[block] * CANON_BLOCK + i % CANON_BLOCK;
            if (r >= j->T) { /* the short block: go to the next one */
                i = (block + 1) * CANON_BLOCK - 1;
                continue;
            }
        }
        x = cpu_row(j->t, j->x, (size_t)(r * j->H + lo), (size_t)n, buf);
        dy = cpu_row(j->t, j->dy, (size_t)(r * j->H + lo), (size_t)n,
                     buf + n);
        rstd = j->rstd_in[r];
        for (long h = 0; h < n; h++)
            j->dw[lo + h] = canon_fma(dy[h], x[h] * rstd, j->dw[lo + h]);
    }
}

OP(void, rmsnorm_bwd)(struct kernels *k, enum dtype t, void *dx, float *dw,
                      const void *dy, const void *x, const void *w,
                      const float *rstd, int T, int H)
{
    struct job j = {.c = cpu_of(k), .t = t, .out = dx, .dw = dw,
                    .rstd_in = rstd, .x = x, .w = w, .dy = dy, .T = T,
                    .H = H};

    j.perm = NAME(cpu_perm)(j.c, PERM_ROWS, T, H, T);
    j.fused = dw && !j.perm && j.c->n_threads == 1;
    if (dw && !j.fused) /* before dx: it may overwrite dy */
        NAME(cpu_for)(j.c, H, 2.0 * T, weight_columns, &j);
    NAME(cpu_for)(j.c, T, 4.0 * H, backward, &j);
}
