/* gradient - shards one after the other, and their sum; see gradient.h */
#include "gradient.h"

void gradient_open(struct gradient *g, struct model *m, struct kernels *k,
                   const struct arm *a)
{
    *g = (struct gradient){.m = m, .k = k, .arm = *a};
}

/* Sequences [from, to), in micro-batches. */
static int one_shard(struct gradient *g, const struct pack *p, int from, int to,
                     const struct gradient_work *w, struct err *e)
{
    int r = 0;

    model_zero_grads(g->m);
    for (int a = from, b; a < to && !r; a = b) {
        b = pack_micro(p, a, to, w->micro_tokens);
        r = w->micro_batch(w->ctx, a, b, e);
    }
    return r;
}

/* The model's gradient is complete. */
static int join(struct gradient *g, struct err *e)
{
    struct kernels *k = g->k;
    size_t n = model_params(g->m)->n_values;
    size_t bytes = n * dtype_size(g->arm.grads);

    if (g->arm.shards == 1)
        return 0;
    if (!g->sum)
        g->sum = k->alloc(k, bytes, e);
    if (!g->sum)
        return err_prefix(e, "the sum of the shards' gradients");
    if (g->joined++)
        k->add(k, g->arm.grads, g->sum, g->sum, model_grads(g->m), n);
    else
        k->copy(k, g->sum, model_grads(g->m), bytes);
    return k->sync(k, e);
}

int gradient_make(struct gradient *g, const struct pack *p, int from,
                  const int *end, const struct gradient_work *w, struct err *e)
{
    int r = 0;

    g->joined = 0;
    for (int k = 0; k < g->arm.shards && !r; from = end[k++]) {
        if (from == end[k])
            continue;
        r = one_shard(g, p, from, end[k], w, e);
        if (!r)
            r = join(g, e);
    }
    return r;
}

void *gradient_get(struct gradient *g)
{
    return g->sum ? g->sum : model_grads(g->m);
}

void gradient_trim(struct gradient *g)
{
    if (g->sum)
        g->k->free(g->k, g->sum);
    g->sum = NULL;
}
