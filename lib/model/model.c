/* model - a model's matrices on the device: open and close */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "impl.h"

static void list_weights(struct model *m)
{
    struct weight *w;

    m->weight = xcalloc((size_t)m->p.n_fused, sizeof *m->weight);
    m->of = xcalloc((size_t)m->c.layers, sizeof *m->of);
    for (int i = 0; i < m->p.n_fused; i++) {
        w = &m->weight[i];
        w->f = m->p.fused[i];
        m->of[w->f.layer < 0 ? 0 : w->f.layer][w->f.role] = w;
    }
    if (m->c.tied)
        m->of[0][ROLE_HEAD] = m->of[0][ROLE_EMBED];
}

static int alloc_vectors(struct model *m, struct err *e)
{
    size_t size = dtype_size(m->t);
    struct room r = {0};

    for (int i = 0; i < m->p.n_fused; i++)
        if (!m->weight[i].f.K)
            (void)room_take(&r, m->weight[i].f.n * size);
    m->vectors = m->k->alloc(m->k, r.end, e);
    if (!m->vectors)
        return -e->code;
    r.end = 0;
    for (int i = 0; i < m->p.n_fused; i++) {
        struct weight *g = &m->weight[i];

        if (!g->f.K)
            g->vec = m->vectors + room_take(&r, g->f.n * size);
    }
    return 0;
}

int model_matrices(struct model *m, char *flat, struct err *e)
{
    struct kernels *k = m->k;

    for (int i = 0; i < m->p.n_fused; i++) {
        struct weight *g = &m->weight[i];

        if (!g->f.K)
            continue;
        g->w = flat ? k->weight_view(k, m->t, g->f.N, g->f.K,
                                     flat + g->f.offset * dtype_size(m->t), e)
                    : k->weight_new(k, m->t, g->f.N, g->f.K,
                                    model_uses(g->f.role, m->c.tied,
                                               m->flags & MODEL_TRAIN),
                                    e);
        if (!g->w)
            return -e->code;
    }
    return 0;
}

int model_attach(struct model *m, void *master, enum dtype mt, struct err *e)
{
    m->attached = master && m->k->weight_view && mt == m->t;
    return model_matrices(m, m->attached ? master : NULL, e);
}

int model_open(struct model **out, const struct config *c, const struct arm *a,
               struct kernels *k, int flags, struct err *e)
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
        list_weights(m);
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
    model_gather_close(m);
    for (int i = 0; m->weight && i < m->p.n_fused; i++)
        if (m->weight[i].w)
            k->weight_free(k, m->weight[i].w);
    model_release_kv(m);
    k->free(k, m->vectors);
    model_free_grads(m);
    k->free(k, m->kept_before);
    k->free(k, m->kept_after);
    k->free(k, m->rope);
    k->free(k, m->arena);
    params_free(&m->p);
    free(m->weight);
    free(m->of);
    free(m->host);
    free(m->flat);
    free(m->host_f);
    free(m->host_id);
    free(m->kept.head);
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
