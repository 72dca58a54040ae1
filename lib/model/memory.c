/* memory - what a model and its passes take on a device, from shapes alone,
 * and giving it back between passes; see model.h */
#include "../base/larger.h"
#include "impl.h"

/* ---- from shapes ---- */

static size_t matrices(const struct config *c, enum dtype t,
                       const struct k_sizes *s, int train)
{
    struct params_walk w = {.c = c};
    struct fused f;
    size_t sum = 0;

    while (params_next_fused(&w, &f))
        if (f.K)
            sum += s->weight(s, t, f.N, f.K,
                             model_uses(f.role, c->tied, train));
    return sum;
}

/* Of a model that gathers: two layers, and the larger of embedding and head. */
static size_t gathered(const struct config *c, enum dtype t,
                       const struct k_sizes *s, int train)
{
    struct params_walk w = {.c = c};
    struct fused f;
    size_t layers = 0, outside = 0;

    while (params_next_fused(&w, &f)) {
        size_t n = f.K ? s->weight(s, t, f.N, f.K,
                                   model_uses(f.role, c->tied, train))
                       : 0;

        if (f.layer < 0)
            outside = larger(outside, n);
        else if (f.layer < 2)
            layers += n;
    }
    return layers + outside;
}

static size_t rope(const struct config *c, int longest)
{
    return 4 * (size_t)model_rope_room(0, longest) * (size_t)c->head_dim;
}

/* Memory of the partial gradients of unfinished rows, before and after a
 * pass. */
static size_t kept(const struct config *c, int rows)
{
    return 2 * sizeof(float) * kept_values(c, rows);
}

static size_t activations(const struct config *c, const struct arm *a,
                          struct acts_shape shape)
{
    struct acts acts;

    acts_layout(&acts, c, a->compute, shape);
    return acts.bytes;
}

/* The same of training. Where samples share prefixes attention's rows are
 * taken to be those of the pass, and the unfinished rows a quarter of the
 * longest sequence; `most`: what micro.h lets them be, and the whole of it. */
static size_t training(const struct config *c, const struct arm *a,
                       struct acts_shape shape, int longest, int most)
{
    shape.E = a->apart ? 0 : most ? 4 * shape.T : shape.T;
    return activations(c, a, shape) +
           (a->apart ? 0 : kept(c, most ? longest : longest / 4));
}

void model_memory(struct model_memory *p, const struct config *c,
                  const struct arm *a, const struct k_sizes *s,
                  struct model_use u)
{
    int train = u.flags & MODEL_TRAIN;
    /* last tokens have no row */
    int ends = !train ? 0 : u.seqs < u.tokens / 2 ? u.seqs : u.tokens / 2;
    int rows = u.tokens - ends;
    struct acts_shape shape = {
        .T = rows, .R = rows, .S = u.seqs, .head_rows = !!train};
    struct k_pass pass = {
        .t = a->compute,
        .lt = a->head_fp32 ? DT_F32 : a->compute,
        .T = rows,
        .R = rows,
        .longest = u.longest,
        .n_seqs = u.seqs,
        .hidden = c->hidden,
        .ffn = c->ffn,
        .vocab = c->vocab,
        .attn = model_heads(c),
        .head_norms = arch_has(c->arch, ROLE_Q_NORM),
        .backward = train,
    };
    struct model_plan plan;

    if (train)
        shape.keep = u.flags & MODEL_RECOMPUTE ? KEEP_INPUTS : KEEP_ALL;
    model_plan(&plan, c, a, 1);
    pass.n_params = plan.n_params;
    *p = (struct model_memory){
        .n_params = plan.n_params,
        .weights =
            (u.flags & MODEL_LATER && s->can.views && a->master == a->compute
                 ? 0
             : u.flags & MODEL_GATHER ? gathered(c, a->compute, s, train)
                                      : matrices(c, a->compute, s, train)) +
            params_sizes(c).vectors * dtype_size(a->compute) +
            rope(c, u.longest),
        .grads = train ? plan.grad_bytes : 0,
        .acts = train ? training(c, a, shape, u.longest, 0)
                      : activations(c, a, shape),
        .scratch = s->scratch(s, &pass),
    };
    if (train)
        p->branching = training(c, a, shape, u.longest, 1) - p->acts;
}

/* ---- and back ---- */

void model_release_kv(struct model *m)
{
    if (m->kv)
        m->k->kv_free(m->k, m->kv);
    m->kv = NULL;
    m->kv_slots = 0;
}

void model_trim(struct model *m)
{
    struct kernels *k = m->k;

    k->free(k, m->arena);
    m->arena = NULL;
    m->arena_bytes = 0;
    m->shape = (struct acts_shape){0};
    model_free_grads(m);
    k->free(k, m->kept_before);
    k->free(k, m->kept_after);
    m->kept_before = m->kept_after = NULL;
    m->kept_before_n = m->kept_after_n = 0;
    m->kept.rows = m->kept.summed = m->kept.n = 0;
    model_release_kv(m);
    k->trim(k);
}
