/* weight - a matrix [N][K] kept as panels
 *
 * Panels of NR outputs, over a chain of K, are kept and read by y = x W^T.
 * Panels of NR inputs, over a chain of N, are read by dx = dy W; they are made
 * of the others in scratch for each such product, since both would take twice
 * the memory. Columns past the edge of the last panel are zero, and so is what
 * pairs the last term of bf16. A row for the embedding is gathered from the
 * panels.
 */
#include <stdlib.h>
#include <string.h>
#include "cpu.h"
#include "transpose.h"

static size_t panel_bytes(enum dtype t, long cols, long depth)
{
    return (size_t)((cols + NR - 1) / NR) * NR *
           (size_t)panel_depth(t, depth) * dtype_size(t);
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

/* A panel of `rows` outputs from rows of its own type. Even rows of bf16 are
 * rows of pairs. */
static void fwd_panel(void *to, const void *from, enum dtype t, long rows,
                      long K)
{
    if (t == DT_F32)
        transpose(to, NR, from, K, rows, K);
    else if (t == DT_F16)
        transpose_16(to, NR, from, K, rows, K);
    else
        transpose(to, NR, from, K / 2, rows, K / 2);
}

/* Column i of a panel. */
static void fwd_column(void *panel, enum dtype t, long i, const void *x, long K)
{
    const uint16_t *h = x;
    uint16_t *to = panel;

    if (t == DT_F32)
        for (long k = 0; k < K; k++)
            ((float *)panel)[k * NR + i] = ((const float *)x)[k];
    else if (t == DT_F16)
        for (long k = 0; k < K; k++)
            to[k * NR + i] = h[k];
    else
        for (long k = 0; k < K; k++)
            to[k / 2 * 2 * NR + 2 * i + k % 2] = h[k];
}

/* Rows [p NR, p NR + NR) of W, transposed: panel[k][j] = W[p NR + j][k]. */
static void fwd_panels(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K;
    float *row = cpu_worker(j->c, worker, W_ROW,
                            (size_t)K * sizeof *row);
    uint16_t *half = cpu_worker(j->c, worker, W_ROW2,
                                (size_t)K * sizeof *row);

    if (!row || !half)
        return;
    for (long p = lo; p < hi; p++) {
        long n = p * NR, rows = w->N - n < NR ? w->N - n : NR;
        void *panel = AT_W(w->fwd, w->t, n * panel_depth(w->t, K));

        if (j->st == w->t && (w->t != DT_BF16 || K % 2 == 0)) {
            fwd_panel(panel, AT(j->src, j->st, n * K), w->t, rows, K);
            continue;
        }
        for (long i = 0; i < rows; i++) {
            const void *x = cpu_row(j->st, j->src, (size_t)((n + i) * K),
                                    (size_t)K, row);

            if (w->t != DT_F32) {
                NAME(narrow)(half, w->t, x, (size_t)K);
                x = half;
            }
            fwd_column(panel, w->t, i, x, K);
        }
    }
}

static void copy_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K;
    float *row = cpu_worker(j->c, worker, W_ROW,
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
        cpu_for(j.c, (w->N + NR - 1) / NR, 4.0 * NR * w->K, fwd_panels,
                &j);
    else
        cpu_for(j.c, w->N, 4.0 * w->K, copy_rows, &j);
}

/* ---- panels of inputs, for dx = dy W ---- */

struct turn {
    const struct k_weight *w;
    void *bwd;
};

/* A block of both kinds of panels: of fp32 and fp16 it is turned over. */
static void turn_block(void *to, const void *from, enum dtype t, long in,
                       long out)
{
    if (t == DT_F32)
        transpose(to, NR, from, NR, in, out);
    else if (t == DT_F16)
        transpose_16(to, NR, from, NR, in, out);
    else
        transpose_pairs(to, from, NR, (in + 1) / 2, (out + 1) / 2);
}

/* Panels of inputs lo to hi. A block of NR inputs by NR outputs lies together
 * in both kinds of panels. */
static void turn_panels(void *ctx, long lo, long hi, int worker)
{
    const struct turn *j = ctx;
    const struct k_weight *w = j->w;
    long N = w->N, K = w->K;
    long dn = panel_depth(w->t, N), dk = panel_depth(w->t, K);

    (void)worker;
    for (long p = lo; p < hi; p++) {
        long k = p * NR, in = K - k < NR ? K - k : NR;

        for (long n = 0; n < N; n += NR) {
            const void *from = AT(w->fwd, w->t, n * dk + k * NR);
            void *to = AT_W(j->bwd, w->t, k * dn + n * NR);
            long out = N - n < NR ? N - n : NR;

            if (in < NR) /* the edge */
                memset(to, 0, (size_t)(panel_depth(w->t, out) * NR) *
                                  dtype_size(w->t));
            turn_block(to, from, w->t, in, out);
        }
    }
}

const void *NAME(weight_inputs)(struct cpu *c, const struct k_weight *w)
{
    struct turn j = {w, cpu_shared(c, S_PANELS,
                                   panel_bytes(w->t, w->K, w->N))};

    if (j.bwd)
        cpu_for(c, (w->K + NR - 1) / NR, 2.0 * NR * w->N, turn_panels,
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
        int lanes = w->t == DT_BF16 ? 2 : 1;
        const void *p =
            AT(w->fwd, w->t,
               n / NR * NR * panel_depth(w->t, K) + n % NR * lanes);

        if (w->t == DT_F32)
            for (long k = 0; k < K; k++)
                dst[k] = ((const float *)p)[k * NR];
        else if (w->t == DT_BF16)
            for (long k = 0; k < K; k++)
                dst[k] = canon_widen_bf16(
                    ((const uint16_t *)p)[k / 2 * 2 * NR + k % 2]);
        else
            for (long k = 0; k < K; k++)
                dst[k] = canon_widen_f16(((const uint16_t *)p)[k * NR]);
    }
}
