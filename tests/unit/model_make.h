/* model_make - small random models and batches for the tests of lib/model */
#ifndef ULP_MODEL_MAKE_H
#define ULP_MODEL_MAKE_H
#include "t.h"
#include "../../lib/base/rng.h"
#include "../../kernels/canon.h"
#include "../../lib/model/files.h"
#include "../../lib/model/finite.h"
#include "../../lib/model/model.h"

#define MUST(call)                                                             \
    do {                                                                       \
        if ((call) < 0) {                                                      \
            printf("not ok %s: %s\n", #call, e.msg);                           \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

static struct err e;

__attribute__((unused)) static struct config make_config(int H, int heads,
                                                         int kv, int V)
{
    return (struct config){.hidden = H,
                           .layers = 2,
                           .heads = heads,
                           .kv_heads = kv,
                           .head_dim = H / heads,
                           .ffn = H + H / 2,
                           .vocab = V,
                           .max_pos = 512,
                           .arch = &arch_qwen2,
                           .rope_theta = 1e4,
                           .rms_eps = 1e-6};
}

/* Weights large enough that every tensor matters: n_values floats. */
__attribute__((unused)) static float *make_flat(const struct config *c,
                                                uint64_t seed)
{
    struct params p;
    float *w;
    struct rng r;

    MUST(params_list(&p, c, &e));
    w = malloc(p.n_values * sizeof *w);
    rng_init(&r, seed, 7);
    for (int i = 0; i < p.n; i++)
        for (size_t j = 0; j < p.v[i].n; j++)
            w[p.v[i].offset + j] =
                p.v[i].kind == KIND_NORM
                    ? (float)(1 + 0.2 * rng_normal(&r))
                    : (float)(rng_normal(&r) *
                              (p.v[i].kind == KIND_BIAS ? 0.3 : 0.2));
    params_free(&p);
    return w;
}

/* DIR's tensors into a flat array of type t, rounded to nearest even. */
__attribute__((unused)) static void
make_read(const char *dir, const struct params *p, enum dtype t, void *flat)
{
    static const char *const plain[] = {""};
    struct st_file *f;

    MUST(model_files(&f, dir, p, plain, 1, &e));
    for (int i = 0; i < p->n; i++) {
        const struct st_tensor *x = model_tensor(f, "", &p->v[i]);

        for (size_t j = 0; j < x->n; j++) {
            float v = finite_value(x->data, x->type, j);
            uint16_t h = canon_round_bf16(v);
            char *at = (char *)flat + (p->v[i].offset + j) * dtype_size(t);

            memcpy(at, t == DT_F32 ? (void *)&v : (void *)&h, dtype_size(t));
        }
    }
    MUST(st_close(&f, 0, &e));
}

struct made {
    struct kernels *k;
    struct model *m;
    struct arm arm;
};

__attribute__((unused)) static struct made make_model(const struct config *c,
                                                      const char *arm,
                                                      const float *flat,
                                                      int threads, int flags)
{
    struct made x;

    MUST(arm_parse(&x.arm, arm, &e));
    MUST(kernels_open(&x.k, "cpu", threads, x.arm.order.k, &e));
    MUST(model_open(&x.m, c, &x.arm, x.k, flags, &e));
    MUST(model_set_host(x.m, flat, DT_F32, &e));
    return x;
}

__attribute__((unused)) static void drop_model(struct made *x)
{
    model_close(&x->m);
    kernels_close(&x->k);
}

/* n sequences of the given lengths, scored from length / 3 + 1. */
struct batch {
    struct seqs s;
    int32_t start[65], first[64];
    uint64_t id[64];
    int32_t *tokens;
    int n_tokens;
};

__attribute__((unused)) static struct batch *make_batch(const int *len, int n,
                                                        int V, uint64_t seed)
{
    struct batch *b = calloc(1, sizeof *b);
    struct rng r;

    rng_init(&r, seed, 9);
    for (int i = 0; i < n; i++) {
        b->start[i + 1] = b->start[i] + len[i];
        b->first[i] = len[i] / 3 + 1;
        if (b->first[i] > len[i])
            b->first[i] = len[i];
        b->id[i] = rng_u64(&r);
    }
    b->n_tokens = b->start[n];
    b->tokens = malloc(sizeof *b->tokens * (size_t)b->n_tokens);
    for (int i = 0; i < b->n_tokens; i++)
        b->tokens[i] = (int32_t)rng_below(&r, (uint32_t)V);
    b->s = (struct seqs){n, b->start, b->tokens, b->first, b->id, NULL};
    return b;
}

__attribute__((unused)) static void drop_batch(struct batch *b)
{
    free(b->tokens);
    free(b);
}

/* Sequences [i, j) of b as a batch of their own; lends b's arrays. */
__attribute__((unused)) static struct seqs view(const struct batch *b, int i,
                                                int j, int32_t *start)
{
    for (int q = i; q <= j; q++)
        start[q - i] = b->start[q] - b->start[i];
    return (struct seqs){
        j - i,        start,     b->tokens + b->start[i],
        b->first + i, b->id + i, b->s.shared ? b->s.shared + i : NULL};
}

#endif
