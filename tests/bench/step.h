/* step - what a training step is, for the programs that time one
 *
 * What dapo-step does: forward and backward of packed sequences in
 * micro-batches, AdamW, and the compute weights made anew. Eight samples share
 * a prompt. Weights are random; "0.5B" has a quarter of Qwen2.5-0.5B's layers
 * and vocabulary. Responses of "tiny, equal" have one length, as those that
 * peers.py calls equal.
 */
#ifndef ULP_BENCH_STEP_H
#define ULP_BENCH_STEP_H
#include <stdlib.h>
#include <string.h>
#include "../../lib/train/adamw.h"
#include "../../lib/train/pretrain.h"

struct shape {
    const char *name;
    struct config c;
    int n, prompt, shortest, longest; /* sequences, tokens */
    int micro, steps;
};

static const struct shape shapes[] = {
    {"tiny",
     {.hidden = 96, .layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 24,
      .ffn = 256, .vocab = 470, .max_pos = 160},
     128, 24, 4, 40, 4096, 10},
    {"0.5B",
     {.hidden = 896, .layers = 6, .heads = 14, .kv_heads = 2, .head_dim = 64,
      .ffn = 4864, .vocab = 151936 / 4, .max_pos = 4096},
     8, 32, 40, 80, 4096, 1},
    {"tiny, equal",
     {.hidden = 96, .layers = 3, .heads = 4, .kv_heads = 2, .head_dim = 24,
      .ffn = 256, .vocab = 470, .max_pos = 160},
     128, 24, 40, 40, 512, 2},
};

static const struct adamw_opts step_opts = {
    .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01,
    .grad_clip = 1};

struct batch {
    int n, *start, *first;
    int32_t *tokens;
    uint64_t *id;
    int32_t *shared;
    float *logp, *dlogp;
};

enum { SAMPLES = 8 };

/* Lengths spread evenly over the responses' range. */
static inline struct batch batch_make(const struct shape *s)
{
    struct batch b = {.n = s->n};
    size_t n = (size_t)s->n, most = n * (size_t)(s->prompt + s->longest);

    b.start = calloc(n + 1, sizeof *b.start);
    b.first = calloc(n, sizeof *b.first);
    b.id = calloc(n, sizeof *b.id);
    b.shared = calloc(n + 1, sizeof *b.shared);
    b.tokens = calloc(most, sizeof *b.tokens);
    b.logp = calloc(most, sizeof *b.logp);
    b.dlogp = calloc(most, sizeof *b.dlogp);
    for (int i = 0; i < s->n; i++) {
        b.first[i] = s->prompt;
        b.shared[i] = i % SAMPLES ? s->prompt : 0;
        b.start[i + 1] = b.start[i] + s->prompt + s->shortest +
                         i * 7 % (s->longest - s->shortest + 1);
    }
    for (int i = 0; i < b.start[s->n]; i++) {
        b.tokens[i] = (int32_t)((uint32_t)i * 2654435761u %
                                (uint32_t)s->c.vocab);
        b.dlogp[i] = (i & 1 ? -1.0f : 1.0f) / (float)b.start[s->n];
    }
    for (int i = 0; i < s->n; i++)
        memcpy(b.tokens + b.start[i], b.tokens + b.start[i / SAMPLES * SAMPLES],
               (size_t)s->prompt * sizeof *b.tokens);
    return b;
}

static inline void batch_drop(struct batch *b)
{
    free(b->start);
    free(b->first);
    free(b->id);
    free(b->shared);
    free(b->tokens);
    free(b->logp);
    free(b->dlogp);
}

static inline int step(struct model *m, struct adamw *a, const struct batch *b,
                int micro, struct err *e)
{
    const struct seqs all = {b->n, b->start, b->tokens, b->first, b->id,
                             b->shared};
    struct adamw_result res;
    int32_t *start = calloc((size_t)b->n + 1, sizeof *start);
    int r = 0;

    model_zero_grads(m);
    for (int i = 0, j; i < b->n && !r; i = j) {
        struct seqs q;
        int at = b->start[i];

        j = seqs_micro(&all, i, micro);
        for (int s = i; s <= j; s++)
            start[s - i] = b->start[s] - at;
        q = (struct seqs){j - i, start, b->tokens + at, b->first + i,
                          b->id + i, b->shared + i};
        r = model_forward(m, &q, 1, 1, 1, b->logp + at, NULL, e);
        if (!r)
            r = model_backward(m, b->dlogp + at, e);
    }
    free(start);
    if (!r)
        r = adamw_update(a, model_grads(m), 1e-6, &res, e);
    return r ? r : model_set(m, a->master, a->arm.master, e);
}

/* Random ones, in the optimizer and in the model. */
static inline int step_weights(struct model *m, struct adamw *a, struct err *e)
{
    size_t n = model_params(m)->n_values;
    float *flat = malloc(n * sizeof *flat);
    int r = flat ? 0 : err_set(e, ERR_IO, "out of memory");

    if (!r) {
        pretrain_init(flat, model_params(m), model_config(m), 0.02, 1);
        r = adamw_set_master(a, flat, e);
    }
    free(flat);
    return r ? r : model_set(m, a->master, a->arm.master, e);
}

/* A shape's model, with what the shapes have in common. */
static inline struct config shape_config(const struct shape *s)
{
    struct config c = s->c;

    c.tied = 1;
    c.arch = &arch_qwen2;
    c.rope_theta = 1e4;
    c.rms_eps = 1e-6;
    c.n_eos = 1;
    return c;
}

#endif
