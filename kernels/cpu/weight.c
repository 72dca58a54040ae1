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

/* ---- rows come in ---- */

/* Columns at a time: a block of rows and its place in a panel stay in the first
 * cache. Even, so that no pair of bf16 is in two blocks. */
enum { BLOCK = 2048 / NR };

/* Rows [first, first + n) of w, and what is done meanwhile. */
struct job {
    const struct k_weight *w;
    const void *src;
    enum dtype st;
    long first, n;
    void (*also)(void *ctx);
    void *ctx;
};

/* n values, at most BLOCK. */
static void convert(void *to, enum dtype t, const void *src, enum dtype st,
                    long n)
{
    float wide[BLOCK];

    if (st == t)
        memcpy(to, src, (size_t)n * dtype_size(t));
    else if (t == DT_F32)
        NAME(widen)(to, src, st, (size_t)n);
    else
        NAME(narrow)(to, t, cpu_row(st, src, 0, (size_t)n, wide), (size_t)n);
}

/* to[cols][NR] = from[rows][ld] turned over. */
NOINLINE void turn_f32(float *to, const float *from, long ld, long rows, long cols)
{
    transpose(to, NR, from, ld, rows, cols);
}

NOINLINE void turn_16(uint16_t *to, const uint16_t *from, long ld, long rows,
                      long cols)
{
    transpose_16(to, NR, from, ld, rows, cols);
}

/* A block of a panel from rows of its type, at a distance of ld. Rows of bf16
 * are rows of pairs. */
static void turn_rows(void *to, const void *from, long ld, enum dtype t,
                      long rows, long cols)
{
    if (t == DT_F16)
        turn_16(to, from, ld, rows, cols);
    else if (t == DT_F32)
        turn_f32(to, from, ld, rows, cols);
    else
        turn_f32(to, from, ld / 2, rows, (cols + 1) / 2);
}

/* The rows of panel p: panel[k][i] = W[p NR + i][k]. */
static void fwd_panel(const struct job *j, long p)
{
    enum dtype t = j->w->t;
    long K = j->w->K, end = j->first + j->n;
    long from = p * NR > j->first ? p * NR : j->first;
    long rows = (end < (p + 1) * NR ? end : (p + 1) * NR) - from;
    char *to = AT_W(j->w->fwd, t, p * NR * panel_depth(t, K) +
                                      from % NR * (t == DT_BF16 ? 2 : 1));
    int as_it_lies = j->st == t && (t != DT_BF16 || K % 2 == 0);
    float buf[NR * BLOCK];

    for (long k = 0; k < K; k += BLOCK) {
        long cols = K - k < BLOCK ? K - k : BLOCK;
        const void *src = AT(j->src, j->st, (from - j->first) * K + k);

        if (as_it_lies) {
            turn_rows(AT_W(to, t, k * NR), src, K, t, rows, cols);
            continue;
        }
        for (long r = 0; r < rows; r++) {
            convert(AT_W(buf, t, r * BLOCK), t, AT(src, j->st, r * K), j->st,
                    cols);
            if (t == DT_BF16 && cols % 2)
                memset(AT_W(buf, t, r * BLOCK + cols), 0, sizeof(uint16_t));
        }
        turn_rows(AT_W(to, t, k * NR), buf, BLOCK, t, rows, cols);
    }
}

/* 0 is what is done meanwhile, i panel i - 1 of those that have the rows. */
static void fwd_panels(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    if (lo == 0 && j->also)
        j->also(j->ctx);
    for (long i = lo > 0 ? lo : 1; i < hi; i++)
        fwd_panel(j, j->first / NR + i - 1);
}

/* The same of rows that stay rows. */
static void copy_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_weight *w = j->w;
    long K = w->K;

    (void)worker;
    if (lo == 0 && j->also)
        j->also(j->ctx);
    for (long i = lo > 0 ? lo : 1; i < hi; i++)
        for (long k = 0; k < K; k += BLOCK)
            convert(AT_W(w->rows, w->t, (j->first + i - 1) * K + k), w->t,
                    AT(j->src, j->st, (i - 1) * K + k), j->st,
                    K - k < BLOCK ? K - k : BLOCK);
}

void NAME(weight_rows)(struct kernels *k, struct k_weight *w, int first, int n,
                       const void *src, enum dtype st,
                       void (*also)(void *ctx), void *ctx)
{
    struct job j = {w, src, st, first, n, also, ctx};

    if (w->fwd)
        cpu_for(cpu_of(k), (first + n + NR - 1) / NR - first / NR + 1,
                4.0 * NR * w->K, fwd_panels, &j);
    else
        cpu_for(cpu_of(k), n + 1, 4.0 * w->K, copy_rows, &j);
}

OP(void, weight_set)(struct kernels *k, struct k_weight *w, const void *src,
                     enum dtype st)
{
    NAME(weight_rows)(k, w, 0, w->N, src, st, NULL, NULL);
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
        turn_f32(to, from, NR, in, out);
    else if (t == DT_F16)
        turn_16(to, from, NR, in, out);
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
