/* train - a training step of a whole model at 2048-token sequences: forward,
 * backward and AdamW; model FLOPs (three forward passes' worth) a second,
 * held against the measured bf16 rate */
#include <stdlib.h>
#include <string.h>
#include "../../../lib/train/adamw.h"
#include "models.h"

struct step {
    struct model *m;
    struct adamw *a;
    struct seqs q;
    int32_t *start, *tokens, *first;
    float *logp, *dlogp;
    int micro; /* micro-batches in a step */
};

static int forward_backward(struct step *s, struct err *e)
{
    int r = 0;

    for (int i = 0; i < s->micro && !r; i++) {
        r = model_forward(s->m, &s->q, 1, 1, 1, s->logp, NULL, e);
        if (!r)
            r = model_backward(s->m, s->dlogp, e);
    }
    return r;
}

static int pass(void *ctx, struct err *e)
{
    struct step *s = ctx;

    model_zero_grads(s->m);
    return forward_backward(s, e);
}

static int update(void *ctx, struct err *e)
{
    struct step *s = ctx;
    struct adamw_result res;
    int r = adamw_update(s->a, model_grads(s->m), 1e-6, &res, e);

    return r ? r : model_set(s->m, s->a->master, s->a->arm.master, e);
}

static int whole(void *ctx, struct err *e)
{
    int r = pass(ctx, e);

    return r ? r : update(ctx, e);
}

static void fill(struct step *s, const struct config *c, int n, int len)
{
    size_t T = (size_t)n * (size_t)len;

    s->start = calloc((size_t)n + 1, sizeof *s->start);
    s->first = calloc((size_t)n, sizeof *s->first);
    s->tokens = calloc(T, sizeof *s->tokens);
    s->logp = calloc(T, sizeof *s->logp);
    s->dlogp = calloc(T, sizeof *s->dlogp);
    if (!s->start || !s->first || !s->tokens || !s->logp || !s->dlogp)
        abort();
    for (int i = 0; i < n; i++) {
        s->start[i + 1] = (i + 1) * len;
        s->first[i] = 1; /* every token but the first has a loss */
    }
    for (size_t i = 0; i < T; i++) {
        s->tokens[i] = (int32_t)((i * 2654435761u >> 7) % (size_t)c->vocab);
        s->dlogp[i] = (i % 3 ? 1.0f : -1.0f) / (float)T;
    }
    s->q = (struct seqs){n, s->start, s->tokens, s->first, NULL,
                          NULL};
}

static void drop(struct step *s)
{
    adamw_close(&s->a);
    model_close(&s->m);
    free(s->start);
    free(s->first);
    free(s->tokens);
    free(s->logp);
    free(s->dlogp);
}

static int open_step(struct bench *b, struct step *s, const struct config *c,
                     const char *arm, int flags, struct err *e)
{
    const struct adamw_opts o = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8,
                                 .weight_decay = 0.01, .grad_clip = 1,
                                 .seed = 1};
    struct arm a;
    float *flat;
    int r = arm_parse(&a, arm, e);

    if (!r)
        r = model_open(&s->m, c, &a, b->k, MODEL_TRAIN | flags, e);
    if (!r)
        r = adamw_open(&s->a, b->k, model_params(s->m), &a, &o, e);
    if (r)
        return r;
    flat = models_weights(model_params(s->m), DT_F32, e);
    r = flat ? adamw_set_master(s->a, flat, e) : -e->code;
    free(flat);
    return r ? r : model_set(s->m, s->a->master, a.master, e);
}

/* n sequences a micro-batch; `layers` of the model's (0: all). */
static void measure(struct bench *b, const char *size, const char *arm,
                    int flags, int layers, int n, int len, double target)
{
    struct config c;
    struct step s = {.micro = bench_size(b, 4, 1)};
    int half = strncmp(arm, "fp32", 4) != 0;
    struct row r = {.unit = half ? ROOF_BF16 : ROOF_FP32, .target = target};
    struct k_memory mem = {0};
    struct err e = {0};
    double tokens;
    char name[48];

    if (!bench_config(b, size, &c))
        abort();
    c.layers = layers && !b->toy ? layers : c.layers;
    if (layers)
        snprintf(name, sizeof name, "%s, %d layers, step", size, c.layers);
    else
        snprintf(name, sizeof name, "%s step%s, %.*s", size,
                 flags & MODEL_RECOMPUTE ? ", recomputed" : "",
                 half ? (int)strcspn(arm, ",") : 40,
                 half ? arm : "fp32 canonical");
    r.what = name;
    fill(&s, &c, n, len);
    tokens = (double)s.micro * n * len;
    snprintf(r.shape, sizeof r.shape, "%d x %d x %d tokens", s.micro, n, len);
    r.flops = 3.0 * s.micro * models_flops(&c, n, len, 1);
    r.items = tokens;
    if (open_step(b, &s, &c, arm, flags, &e)) {
        bench_failed(b, &r, &e);
        drop(&s);
        return;
    }
    if (!bench_measure(b, b->k, &r, whole, &s, NULL) && !layers) {
        r.target = 0;
        r.items = 0;
        r.what = "  its passes";
        bench_measure(b, b->k, &r, pass, &s, NULL);
        r = (struct row){.what = "  its update", .unit = ROOF_COPY};
        snprintf(r.shape, sizeof r.shape, "%zu values",
                 model_params(s.m)->n_values);
        r.bytes = (double)model_params(s.m)->n_values *
                  (4 + 20 + 2.0 * (double)dtype_size(s.a->arm.master) +
                   (double)dtype_size(s.a->arm.master) + 2);
        bench_measure(b, b->k, &r, update, &s, NULL);
        b->k->memory(b->k, &mem);
        if (!b->toy)
            printf("  most device memory held: %.2f GiB\n",
                   (double)mem.peak / 0x1p30);
    }
    drop(&s);
}

/* The zero-noise arm: fp32 in canonical order. */
static void canonical(struct bench *b, const char *size, int n, int len)
{
    const struct k_order order = {ORDER_CANONICAL, 0};
    struct bench c = *b;
    struct err e = {0};

    if (kernels_open(&c.k, "cuda", 0, order, &e)) {
        bench_failed(b, &(struct row){.what = "canonical order"}, &e);
        return;
    }
    measure(&c, size, "fp32", 0, 0, n, len, 0);
    kernels_close(&c.k);
    b->n_failed = c.n_failed;
}

void bench_train(struct bench *b, const char *size)
{
    int len = bench_size(b, 2048, 6);

    if (!strcmp(size, "7b")) {
        /* its optimizer state alone is larger than one card */
        measure(b, size, "bf16-mixed,order=hardware", 0, 4,
                bench_size(b, 4, 2), len, 0);
        return;
    }
    measure(b, size, "bf16-mixed,order=hardware", 0, 0, bench_size(b, 8, 2),
            len, strcmp(size, "1.5b") ? 0 : 0.45);
    if (strcmp(size, "1.5b"))
        return;
    measure(b, size, "bf16,order=hardware,dropout=0", 0, 0,
            bench_size(b, 8, 2), len, 0);
    measure(b, size, "bf16-mixed,order=hardware", MODEL_RECOMPUTE, 0,
            bench_size(b, 8, 2), len, 0);
    canonical(b, size, bench_size(b, 2, 1), len);
}
