/* rows - operations that move bytes, and the head, order=hardware in bf16 at
 * the 1.5B model's widths */
#include <stdio.h>
#include <stdlib.h>
#include "gpu.h"

struct rows {
    struct kernels *k;
    struct config c;
    struct k_attn_shape s;
    int T;
    void *x, *y, *dy, *w, *wide, *d_wide;
    float *rstd, *dw, *table;
    int32_t *pos, *tokens;
    struct k_weight *W;
};

static int norm(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->rmsnorm(a->k, DT_BF16, a->y, a->rstd, a->x, a->w, a->T, a->c.hidden,
                  1e-6f);
    return 0;
}

static int norm_bwd(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->rmsnorm_bwd(a->k, DT_BF16, a->y, a->dw, a->dy, a->x, a->w, a->rstd,
                      a->T, a->c.hidden);
    return 0;
}

static int swiglu(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->swiglu(a->k, DT_BF16, a->y, a->wide, a->T, a->c.ffn);
    return 0;
}

static int swiglu_bwd(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->swiglu_bwd(a->k, DT_BF16, a->d_wide, NULL, a->dy, a->wide, a->T,
                     a->c.ffn);
    return 0;
}

static int residual(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->residual(a->k, DT_BF16, a->y, a->x, a->dy, NULL, a->T, a->c.hidden);
    return 0;
}

static int rope(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->rope(a->k, DT_BF16, a->wide, a->pos, a->table, a->s, a->T, 1);
    return 0;
}

static int embed(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->embed(a->k, DT_BF16, a->y, a->tokens, a->W, a->T, a->c.hidden);
    return 0;
}

static int cast(void *ctx, struct err *e)
{
    struct rows *a = ctx;

    (void)e;
    a->k->cast(a->k, a->y, DT_BF16, a->table, DT_F32,
               (size_t)a->T * (size_t)a->c.head_dim);
    return 0;
}

static void indices(struct bench *b, struct rows *a)
{
    size_t n = (size_t)a->T;
    int32_t *pos = malloc(n * sizeof *pos), *tok = malloc(n * sizeof *tok);

    if (!pos || !tok)
        abort();
    for (int i = 0; i < a->T; i++) {
        pos[i] = i % a->c.max_pos;
        tok[i] = (int)((unsigned)i * 2654435761u % (unsigned)a->c.vocab);
    }
    a->pos = bench_alloc(b, n * 4);
    a->tokens = bench_alloc(b, n * 4);
    if (a->pos && a->tokens) {
        b->k->upload(b->k, a->pos, pos, n * 4);
        b->k->upload(b->k, a->tokens, tok, n * 4);
    }
    free(pos);
    free(tok);
}

static void measure(struct bench *b, struct rows *a, const char *what,
                    call_fn *fn, int width, double values)
{
    struct row r = {.what = what, .unit = ROOF_COPY};

    snprintf(r.shape, sizeof r.shape, "%dx%d", a->T, width);
    r.bytes = 2 * (double)a->T * values;
    bench_measure(b, b->k, &r, fn, a, NULL);
}

void bench_rows(struct bench *b)
{
    struct rows a = {.k = b->k, .T = bench_size(b, 16384, 9)};
    struct config *c = &a.c;
    size_t T = (size_t)a.T, H, F, Q;

    if (!bench_config(b, "1.5b", c))
        return;
    H = (size_t)c->hidden;
    F = (size_t)c->ffn;
    a.s = (struct k_attn_shape){c->heads, c->kv_heads, c->head_dim};
    Q = (size_t)((c->heads + 2 * c->kv_heads) * c->head_dim);
    a.x = bench_random(b, DT_BF16, T * H, 1);
    a.w = bench_random(b, DT_BF16, H, 1);
    a.dy = bench_random(b, DT_BF16, T * F, 1);
    a.y = bench_alloc(b, T * F * 2);
    a.wide = bench_random(b, DT_BF16, T * 2 * F, 1);
    a.d_wide = bench_alloc(b, T * 2 * F * 2);
    a.rstd = bench_random(b, DT_F32, T, 1);
    a.dw = bench_alloc(b, H * 4);
    a.table = bench_random(b, DT_F32, T * (size_t)c->head_dim, 0.5);
    a.W = bench_weight(b, b->k, DT_BF16, c->vocab, c->hidden);
    indices(b, &a);
    measure(b, &a, "rmsnorm", norm, c->hidden, 2 * (double)H);
    measure(b, &a, "rmsnorm backward", norm_bwd, c->hidden, 3 * (double)H);
    measure(b, &a, "swiglu", swiglu, c->ffn, 3 * (double)F);
    measure(b, &a, "swiglu backward", swiglu_bwd, c->ffn, 5 * (double)F);
    measure(b, &a, "residual", residual, c->hidden, 3 * (double)H);
    measure(b, &a, "rope", rope, (int)Q,
            2 * (double)((c->heads + c->kv_heads) * c->head_dim));
    measure(b, &a, "embed", embed, c->hidden, 2 * (double)H);
    measure(b, &a, "cast fp32 to bf16", cast, c->head_dim,
            3 * (double)c->head_dim);
    bench_release(b);
}

/* ---- the head ---- */
struct head {
    struct kernels *k;
    int T, V, H;
    struct k_weight *W;
    void *x, *dx;
    float *logp, *lse, *entropy, *dlogp, *dW;
    int32_t *target;
    int32_t *token;    /* host, for head_sample */
    float *u, *host_p;
};

static int logp(void *ctx, struct err *e)
{
    struct head *h = ctx;

    (void)e;
    h->k->head_logp(h->k, DT_BF16, DT_BF16, h->logp, h->lse, h->entropy, h->x, h->W,
                    h->target, 1, h->T, h->V, h->H);
    return 0;
}

static int head_bwd(void *ctx, struct err *e)
{
    struct head *h = ctx;

    (void)e;
    h->k->head_bwd(h->k, DT_BF16, DT_BF16, h->dx, h->dW, h->dlogp, h->lse, h->x, h->W,
                   h->target, 1, 1, h->T, h->V, h->H);
    return 0;
}

static int draw(void *ctx, struct err *e)
{
    struct head *h = ctx;

    (void)e;
    h->k->head_sample(h->k, DT_BF16, DT_BF16, h->token, h->host_p, h->x, h->W, h->u, NULL,
                      (struct k_sample){1, 1, 0}, h->T, h->V, h->H);
    return 0;
}

static void open_head(struct bench *b, struct head *h)
{
    size_t T = (size_t)h->T, V = (size_t)h->V, H = (size_t)h->H;
    int32_t *target;

    h->x = bench_random(b, DT_BF16, T * H, 1);
    h->dx = bench_alloc(b, T * H * 2);
    h->dW = bench_alloc(b, V * H * 4);
    h->logp = bench_alloc(b, T * 4);
    h->lse = bench_alloc(b, T * 4);
    h->entropy = bench_alloc(b, T * 4);
    h->dlogp = bench_random(b, DT_F32, T, 1e-3);
    h->target = bench_alloc(b, T * 4);
    h->W = bench_weight(b, b->k, DT_BF16, h->V, h->H);
    h->token = target = malloc(T * 4);
    h->u = malloc(T * 4);
    h->host_p = malloc(T * 4);
    if (!target || !h->u || !h->host_p)
        abort();
    for (int i = 0; i < h->T; i++) {
        target[i] = (int32_t)((unsigned)i * 2654435761u % (unsigned)h->V);
        h->u[i] = (float)((i * 37 + 11) % 997) / 997;
    }
    if (h->target)
        b->k->upload(b->k, h->target, target, T * 4);
}

static void close_head(struct bench *b, struct head *h)
{
    bench_release(b);
    free(h->token);
    free(h->u);
    free(h->host_p);
}

void bench_head(struct bench *b)
{
    static const int batch[] = {64, 256, 512};
    struct config c;
    struct row r = {.unit = ROOF_BF16};
    struct head h = {.k = b->k, .T = bench_size(b, 8192, 9)};
    double T = h.T, V, H;

    if (!bench_config(b, "1.5b", &c))
        return;
    h.V = c.vocab;
    h.H = c.hidden;
    V = h.V;
    H = h.H;
    open_head(b, &h);
    snprintf(r.shape, sizeof r.shape, "%dx%dx%d", h.T, h.V, h.H);
    r.what = "head log-probabilities";
    r.flops = 2 * T * V * H;
    r.bytes = 2 * (T * H + V * H);
    bench_measure(b, b->k, &r, logp, &h, NULL);
    r.what = "head backward";
    r.flops = 6 * T * V * H; /* the logits again, dx, dW */
    r.bytes = 2 * (2 * T * H + V * H) + 8 * V * H;
    bench_measure(b, b->k, &r, head_bwd, &h, NULL);
    close_head(b, &h);
    for (int i = 0; i < 3; i++) {
        h = (struct head){.k = b->k, .T = bench_size(b, batch[i], 3 + i),
                          .V = c.vocab, .H = c.hidden};
        open_head(b, &h);
        r = (struct row){.what = "head sampling", .unit = ROOF_BF16};
        snprintf(r.shape, sizeof r.shape, "%dx%dx%d", h.T, h.V, h.H);
        r.flops = 2.0 * h.T * V * H;
        r.bytes = 2 * V * H;
        bench_measure(b, b->k, &r, draw, &h, NULL);
        close_head(b, &h);
    }
}
