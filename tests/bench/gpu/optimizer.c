/* optimizer - AdamW, the gradient's norm, and what an update changed: every
 * value is read once and written once */
#include <stdio.h>
#include "../../../lib/compare/sparsity.h"
#include "gpu.h"

struct update {
    struct kernels *k;
    struct k_adamw h;
    enum dtype wt;
    void *w, *comp, *m, *v;
    float *g;
    size_t n;
    uint64_t *changed; /* CMP_N counts for compare */
    double sum;
    void *after, *other; /* w after an update, and after another or NULL */
};

static int adamw(void *ctx, struct err *e)
{
    struct update *u = ctx;

    (void)e;
    u->k->adamw(u->k, &u->h, u->w, u->wt, u->comp, u->m, u->v, DT_F32, u->g,
                DT_F32, u->n, u->changed);
    return 0;
}

static int sumsq(void *ctx, struct err *e)
{
    struct update *u = ctx;

    (void)e;
    u->sum += u->k->sumsq(u->k, u->g, DT_F32, u->n, NULL);
    return 0;
}

static int compare(void *ctx, struct err *e)
{
    struct update *u = ctx;

    (void)e;
    u->k->compare(u->k, u->changed, u->w, u->wt, u->after, u->wt, u->other,
                  u->wt, u->n, SPARSITY_ETA, SPARSITY_ABS);
    return 0;
}

static void one(struct bench *b, const char *what, enum dtype wt, int kahan,
                int stochastic)
{
    struct update u = {.k = b->k, .wt = wt};
    struct row r = {.what = what, .unit = ROOF_COPY, .target = 0.8};

    u.n = (size_t)bench_size(b, 1 << 28, 4099);
    u.h = (struct k_adamw){.lr = 1e-6f, .beta1 = 0.9f, .beta2 = 0.999f,
                           .eps = 1e-8f, .weight_decay = 0.01f,
                           .bias1 = 0.1f, .bias2 = 0.001f, .grad_scale = 1,
                           .stochastic = stochastic, .seed = 1, .step = 1};
    u.w = bench_random(b, wt, u.n, 0.02);
    u.g = bench_random(b, DT_F32, u.n, 1e-3);
    u.m = bench_alloc(b, u.n * 4);
    u.v = bench_alloc(b, u.n * 4);
    u.changed = bench_alloc(b, sizeof *u.changed);
    u.comp = kahan ? bench_alloc(b, u.n * 2) : NULL;
    r.bytes = (double)u.n * (2 * (double)dtype_size(wt) + 20 + 4 * kahan);
    snprintf(r.shape, sizeof r.shape, "%zu values", u.n);
    bench_measure(b, b->k, &r, adamw, &u, NULL);
    bench_release(b);
}

/* n_after: one update, or two against each other. */
static void unchanged(struct bench *b, const char *what, enum dtype wt,
                      int n_after)
{
    struct update u = {.k = b->k, .wt = wt};
    struct row r = {.what = what, .unit = ROOF_COPY, .target = 0.8};

    u.n = (size_t)bench_size(b, 1 << 28, 4099);
    u.w = bench_random(b, wt, u.n, 0.02);
    u.after = bench_random(b, wt, u.n, 0.02);
    u.other = n_after > 1 ? bench_random(b, wt, u.n, 0.02) : NULL;
    u.changed = bench_alloc(b, CMP_N * sizeof *u.changed);
    r.bytes = (double)u.n * (1 + n_after) * (double)dtype_size(wt);
    snprintf(r.shape, sizeof r.shape, "%zu values", u.n);
    bench_measure(b, b->k, &r, compare, &u, NULL);
    bench_release(b);
}

void bench_optimizer(struct bench *b)
{
    struct update u = {.k = b->k};
    struct row r = {.what = "gradient norm", .unit = ROOF_COPY,
                    .target = 0.8};

    one(b, "AdamW, fp32 master", DT_F32, 0, 0);
    one(b, "AdamW, bf16 master", DT_BF16, 0, 0);
    one(b, "AdamW, bf16 stochastic", DT_BF16, 0, 1);
    one(b, "AdamW, bf16 Kahan", DT_BF16, 1, 0);
    u.n = (size_t)bench_size(b, 1 << 28, 4099);
    u.g = bench_random(b, DT_F32, u.n, 1e-3);
    r.bytes = 4 * (double)u.n;
    snprintf(r.shape, sizeof r.shape, "%zu values", u.n);
    bench_measure(b, b->k, &r, sumsq, &u, NULL);
    bench_release(b);
    unchanged(b, "unchanged weights, fp32", DT_F32, 1);
    unchanged(b, "unchanged weights, bf16", DT_BF16, 1);
    unchanged(b, "unchanged, two updates, bf16", DT_BF16, 2);
}
