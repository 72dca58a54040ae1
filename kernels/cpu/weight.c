/* weight - a matrix [N][K] kept as panels
 *
 * fwd: panels of NR outputs, [panel][K][NR], read by y = x W^T.
 * bwd: panels of NR inputs, [panel][N][NR], read by dx = dy W.
 * Columns past the edge of the last panel are zero. A row for the embedding
 * is gathered from either.
 */
#include <stdlib.h>
#include <string.h>
#include "cpu.h"

static size_t panel_bytes(enum dtype t, long cols, long depth)
{
    return (size_t)((cols + NR - 1) / NR) * NR * (size_t)depth *
           dtype_size(t);
}

size_t NAME(weight_bytes)(const struct k_sizes *s, enum dtype t, int N, int K,
                          int uses)
{
    (void)s;
    if (!(uses & (WEIGHT_FORWARD | WEIGHT_BACKWARD)))
        return (size_t)N * (size_t)K * dtype_size(t);
    return (uses & WEIGHT_FORWARD ? panel_bytes(t, N, K) : 0) +
           (uses & WEIGHT_BACKWARD ? panel_bytes(t, K, N) : 0);
}

OP(struct k_weight *, weight_new)(struct kernels *k, enum dtype t, int N,
                                  int K, int uses, struct err *e)
{
    struct k_weight *w = calloc(1, sizeof *w);

    if (!w) {
        err_memory(e, "cpu: out of memory");
        return NULL;
    }
    w->t = t;
    w->N = N;
    w->K = K;
    w->uses = uses;
    if (uses & WEIGHT_FORWARD)
        w->fwd = k->alloc(k, panel_bytes(t, N, K), e);
    if (uses & WEIGHT_BACKWARD)
        w->bwd = k->alloc(k, panel_bytes(t, K, N), e);
    if (!(uses & (WEIGHT_FORWARD | WEIGHT_BACKWARD)))
        w->rows = k->alloc(k, (size_t)N * (size_t)K * dtype_size(t), e);
    if (((uses & WEIGHT_FORWARD) && !w->fwd) ||
        ((uses & WEIGHT_BACKWARD) && !w->bwd) ||
        (!w->fwd && !w->bwd && !w->rows)) {
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
    k->free(k, w->bwd);
    k->free(k, w->rows);
    free(w);
}

struct job {
    struct cpu *c;
    struct k_weight *w;
    const void *src;
    enum dtype st;
};

/* Rows [p NR, p NR + NR) of W, transposed: panel[k][j] = W[p NR + j][k]. */
static void fwd_panels(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K;
    float *row = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)K * sizeof *row);
    void *narrow = NAME(cpu_worker)(j->c, worker, W_ROW2,
                                    (size_t)K * sizeof *row);

    if (!row || !narrow)
        return;
    for (long n = lo * NR; n < hi * NR && n < w->N; n++) {
        const void *src = AT(j->src, j->st, n * K);
        long at = n / NR * NR * K + n % NR;

        if (j->st != w->t) {
            NAME(widen)(row, src, j->st, (size_t)K);
            NAME(narrow)(narrow, w->t, row, (size_t)K);
            src = narrow;
        }
        if (w->t == DT_F32)
            for (long k = 0; k < K; k++)
                ((float *)w->fwd)[at + k * NR] = ((const float *)src)[k];
        else
            for (long k = 0; k < K; k++)
                ((uint16_t *)w->fwd)[at + k * NR] =
                    ((const uint16_t *)src)[k];
    }
}

/* Row n of W cut into pieces of NR, one for each panel. */
static void bwd_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K, N = w->N;
    float *row = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)K * sizeof *row);

    if (!row)
        return;
    for (long n = lo; n < hi; n++) {
        NAME(widen)(row, AT(j->src, j->st, n * K), j->st, (size_t)K);
        if (w->rows)
            NAME(narrow)(AT_W(w->rows, w->t, n * K), w->t, row, (size_t)K);
        for (long k = 0; w->bwd && k < K; k += NR)
            NAME(narrow)(AT_W(w->bwd, w->t, k * N + n * NR), w->t, row + k,
                         (size_t)(K - k < NR ? K - k : NR));
    }
}

OP(void, weight_set)(struct kernels *k, struct k_weight *w, const void *src,
                     enum dtype st)
{
    struct job j = {cpu_of(k), w, src, st};

    if (w->fwd)
        NAME(cpu_for)(j.c, (w->N + NR - 1) / NR, 4.0 * NR * w->K, fwd_panels,
                      &j);
    if (w->bwd || w->rows)
        NAME(cpu_for)(j.c, w->N, 4.0 * w->K, bwd_rows, &j);
}

void NAME(weight_row)(const struct k_weight *w, long n, float *dst)
{
    long K = w->K;

    if (w->rows) {
        NAME(widen)(dst, AT(w->rows, w->t, n * K), w->t, (size_t)K);
    } else if (w->bwd) {
        for (long k = 0; k < K; k += NR)
            NAME(widen)(dst + k, AT(w->bwd, w->t, k * w->N + n * NR), w->t,
                        (size_t)(K - k < NR ? K - k : NR));
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
