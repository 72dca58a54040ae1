/* params - the tensors of a Qwen2 model in flat order */
#include <stdio.h>
#include <stdlib.h>
#include "../base/arena.h"
#include "params.h"

const char *param_kind_name(enum param_kind k)
{
    static const char *const names[N_KINDS] = {
        [KIND_Q] = "q",       [KIND_K] = "k",         [KIND_V] = "v",
        [KIND_O] = "o",       [KIND_GATE] = "gate",   [KIND_UP] = "up",
        [KIND_DOWN] = "down", [KIND_EMBED] = "embed", [KIND_HEAD] = "head",
        [KIND_NORM] = "norm", [KIND_BIAS] = "bias",
    };

    return (unsigned)k < N_KINDS ? names[k] : "?";
}

struct list {
    struct params *p;
    int cap, layer;
};

/* name is put after "model.layers.L." inside a layer. */
static void add(struct list *l, enum param_kind kind, const char *name,
                int rows, int cols)
{
    struct params *p = l->p;
    struct param *q;

    if (p->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 32;
        p->v = xrealloc(p->v, (size_t)l->cap, sizeof *p->v);
    }
    q = &p->v[p->n++];
    if (l->layer >= 0)
        snprintf(q->name, sizeof q->name, "model.layers.%d.%s", l->layer,
                 name);
    else
        snprintf(q->name, sizeof q->name, "%s", name);
    q->kind = kind;
    q->layer = l->layer;
    q->rows = rows;
    q->cols = cols;
    q->n = (size_t)rows * (size_t)(cols ? cols : 1);
    q->offset = p->n_values;
    q->decay = kind != KIND_NORM && kind != KIND_BIAS;
    p->n_values += q->n;
}

static void add_layer(struct list *l, const struct config *c)
{
    int q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;

    add(l, KIND_NORM, "input_layernorm.weight", c->hidden, 0);
    add(l, KIND_Q, "self_attn.q_proj.weight", q, c->hidden);
    add(l, KIND_K, "self_attn.k_proj.weight", kv, c->hidden);
    add(l, KIND_V, "self_attn.v_proj.weight", kv, c->hidden);
    if (c->qkv_bias) {
        add(l, KIND_BIAS, "self_attn.q_proj.bias", q, 0);
        add(l, KIND_BIAS, "self_attn.k_proj.bias", kv, 0);
        add(l, KIND_BIAS, "self_attn.v_proj.bias", kv, 0);
    }
    add(l, KIND_O, "self_attn.o_proj.weight", c->hidden, q);
    add(l, KIND_NORM, "post_attention_layernorm.weight", c->hidden, 0);
    add(l, KIND_GATE, "mlp.gate_proj.weight", c->ffn, c->hidden);
    add(l, KIND_UP, "mlp.up_proj.weight", c->ffn, c->hidden);
    add(l, KIND_DOWN, "mlp.down_proj.weight", c->hidden, c->ffn);
}

int params_list(struct params *p, const struct config *c, struct err *e)
{
    struct list l = {p, 0, -1};
    int r = config_check(c, "model", e);

    *p = (struct params){0};
    if (r < 0)
        return r;
    add(&l, KIND_EMBED, "model.embed_tokens.weight", c->vocab, c->hidden);
    for (int i = 0; i < c->layers; i++) {
        l.layer = i;
        add_layer(&l, c);
    }
    l.layer = -1;
    add(&l, KIND_NORM, "model.norm.weight", c->hidden, 0);
    if (!c->tied)
        add(&l, KIND_HEAD, "lm_head.weight", c->vocab, c->hidden);
    return 0;
}

void params_free(struct params *p)
{
    free(p->v);
    *p = (struct params){0};
}
