/* weight - a matrix [N][K] kept as panels
 *
 * Panels of NR outputs, [panel][K][NR], are kept and read by y = x W^T. Panels
 * of NR inputs, [panel][N][NR], are read by dx = dy W; they are made of the
 * others in scratch for each such product, since both would take twice the
 * memory. Columns past the edge of the last panel are zero. A row for the
 * embedding is gathered from the panels.
 */
#include <stdlib.h>
#include <string.h>
#include "cpu.h"
#include "transpose.h"

static size_t panel_bytes(enum dtype t, long cols, long depth)
{
    return (size_t)((cols + NR - 1) / NR) * NR * (size_t)depth *
           dtype_size(t);
}

/* The uses that need panels. */
static int paneled(int uses)
{
    return uses & (WEIGHT_FORWARD | WEIGHT_BACKWARD);
}

size_t NAME(weight_bytes)(const struct k_sizes *s, enum dtype t, int N, int K,
                          int uses)
{
    (void)s;
    return paneled(uses) ? panel_bytes(t, N, K)
                         : (size_t)N * (size_t)K * dtype_size(t);
}

OP(struct k_weight *, weight_new)(struct kernels *k, enum dtype t, int N,
                                  int K, int uses, struct err *e)
{
    struct k_weight *w = calloc(1, sizeof *w);
    void *p;

    if (!w) {
        err_memory(e, "cpu: out of memory");
        return NULL;
    }
    w->t = t;
    w->N = N;
    w->K = K;
    w->uses = uses;
    p = k->alloc(k, NAME(weight_bytes)(NULL, t, N, K, uses), e);
    if (paneled(uses))
        w->fwd = p;
    else
        w->rows = p;
    if (!p) {
        NAME(op_weight_free)(k, w);
        return NULL;
    }
    return w;
}

OP(void, weight_free)(struct kernels *k, struct k_weight *w)
{
    if (!w)
        return;
    k->free(k, w->fwd);
    k->free(k, w->rows);
    free(w);
}

struct job {
    struct cpu *c;
    struct k_weight *w;
    const void *src;
    enum dtype st;
};

/* to[k][j] = from[j][k], of type t */
static void turn(void *to, long ldt, const void *from, long ldf, long rows,
                 long cols, enum dtype t)
{
    if (t == DT_F32)
        transpose(to, ldt, from, ldf, rows, cols);
    else
        transpose_16(to, ldt, from, ldf, rows, cols);
}

/* Rows [p NR, p NR + NR) of W, transposed: panel[k][j] = W[p NR + j][k]. */
static void fwd_panels(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K;
    float *row = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)K * sizeof *row);
    uint16_t *half = NAME(cpu_worker)(j->c, worker, W_ROW2,
                                      (size_t)K * sizeof *row);

    if (!row || !half)
        return;
    for (long p = lo; p < hi; p++) {
        long n = p * NR, rows = w->N - n < NR ? w->N - n : NR;
        void *panel = AT_W(w->fwd, w->t, n * K);

        if (j->st == w->t) {
            turn(panel, NR, AT(j->src, j->st, n * K), K, rows, K, w->t);
            continue;
        }
        for (long i = 0; i < rows; i++) {
            const float *x = cpu_row(j->st, j->src, (size_t)((n + i) * K),
                                     (size_t)K, row);

            if (w->t != DT_F32)
                NAME(narrow)(half, w->t, x, (size_t)K);
            for (long k = 0; k < K; k++)
                if (w->t == DT_F32)
                    ((float *)panel)[k * NR + i] = x[k];
                else
                    ((uint16_t *)panel)[k * NR + i] = half[k];
        }
    }
}

static void copy_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K;
    float *row = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)K * sizeof *row);

    if (!row)
        return;
    for (long n = lo; n < hi; n++) {
        NAME(widen)(row, AT(j->src, j->st, n * K), j->st, (size_t)K);
        NAME(narrow)(AT_W(w->rows, w->t, n * K), w->t, row, (size_t)K);
    }
}

OP(void, weight_set)(struct kernels *k, struct k_weight *w, const void *src,
                     enum dtype st)
{
    struct job j = {cpu_of(k), w, src, st};

    if (w->fwd)
        NAME(cpu_for)(j.c, (w->N + NR - 1) / NR, 4.0 * NR * w->K, fwd_panels,
                      &j);
    else
        NAME(cpu_for)(j.c, w->N, 4.0 * w->K, copy_rows, &j);
}

/* ---- panels of inputs, for dx = dy W ---- */

struct turn {
    const struct k_weight *w;
    void *bwd;
};

/* Panels of inputs lo to hi. A block of NR inputs by NR outputs lies together
 * in both kinds of panels. */
static void turn_panels(void *ctx, long lo, long hi, int worker)
{
    const struct turn *j = ctx;
    const struct k_weight *w = j->w;
    long N = w->N, K = w->K;

    (void)worker;
    for (long p = lo; p < hi; p++) {
        long k = p * NR, in = K - k < NR ? K - k : NR;

        for (long n = 0; n < N; n += NR) {
            const void *from = AT(w->fwd, w->t, n * K + k * NR);
            void *to = AT_W(j->bwd, w->t, k * N + n * NR);
            long out = N - n < NR ? N - n : NR;

            if (in < NR) /* the edge */
                memset(to, 0, (size_t)(out * NR) * dtype_size(w->t));
            turn(to, NR, from, NR, in, out, w->t);
        }
    }
}

const void *NAME(weight_inputs)(struct cpu *c, const struct k_weight *w)
{
    struct turn j = {w, NAME(cpu_shared)(c, S_PANELS,
                                         panel_bytes(w->t, w->K, w->N))};

    if (j.bwd)
        NAME(cpu_for)(c, (w->K + NR - 1) / NR, 2.0 * NR * w->N, turn_panels,
                      &j);
    return j.bwd;
}

void NAME(weight_inputs_scratch)(struct scratch_plan *z, enum dtype t, long N,
                                 long K)
{
    scratch_most(&z->shared[S_PANELS], panel_bytes(t, K, N));
}

/* ---- a row ---- */

void NAME(weight_row)(const struct k_weight *w, long n, float *dst)
{
    long K = w->K;

    if (w->rows) {
        NAME(widen)(dst, AT(w->rows, w->t, n * K), w->t, (size_t)K);
    } else {
        const void *p = AT(w->fwd, w->t, n / NR * NR * K + n % NR);

        if (w->t == DT_F32)
            for (long k = 0; k < K; k++)
                dst[k] = ((const float *)p)[k * NR];
        else if (w->t == DT_BF16)
            for (long k = 0; k < K; k++)
                dst[k] = canon_widen_bf16(((const uint16_t *)p)[k * NR]);
        else
            for (long k = 0; k < K; k++)
                dst[k] = canon_widen_f16(((const uint16_t *)p)[k * NR]);
    }
}
