/* impl - what the files of lib/model share about a model's inside */
#ifndef ULP_MODEL_IMPL_H
#define ULP_MODEL_IMPL_H
#include "layout.h"
#include "model.h"
#include "safetensors.h"

/* A matrix or vector as the kernels see it. */
struct weight {
    struct fused f;
    struct k_weight *w; /* of a matrix */
    void *vec;          /* of a vector */
};

/* The working memory of one pass: offsets in bytes into the arena. Pieces
 * with a *_step exist once a layer, that far apart, where they are kept. */
struct acts {
    struct layout rows;
    size_t ints; /* the layout's */
    size_t row_id, head_id;
    size_t x, x_step;     /* [T][H]: the input of each layer, and the output */
    size_t mid, mid_step; /* [T][H]: after attention */
    size_t norm, rstd, proj;                          /* scratch */
    size_t qkv, qkv_step, ao, ao_step, lse, lse_step; /* attention */
    size_t turned, qk_rstd; /* qkv that attention sees, of one layer, where that
                               is not what is kept; of q's heads, of k's */
    size_t gu, gu_step, act;  /* mlp */
    size_t attn_qkv, attn_ao; /* scratch of attention rows: qkv, output */
    size_t head_n, head_rstd, logp, head_lse, entropy, dlogp;
    /* backward: of rows, of normalised rows, of a layer's fused products, and
     * of what goes into its products back to rows */
    size_t d_x, d_n, d_fused, d_inner;
    size_t attn_dao, attn_dqkv; /* of attention rows */
    size_t bytes;
};

/* The pieces are asked for one after the other by the part that uses them. */
struct room {
    const struct config *c;
    struct acts_shape s;
    size_t size; /* of a value */
    size_t rows; /* the larger of T and R */
    int all;     /* what a layer keeps is kept of each */
    size_t end;
};
size_t room_take(struct room *r, size_t bytes);
/* n copies at a distance of *step when kept; else one copy and step 0. */
size_t room_take_n(struct room *r, size_t *step, size_t bytes, int n, int keep);

/* ---- room.c ---- */
/* Host memory of the model for n values; lent until the next call. */
float *model_host_f(struct model *m, size_t n);
int32_t *model_host(struct model *m, size_t n);

/* Of the partial gradients of unfinished rows: their keys and values. */
static inline size_t kept_values(const struct config *c, int rows)
{
    return (size_t)c->layers * (size_t)rows * 2 * (size_t)config_dim(c, DIM_KV);
}

/* Places of all pieces of a pass of shape s in compute type t; a->bytes is
 * what the arena must have. */
void acts_layout(struct acts *a, const struct config *c, enum dtype t,
                 struct acts_shape s);

struct model {
    struct config c;
    struct arm arm;
    struct kernels *k;
    struct params p;
    int flags;
    enum dtype t, lt; /* lt: of the logits */

    struct weight *weight; /* [p.n_fused], in flat order */
    /* By layer and role: NULL where the family has none. Of roles outside the
     * layers the first layer's count; head = embed when tied. */
    struct weight *(*of)[N_ROLES];
    char *vectors;         /* device: norms and biases */
    int attached;          /* the matrices lie in master */
    struct gather *gather; /* they come and go (gather.c); NULL: they stay */
    char *flat;            /* host: the compute weights, MODEL_PARK */
    int parked;            /* they are nowhere else */

    /* of arm.grads (grads.c) */
    char *grads;        /* flat, MODEL_TRAIN; NULL when not needed yet */
    int grads_lent;     /* they are the caller's memory */
    char *embed_grads;  /* tied: the embedding rows' share; bf16: the head's */
    int embed_pending;  /* embed_grads is not in grads yet */
    int grads_fresh;    /* no micro-batch has given any */
    int grads_stale;    /* to be zeroed, after before_grads is called */
    float *grad_sums;   /* bf16: of one matrix, then of one vector */
    size_t grad_vector; /* where that is */
    char *grad_rounded;
    void (*before_grads)(void *ctx); /* or NULL */
    void *before_grads_ctx;

    float *rope;
    int rope_len;

    char *arena;
    size_t arena_bytes;
    struct acts a;
    struct acts_shape shape;       /* of the pass in the arena */
    struct k_seqs seqs, head_seqs; /* the latter of the last layer */
    int32_t *host;
    size_t host_n;
    struct tree tree;
    int32_t *scores, *resumed_heads; /* in host, of struct layout */
    /* partial fp32 gradients of the keys and values of unfinished rows
     * (tree.h), [layer][row]: from the pass before, and for the next one */
    float *kept_before, *kept_after;
    size_t kept_before_n, kept_after_n; /* values there is room for */
    struct kept kept;
    int summed;             /* kept.summed once this pass has been backward */
    size_t kept_heads_room; /* there is room for */
    float *host_f;
    size_t host_f_n;
    uint64_t *host_id;
    size_t host_id_n;
    struct k_dropout drop; /* p = 0: none */
    float temperature;

    /* generation: the cache lives on between calls (gen_cache.c) */
    struct k_kv *kv;
    int kv_slots;
    size_t kv_bytes; /* that were asked for */

    char digest[33];
    int digest_known;
    const void *master; /* borrowed, of the last model_set */
    enum dtype master_t;
};

/* ---- model.c ---- */
/* The uses of a matrix (weight_new). */
static inline int model_uses(enum role r, int tied, int train)
{
    int uses = WEIGHT_FORWARD | (train ? WEIGHT_BACKWARD : 0);

    if (r != ROLE_EMBED)
        return uses;
    return WEIGHT_ROWS | (tied ? uses : 0);
}
/* Memory for the matrices: their own, or in a flat array of type m->t. */
int model_matrices(struct model *m, char *flat, struct err *e) MUST_CHECK;
/* ---- rope.c ---- */
int model_rope(struct model *m, int need, struct err *e) MUST_CHECK;
/* Rows of the rotary table that one of `len` rows grows to. */
int model_rope_room(int len, int need);
/* ---- pass.c ---- */
/* Arena and offsets for a pass; forgets the pass that was there. */
int model_fit(struct model *m, struct acts_shape s, struct err *e) MUST_CHECK;
void model_nonce(struct model *m, uint64_t nonce);
/* Embedding and all layers, from tokens and pos in the arena, to the R rows
 * that reach the head. Attention is over the packed batch m->seqs, or over the
 * KV cache (`cached`), with the rows that kv_rows was told of. */
int model_layers(struct model *m, int cached, struct err *e) MUST_CHECK;
/* Layer i from its input again, as far as its backward needs. */
void model_layer_again(struct model *m, int i);
/* The weight of a role in layer i, or outside the layers; NULL: there is none
 */
static inline struct weight *of_layer(const struct model *m, int i, enum role r)
{
    return m->of[i][r];
}
static inline struct weight *of_model(const struct model *m, enum role r)
{
    return m->of[0][r];
}
/* ---- gather.c ---- */
/* What a pass needs: a layer, or outside of them the embedding or the head. */
enum { UNIT_NONE = -2, UNIT_EMBED = -1 };
static inline int unit_head(const struct model *m)
{
    return m->c.layers;
}
/* The weights of a unit are there from now on, until the one after the next is
 * needed; those of the next one (or UNIT_NONE) are on their way. Does nothing
 * where the matrices stay. */
int model_need(struct model *m, int unit, int next, struct err *e) MUST_CHECK;
void model_gather_close(struct model *m);
/* ---- grads.c ---- */
int model_need_grads(struct model *m, struct err *e) MUST_CHECK;
void model_free_grads(struct model *m);
/* Before the first of a sum is written to them. */
void grads_ready(struct model *m);
/* Where products add the gradient of g, which may be NULL; and when the
 * micro-batch has given all of it. A matrix and a vector may be under way at a
 * time. */
float *grad_begin(struct model *m, const struct weight *g);
void grad_end(struct model *m, const struct weight *g);
/* The same of the embedding's rows, after the head's. */
float *embed_begin(struct model *m);
void embed_end(struct model *m);
/* Rows behind the attention of layer i. */
static inline int rows_behind(const struct model *m, int i)
{
    return i == m->c.layers - 1 ? m->shape.R : m->shape.T;
}
/* Does layer i end with the rows that reach the head, and not with all? */
static inline int ends_at_heads(const struct model *m, int i)
{
    return i == m->c.layers - 1 && m->shape.head_rows;
}
/* Pieces of the arena; x: i = 0 .. layers, mid: i < layers. */
static inline void *act(struct model *m, size_t offset)
{
    return m->arena + offset;
}
/* The dropout behind layer i's attention, or its MLP. */
static inline struct k_dropout dropout_at(struct model *m, int i, uint32_t site)
{
    struct k_dropout d = m->drop;

    d.site = site;
    if (ends_at_heads(m, i))
        d.row_id = act(m, m->a.head_id);
    return d;
}
static inline int32_t *act_ints(struct model *m, size_t place)
{
    return (int32_t *)(void *)(m->arena + m->a.ints) + place;
}
static inline void *act_x(struct model *m, int i)
{
    return m->arena + m->a.x + (size_t)i * m->a.x_step;
}
static inline void *act_mid(struct model *m, int i)
{
    return m->arena + m->a.mid + (size_t)i * m->a.mid_step;
}

/* Rows with a gradient: before and behind the attention of layer i. Those that
 * the next micro-batch has too have none yet. */
static inline int rows_of(const struct model *m)
{
    return m->shape.T - m->shape.unfinished;
}
static inline int rows_on(const struct model *m, int i)
{
    return i == m->c.layers - 1 ? m->shape.R - m->shape.unfinished_heads
                                : rows_of(m);
}

/* ---- the parts of a layer, and the head ---- */
void attention_room(struct acts *a, struct room *r);
void attention_forward(struct model *m, int i, int cached);
void attention_backward(struct model *m, int i);
void mlp_room(struct acts *a, struct room *r);
/* Gate and up, as far as the backward needs them; then the rest. */
void mlp_product(struct model *m, int i);
void mlp_forward(struct model *m, int i);
void mlp_backward(struct model *m, int i);
void head_room(struct acts *a, struct room *r);
void head_norm(struct model *m, int R);
/* After head_norm: logp (and entropy, or NULL) of the wanted tokens, into host
 * arrays whose first value is of the pass's first token. */
int model_head(struct model *m, float *logp, float *entropy,
               struct err *e) MUST_CHECK;
/* Gradients of the head rows: what the pass before kept, and those of the
 * tokens that they score; then from them to the last hidden rows. */
float *head_gradients(struct model *m, const float *dlogp);
void head_backward(struct model *m, const float *v);
/* Values of the head rows to the tokens that they score. */
void head_spread(const struct model *m, float *dst, const float *v);

/* ---- rows.c ---- */
/* The gradient that enters a sublayer of layer i: dx through its dropout. */
const void *through_dropout(struct model *m, int i, uint32_t site);
/* d_n is the gradient of rmsnorm(x), T rows: d_x = `from` + its gradient of
 * x. */
void norm_backward(struct model *m, const struct weight *w, const void *x,
                   const void *from, int T);

/* y = a + dropout(b) at a site of layer i */
void model_residual(struct model *m, int i, void *y, const void *a,
                    const void *b, uint32_t site);
/* dst = rows of src: `n` of them, as a map of the layout says. The terms of
 * row r are one where off is the layout's `each`. */
void model_rows(struct model *m, void *dst, const void *src, size_t off,
                size_t map, int n, int width);

#endif
