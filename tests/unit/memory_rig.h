/* memory_rig - one update of a model of random weights, on any backend, and
 * what it held at most: beside what plan_memory says */
#ifndef ULP_MEMORY_RIG_H
#define ULP_MEMORY_RIG_H
#include "../../lib/base/rng.h"
#include "../../lib/model/pack.h"
#include "../../lib/train/plan.h"
#include "../../lib/train/pretrain.h"
#include "../../lib/train/gradient.h"
#include "../../lib/train/adamw.h"
#include "t.h"

struct rig_case {
    const char *name, *arm;
    struct config c;
    int micro, longest, recompute, offload;
    int threads; /* 0: a device, whose trainer releases while it waits */
    int same;    /* tokens that all sequences begin with, else two */
};

/* hidden, layers, heads, kv heads, ffn, vocabulary */
#define RIG_SHAPE(H, L, A, KV, F, V) RIG_OF(arch_qwen2, H, L, A, KV, F, V)
#define RIG_OF(family, H, L, A, KV, F, V)                                      \
    {                                                                          \
        .hidden = H, .layers = L, .heads = A, .kv_heads = KV,                  \
        .head_dim = H / A, .ffn = F, .vocab = V, .max_pos = 1024, .tied = 1,   \
        .arch = &family, .rope_theta = 10000, .rms_eps = 1e-6, .n_eos = 1      \
    }

struct rig {
    struct kernels *k;
    struct model *m;
    struct adamw *a;
    struct gradient g;
    struct arm arm;
};

/* A sanitizer takes minutes for what else takes seconds: fewer cases then. */
static inline int rig_sanitized(void)
{
    const char *san = getenv("SAN");

    return san && !strcmp(san, "1");
}

static inline void rig_open(struct rig *t, const struct rig_case *x,
                            struct kernels *k)
{
    const struct adamw_opts o = {0.9, 0.999,      1e-8, 0.01, 0,
                                 1,   x->offload, 0,    0};
    struct err e = {0};
    const struct params *p;
    float *w;

    t->k = k;
    if (arm_parse(&t->arm, x->arm, &e) ||
        model_open(&t->m, &x->c, &t->arm, k,
                   MODEL_TRAIN | MODEL_LATER |
                       (x->recompute ? MODEL_RECOMPUTE : 0),
                   &e) ||
        adamw_open(&t->a, k, model_params(t->m), &t->arm, &o, &e) ||
        model_attach(t->m, t->a->master, t->arm.master, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        exit(1);
    }
    gradient_open(&t->g, t->m, k, &t->arm, &t->a->s);
    p = model_params(t->m);
    w = calloc(p->n_values, sizeof *w);
    pretrain_init(w, p, &x->c, 0.05, 1);
    T_EQ_INT(adamw_set_master(t->a, w, &e), 0);
    T_EQ_INT(model_set(t->m, t->a->master, t->arm.master, &e), 0);
    free(w);
}

static inline void rig_close(struct rig *t)
{
    gradient_trim(&t->g);
    adamw_close(&t->a);
    model_close(&t->m);
}

/* Sequences from half the longest to the longest, the last one cut to what
 * the micro-batch leaves. With `same` all of the longest. */
static inline void rig_fill(struct pack *p, const struct rig_case *x)
{
    int32_t tokens[1024] = {1, 2};
    struct rng r;

    rng_init(&r, 3, 3);
    for (int i = 0, left = x->micro - x->same; x->same && left > 0; i++) {
        for (int j = i ? x->same : 0; j < x->longest; j++)
            tokens[j] = rng_range(&r, 0, x->c.vocab - 1);
        pack_add(p, tokens, x->longest, 2, (uint64_t)i);
        pack_share(p);
        left -= x->longest - x->same;
    }
    for (int n = x->longest, i = 0, left = x->same ? 0 : x->micro; left > 2;
         i++) {
        n = n < left ? n : left;
        for (int j = 2; j < n; j++)
            tokens[j] = rng_range(&r, 0, x->c.vocab - 1);
        pack_add(p, tokens, n, 2, (uint64_t)i);
        pack_share(p); /* a prompt of two tokens: of all, the least is shared */
        left -= n;
        n = rng_range(&r, x->longest / 2, x->longest);
    }
}

struct rig_batch {
    struct rig *t;
    struct pack p;
    float *logp;
};

static inline int rig_pass(void *ctx, int a, int b, struct err *e)
{
    struct rig_batch *x = ctx;
    struct seqs q = pack_view(&x->p, a, b);
    int r = model_forward(x->t->m, &q, 1, 1, 0, x->logp, NULL, e);

    return r ? r : model_backward(x->t->m, x->logp, e);
}

/* A micro-batch forward and backward, the update, the new weights. All
 * sequences are one group, which is one shard; the others are empty. */
static inline void rig_update(struct rig *t, const struct rig_case *x)
{
    struct rig_batch b = {.t = t};
    struct gradient_work w = {rig_pass, &b, SIZE_MAX};
    struct adamw_result res;
    struct err e = {0};
    int end[ARM_SHARDS];

    rig_fill(&b.p, x);
    for (int i = 0; i < t->arm.shards; i++)
        end[i] = b.p.n;
    b.logp = calloc(b.p.n_tokens, sizeof *b.logp);
    if (gradient_make(&t->g, &b.p, 0, end, &w, &e) ||
        adamw_update(t->a, gradient_get(&t->g), 1e-3, &res, &e) ||
        model_set(t->m, t->a->master, t->arm.master, &e))
        t_fail(__FILE__, __LINE__, "%s: %s", x->name, e.msg);
    free(b.logp);
    pack_free(&b.p);
}

static inline void rig_plan(struct plan_memory *p, const struct rig_case *x,
                            const struct arm *a, const struct k_sizes *s)
{
    plan_memory(p, &x->c, a, s,
                (struct plan_shape){.micro_batch = x->micro,
                                    .longest = x->longest,
                                    .recompute = x->recompute,
                                    .offload = x->offload,
                                    .release = x->threads == 0,
                                    .batch = 1});
}

static inline int rig_drop(void *ctx, const void *p, size_t n, struct err *e)
{
    (void)ctx, (void)p, (void)n, (void)e;
    return 0;
}

/* The weights go to a sampler. */
static inline void rig_send(struct rig *t, const struct rig_case *x)
{
    struct err e = {0};

    if (!x->threads) {
        gradient_trim(&t->g);
        model_trim(t->m);
    }
    T_EQ_INT(adamw_compute_weights(t->a, t->arm.compute, rig_drop, NULL, &e),
             0);
}

/* Within a tenth, whole, and activations with scratch alone. SHOW=1 in the
 * environment prints the figures. */
static inline void rig_compare(const struct rig_case *x, struct kernels *k)
{
    struct k_memory opened, after;
    struct plan_memory p;
    struct rig t;
    double passes, planned, whole;

    rig_open(&t, x, k);
    rig_plan(&p, x, &t.arm, &k->sizes);
    k->trim(k);
    k->memory(k, &opened);
    rig_update(&t, x);
    k->memory(k, &after);
    passes = (double)(after.peak - opened.now - p.m.grads - p.sum);
    planned = (double)(p.m.acts + p.m.scratch);
    rig_send(&t, x);
    k->memory(k, &after);
    whole = (double)after.peak;
    if (getenv("SHOW"))
        printf("%-26s whole %9.0f planned %9zu, passes %9.0f planned %9.0f\n",
               x->name, whole, p.training, passes, planned);
    if (x->same) {
        p.training += p.m.branching;
        planned += (double)p.m.branching;
    }
    T_CHECKF(fabs((double)p.training / whole - 1) <= 0.1,
             "%s: planned %zu, measured %.0f", x->name, p.training, whole);
    T_CHECKF(fabs(planned / passes - 1) <= 0.1,
             "%s: activations and scratch planned %.0f, measured %.0f", x->name,
             planned, passes);
    rig_close(&t);
}

/* AdamW on a tensor at once, and in pieces of it: the same bits, random words
 * of stochastic rounding included. */
static inline void rig_pieces(struct kernels *k)
{
    enum { N = 1000 };
    static const size_t cut[] = {0, 64, 520, N};
    struct k_adamw h = {.lr = 1e-2f,
                        .beta1 = 0.9f,
                        .beta2 = 0.99f,
                        .eps = 1e-8f,
                        .bias1 = 0.1f,
                        .bias2 = 0.01f,
                        .grad_scale = 1,
                        .stochastic = 1,
                        .seed = 5,
                        .step = 3,
                        .tensor = 2};
    struct err e = {0};
    float host[N], *state[2], *g;
    uint16_t *w[2], got[2][N];

    for (int i = 0; i < N; i++)
        host[i] = (float)(i % 37 - 18) / 16;
    g = k->alloc(k, sizeof host, &e);
    k->upload(k, g, host, sizeof host);
    for (int t = 0; t < 2; t++) {
        w[t] = k->alloc(k, N * sizeof **w, &e);
        state[t] = k->alloc(k, 2 * sizeof host, &e);
        k->cast(k, w[t], DT_BF16, g, DT_F32, N);
        for (int i = 0; i < (t ? 3 : 1); i++) {
            size_t at = t ? cut[i] : 0, n = t ? cut[i + 1] - at : N;

            h.first = at;
            k->adamw(k, &h, w[t] + at, DT_BF16, NULL, state[t] + at,
                     state[t] + N + at, DT_F32, g + at, DT_F32, n, NULL);
        }
        k->download(k, got[t], w[t], sizeof got[t]);
        k->free(k, w[t]);
        k->free(k, state[t]);
    }
    k->free(k, g);
    T_EQ_INT(k->sync(k, &e), 0);
    T_CHECK(!memcmp(got[0], got[1], sizeof got[0]));
}

#endif
