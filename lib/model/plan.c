/* plan - the working memory of a pass, and what a run would take */
#include "impl.h"
#include "../base/larger.h"

/* What all parts use: the rows between them, and scratch. */
static void shared_room(struct acts *a, struct room *r)
{
    const struct config *c = r->c;
    const struct acts_shape *s = &r->s;
    size_t H = (size_t)c->hidden * r->size, rows = r->rows;
    size_t Q = (size_t)config_dim(c, DIM_Q) * r->size;
    size_t KV = (size_t)config_dim(c, DIM_KV) * r->size;
    size_t F = (size_t)c->ffn * r->size;

    a->ints = room_take(r, 4 * a->rows.n);
    a->row_id = room_take(r, s->keep ? 8 * (size_t)s->T : 0);
    a->head_id = room_take(r, s->keep ? 8 * (size_t)s->R : 0);
    a->x = room_take_n(r, &a->x_step, rows * H, c->layers + 1,
                       s->keep != KEEP_NOTHING);
    a->mid = a->x; /* in place */
    if (s->keep)
        a->mid = room_take_n(r, &a->mid_step, rows * H, c->layers, r->all);
    a->norm = room_take(r, rows * H);
    a->rstd = room_take(r, 4 * rows);
    a->proj = room_take(r, rows * H);
    if (!s->keep)
        return;
    a->d_x = room_take(r, rows * H);
    a->d_n = room_take(r, rows * H);
    a->d_fused = room_take(r, rows * larger(2 * F, Q + 2 * KV));
    a->d_inner = room_take(r, rows * larger(F, Q));
}

void acts_layout(struct acts *a, const struct config *c, enum dtype t,
                 struct acts_shape s)
{
    struct room r = {.c = c,
                     .s = s,
                     .size = dtype_size(t),
                     .rows = larger((size_t)s.T, (size_t)s.R),
                     .all = s.keep == KEEP_ALL};

    *a = (struct acts){0};
    layout_places(&a->rows, s);
    shared_room(a, &r);
    attention_room(a, &r);
    mlp_room(a, &r);
    head_room(a, &r);
    a->bytes = r.end;
}

/* ---- a run ---- */

void model_plan(struct model_plan *p, const struct config *c,
                const struct arm *a, int len)
{
    size_t L = (size_t)c->layers, Q = (size_t)config_dim(c, DIM_Q);
    struct params_sizes n = params_sizes(c);

    p->n_params = n.values;
    p->weight_bytes = n.values * dtype_size(a->compute);
    p->grad_bytes = dtype_size(a->grads) * (n.values + (c->tied ? n.embed : 0));
    if (a->grads != DT_F32) /* grads.c: sums of one matrix and one vector */
        p->grad_bytes += 6 * n.largest_matrix + 4 * n.largest_vector;
    p->flops_per_token = 2.0 * (double)(n.matrices + n.embed) +
                         4.0 * (double)(L * Q) * (double)len;
}
