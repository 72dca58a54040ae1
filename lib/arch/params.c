/* params - tensors one after the other, from a family's table */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/larger.h"
#include "params.h"

/* The row of the table that w is at, or NULL at the end. The rows of a layer
 * are gone through once for each layer; others follow them in every table. */
static const struct arch_tensor *row_at(struct params_walk *w)
{
    const struct arch *a = w->c->arch;
    const struct arch_tensor *t = a->tensors;

    if (w->at && role_in_layer(t[w->at - 1].role) &&
        !role_in_layer(t[w->at].role) && w->layer < w->c->layers - 1) {
        w->layer++;
        while (role_in_layer(t[w->at - 1].role))
            w->at--;
    }
    if (w->at < a->n_tensors && t[w->at].role == ROLE_HEAD && w->c->tied)
        w->at++;
    return w->at < a->n_tensors ? &t[w->at] : NULL;
}

static int next(struct params_walk *w, struct param *q)
{
    const struct arch_tensor *t = row_at(w);

    if (!t)
        return 0;
    *q = (struct param){
        .role = t->role,
        .kind = t->kind,
        .layer = role_in_layer(t->role) ? w->layer : -1,
        .rows = config_dim(w->c, t->rows),
        .cols = config_dim(w->c, t->cols),
        .offset = w->offset,
        .decay = t->kind != KIND_NORM && t->kind != KIND_BIAS,
    };
    q->n = (size_t)q->rows * (size_t)(q->cols ? q->cols : 1);
    if (q->layer >= 0)
        snprintf(q->name, sizeof q->name, "model.layers.%d.%s", q->layer,
                 t->name);
    else
        snprintf(q->name, sizeof q->name, "%s", t->name);
    w->at++;
    w->offset += q->n;
    return 1;
}

int params_next_fused(struct params_walk *w, struct fused *f)
{
    const struct arch_tensor *t = row_at(w);
    int layer = w->layer;

    if (!t)
        return 0;
    *f = (struct fused){.role = t->role,
                        .layer = role_in_layer(t->role) ? layer : -1,
                        .offset = w->offset,
                        .K = config_dim(w->c, t->cols)};
    while (t && t->role == f->role && w->layer == layer) {
        f->N += config_dim(w->c, t->rows);
        w->at++;
        t = row_at(w);
    }
    f->n = (size_t)f->N * (size_t)(f->K ? f->K : 1);
    w->offset += f->n;
    return 1;
}

struct params_sizes params_sizes(const struct config *c)
{
    struct params_sizes s = {0};
    struct params_walk w = {.c = c};
    struct fused f;

    while (params_next_fused(&w, &f)) {
        size_t *largest = f.K ? &s.largest_matrix : &s.largest_vector;

        s.values += f.n;
        *largest = larger(*largest, f.n);
        if (f.role == ROLE_EMBED)
            s.embed = f.n;
        else if (f.K && f.role != ROLE_HEAD)
            s.matrices += f.n;
        else if (!f.K)
            s.vectors += f.n;
    }
    return s;
}

int params_list(struct params *p, const struct config *c, struct err *e)
{
    struct params_walk w = {.c = c};
    struct param q;
    struct fused f;
    int r;

    *p = (struct params){0};
    r = config_check(c, "model", e);
    if (r < 0)
        return r;
    while (next(&w, &q))
        p->n++;
    p->n_values = w.offset;
    for (w = (struct params_walk){.c = c}; params_next_fused(&w, &f);)
        p->n_fused++;
    p->v = xcalloc((size_t)p->n, sizeof *p->v);
    p->fused = xcalloc((size_t)p->n_fused, sizeof *p->fused);
    w = (struct params_walk){.c = c};
    for (int i = 0; i < p->n; i++)
        (void)next(&w, &p->v[i]);
    w = (struct params_walk){.c = c};
    for (int i = 0; i < p->n_fused; i++)
        (void)params_next_fused(&w, &p->fused[i]);
    return 0;
}

void params_free(struct params *p)
{
    free(p->v);
    free(p->fused);
    *p = (struct params){0};
}
