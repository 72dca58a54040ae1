/* model - a model's matrices on the device: open and close */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "impl.h"

/* ---- groups ---- */

struct builder {
    struct model *m;
    size_t offset;
};

static struct group *add_group(struct builder *b, int N, int K)
{
    struct group *g = &b->m->group[b->m->n_groups++];

    *g = (struct group){.offset = b->offset,
                        .n = (size_t)N * (size_t)(K ? K : 1),
                        .N = N,
                        .K = K};
    b->offset += g->n;
    return g;
}

static void list_groups(struct model *m)
{
    const struct config *c = &m->c;
    int q = c->heads * c->head_dim, kv = c->kv_heads * c->head_dim;
    struct builder b = {m, 0};

    m->group = xcalloc((size_t)(3 + 7 * c->layers), sizeof *m->group);
    m->layer = xcalloc((size_t)c->layers, sizeof *m->layer);
    m->embed = add_group(&b, c->vocab, c->hidden);
    for (int i = 0; i < c->layers; i++) {
        struct layer *l = &m->layer[i];

        l->norm1 = add_group(&b, c->hidden, 0);
        l->qkv = add_group(&b, q + 2 * kv, c->hidden);
        l->bias = c->qkv_bias ? add_group(&b, q + 2 * kv, 0) : NULL;
        l->o = add_group(&b, c->hidden, q);
        l->norm2 = add_group(&b, c->hidden, 0);
        l->gate_up = add_group(&b, 2 * c->ffn, c->hidden);
        l->down = add_group(&b, c->hidden, c->ffn);
    }
    m->norm = add_group(&b, c->hidden, 0);
    m->head = c->tied ? m->embed : add_group(&b, c->vocab, c->hidden);
}

static int uses(const struct model *m, const struct group *g)
{
    int matrix = WEIGHT_FORWARD;

    if (m->flags & MODEL_TRAIN)
        matrix |= WEIGHT_BACKWARD;
    if (g == m->head)
        return matrix | (g == m->embed ? WEIGHT_ROWS : 0);
    return g == m->embed ? WEIGHT_ROWS : matrix;
}

static size_t round_up(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

static int alloc_vectors(struct model *m, struct err *e)
{
    size_t bytes = 0, size = dtype_size(m->t);

    for (int i = 0; i < m->n_groups; i++)
        if (!m->group[i].K)
            bytes += round_up(m->group[i].n * size);
    m->vectors = m->k->alloc(m->k, bytes, e);
    if (!m->vectors)
        return -e->code;
    bytes = 0;
    for (int i = 0; i < m->n_groups; i++) {
        struct group *g = &m->group[i];

        if (g->K)
            continue;
        g->vec = m->vectors + bytes;
        bytes += round_up(g->n * size);
    }
    return 0;
}

int model_matrices(struct model *m, char *flat, struct err *e)
{
    struct kernels *k = m->k;

    for (int i = 0; i < m->n_groups; i++) {
        struct group *g = &m->group[i];

        if (!g->K)
            continue;
        g->w = flat ? k->weight_view(k, m->t, g->N, g->K,
                                     flat + g->offset * dtype_size(m->t), e)
                    : k->weight_new(k, m->t, g->N, g->K, uses(m, g), e);
        if (!g->w)
            return -e->code;
    }
    return 0;
}

int model_attach(struct model *m, void *master, enum dtype mt, struct err *e)
{
    m->attached = m->k->weight_view && mt == m->t;
    return model_matrices(m, m->attached ? master : NULL, e);
}

int model_open(struct model **out, const struct config *c,
               const struct arm *a, struct kernels *k, int flags,
               struct err *e)
{
    struct model *m = xcalloc(1, sizeof *m);
    int r;

    *out = m;
    m->c = *c;
    m->arm = *a;
    m->k = k;
    m->flags = flags;
    m->t = a->compute;
    m->lt = a->head_fp32 ? DT_F32 : m->t;
    r = params_list(&m->p, c, e);
    if (!r) {
        list_groups(m);
        r = alloc_vectors(m, e);
    }
    if (!r && !(flags & MODEL_LATER))
        r = model_matrices(m, NULL, e);
    if (!r && (flags & (MODEL_TRAIN | MODEL_LATER)) == MODEL_TRAIN)
        r = model_need_grads(m, e);
    if (r)
        model_close(out);
    return r;
}

void model_close(struct model **out)
{
    struct model *m = *out;
    struct kernels *k;

    if (!m)
        return;
    k = m->k;
    for (int i = 0; i < m->n_groups; i++)
        if (m->group[i].w)
            k->weight_free(k, m->group[i].w);
    model_release_kv(m);
    k->free(k, m->vectors);
    model_free_grads(m);
    k->free(k, m->carried);
    k->free(k, m->carry);
    k->free(k, m->rope);
    k->free(k, m->arena);
    params_free(&m->p);
    free(m->group);
    free(m->layer);
    free(m->host);
    free(m->flat);
    free(m->host_f);
    free(m->host_id);
    free(m->path.head);
    tree_free(&m->tree);
    free(m);
    *out = NULL;
}

const struct config *model_config(const struct model *m)
{
    return &m->c;
}

const struct params *model_params(const struct model *m)
{
    return &m->p;
}
