/* attention - norm, queries, keys and values, attention, output, residual
 *
 * From the input of a layer, x, to the rows between attention and MLP, mid. In
 * the last layer only the rows that reach the head go on behind attention.
 *
 * Where the family has them, q and k are normalised head by head before their
 * positions turn them; what they were before is kept for the backward.
 */
#include "impl.h"
#include "../base/larger.h"

/* ---- workspace ---- */

void attention_room(struct acts *a, struct room *r)
{
    const struct config *c = r->c;
    const struct acts_shape *s = &r->s;
    size_t T = (size_t)s->T, E = (size_t)s->E;
    size_t Q = (size_t)config_dim(c, DIM_Q) * r->size;
    size_t KV = (size_t)config_dim(c, DIM_KV) * r->size;
    size_t n_attn = larger(E, s->head_rows ? T : 0);
    int L = c->layers;

    a->qkv = room_take_n(r, &a->qkv_step, T * (Q + 2 * KV), L, r->all);
    a->turned = a->qkv; /* in place */
    if (s->keep && arch_has(c->arch, ROLE_Q_NORM)) {
        a->turned = room_take(r, T * (Q + 2 * KV));
        a->qk_rstd = room_take(r, 4 * T * (size_t)(c->heads + c->kv_heads));
    }
    a->ao = room_take_n(r, &a->ao_step, r->rows * Q, L, r->all);
    a->lse = room_take_n(r, &a->lse_step, 4 * larger(T, E) * (size_t)c->heads,
                         L, r->all);
    a->attn_qkv = room_take(r, E * (Q + 2 * KV));
    a->attn_ao = room_take(r, n_attn * Q);
    if (s->keep) {
        a->attn_dao = room_take(r, n_attn * Q);
        a->attn_dqkv = room_take(r, E * (Q + 2 * KV));
    }
}

/* ---- forward ---- */

/* Where attention finds q, k and v of layer i. */
static void *turned(struct model *m, int i)
{
    size_t step = m->a.turned == m->a.qkv ? m->a.qkv_step : 0;

    return act(m, m->a.turned + (size_t)i * step);
}

/* Of layer i, from qkv to the output for the rows behind it: over the
 * sequences of the layout, each whole, or over the cache. */
static void attend(struct model *m, int i, int cached, void *ao)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct k_attn_shape s = model_heads(c);
    int Q = config_dim(c, DIM_Q), W = Q + 2 * config_dim(c, DIM_KV);
    int T = m->shape.T, E = m->shape.E, last = ends_at_heads(m, i);
    const struct k_seqs seqs = last ? m->head_seqs : m->seqs;
    const struct layout *l = &m->a.rows;
    size_t at = (size_t)i;
    const void *qkv = turned(m, i);
    float *lse = act(m, m->a.lse + at * m->a.lse_step);
    void *all = E || last ? act(m, m->a.attn_ao) : ao;

    if (E) {
        model_rows(m, act(m, m->a.attn_qkv), qkv, l->each, l->attn_row, E, W);
        qkv = act(m, m->a.attn_qkv);
    }
    if (cached)
        k->attn_cached(k, m->t, all, qkv, m->kv, i, T);
    else
        k->attn(k, m->t, all, lse, qkv, s, seqs, E ? E : T);
    if (all != ao)
        model_rows(m, ao, all, l->each, last ? l->head_attn : l->row_attn,
                   rows_behind(m, i), Q);
}

/* The heads of q, or of k, in rows of qkv; where they begin there. */
static struct k_heads heads_in(const struct config *c, enum role norm,
                               size_t *first)
{
    int Q = config_dim(c, DIM_Q), W = Q + 2 * config_dim(c, DIM_KV);

    *first = norm == ROLE_Q_NORM ? 0 : (size_t)Q;
    return (struct k_heads){norm == ROLE_Q_NORM ? c->heads : c->kv_heads,
                            c->head_dim, W};
}

/* Of the heads that `norm` is of: where their rstd is. */
static float *rstd_of(struct model *m, enum role norm)
{
    float *q = act(m, m->a.qk_rstd);

    return norm == ROLE_Q_NORM ? q : q + m->shape.T * m->c.heads;
}

static void normalise(struct model *m, int i, enum role norm, int T)
{
    struct kernels *k = m->k;
    size_t first, z = dtype_size(m->t);
    const struct k_heads h = heads_in(&m->c, norm, &first);
    const char *x = act(m, m->a.qkv + (size_t)i * m->a.qkv_step);
    char *y = turned(m, i);

    k->rmsnorm_heads(k, m->t, y + first * z, x != y ? rstd_of(m, norm) : NULL,
                     x + first * z, of_layer(m, i, norm)->vec, h, T,
                     (float)m->c.rms_eps);
}

/* What attention sees: normalised heads, turned by their positions. */
static void turn(struct model *m, int i, int T)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const void *qkv = act(m, m->a.qkv + (size_t)i * m->a.qkv_step);
    void *y = turned(m, i);
    size_t W = (size_t)of_layer(m, i, ROLE_QKV)->f.N;

    if (of_layer(m, i, ROLE_Q_NORM)) {
        if (y != qkv)
            k->copy(k, y, qkv, (size_t)T * W * dtype_size(m->t));
        normalise(m, i, ROLE_Q_NORM, T);
        normalise(m, i, ROLE_K_NORM, T);
    }
    k->rope(k, m->t, y, act_ints(m, m->a.rows.pos), m->rope, model_heads(c), T,
            1);
}

/* x to q, k and v with their positions. */
static void project(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct weight *w = of_layer(m, i, ROLE_QKV);
    const struct weight *bias = of_layer(m, i, ROLE_QKV_BIAS);
    int T = m->shape.T, H = c->hidden;
    void *n = act(m, m->a.norm);

    k->rmsnorm(k, m->t, n, NULL, act_x(m, i),
               of_layer(m, i, ROLE_ATTN_NORM)->vec, T, H, (float)c->rms_eps);
    k->linear(k, m->t, act(m, m->a.qkv + (size_t)i * m->a.qkv_step), n, w->w,
              bias ? bias->vec : NULL, T, w->f.N, H);
    turn(m, i, T);
}

void attention_forward(struct model *m, int i, int cached)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    int n_rows = rows_behind(m, i), H = c->hidden, Q = config_dim(c, DIM_Q);
    const void *x = act_x(m, i);
    void *n = act(m, m->a.norm), *proj = act(m, m->a.proj);
    void *ao = act(m, m->a.ao + (size_t)i * m->a.ao_step);

    project(m, i);
    if (!n_rows && !cached) /* keys and values are for the backward */
        return;
    attend(m, i, cached, ao);
    if (!n_rows)
        return;
    k->linear(k, m->t, proj, ao, of_layer(m, i, ROLE_ATTN_OUT)->w, NULL, n_rows,
              H, Q);
    if (ends_at_heads(m, i)) {
        model_rows(m, n, x, m->a.rows.each, m->a.rows.head, n_rows, H);
        x = n;
    }
    model_residual(m, i, act_mid(m, i), x, proj, (uint32_t)(2 * i));
}

/* ---- backward ---- */

/* dqkv from dao, the gradient of the attention's output for the rows behind it.
 * Attention had a copy of a shared row for each sequence, with a gradient. */
static void attend_backward(struct model *m, int i, void *dqkv, const void *dao)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct layout *l = &m->a.rows;
    const struct k_attn_shape s = model_heads(c);
    int KV = 2 * config_dim(c, DIM_KV), Q = config_dim(c, DIM_Q);
    int E = m->shape.E, n_attn = E ? E : m->shape.T;
    int last = ends_at_heads(m, i);
    const struct k_seqs seqs = last ? m->head_seqs : m->seqs;
    size_t at = (size_t)i, layer = at * (size_t)KV;
    const void *ao = act(m, m->a.ao + at * m->a.ao_step);
    const void *qkv = turned(m, i);
    const float *lse = act(m, m->a.lse + at * m->a.lse_step);
    void *attn_ao = act(m, m->a.attn_ao), *attn_dao = act(m, m->a.attn_dao);
    struct k_sums sums = {.T = rows_of(m),
                          .n = m->shape.T,
                          .width = Q + KV,
                          .skip = Q,
                          .off = act_ints(m, l->fold_n),
                          .src = act_ints(m, l->fold)};

    if (E || last) {
        model_rows(m, attn_ao, ao, last ? l->attn_head_n : l->each,
                   last ? l->attn_head : l->attn_row, n_attn, Q);
        model_rows(m, attn_dao, dao, last ? l->d_attn_heads_n : l->d_attn_n,
                   last ? l->d_attn_heads : l->d_attn, n_attn, Q);
        ao = attn_ao;
        dao = attn_dao;
    }
    if (!E) {
        k->attn_bwd(k, m->t, dqkv, dao, ao, qkv, lse, s, seqs, n_attn);
        return;
    }
    if (m->shape.resumed)
        sums.carried = m->kept_before + layer * (size_t)m->shape.resumed;
    if (m->shape.unfinished)
        sums.carry = m->kept_after + layer * (size_t)m->shape.unfinished;
    /* the forward's last are still there */
    if (i < m->c.layers - 1 || !rows_behind(m, i))
        model_rows(m, act(m, m->a.attn_qkv), qkv, l->each, l->attn_row, E,
                   Q + KV);
    k->attn_bwd(k, m->t, act(m, m->a.attn_dqkv), dao, ao, act(m, m->a.attn_qkv),
                lse, s, seqs, E);
    k->sum_rows(k, m->t, dqkv, act(m, m->a.attn_dqkv), sums);
}

/* dqkv of normalised heads to that of the heads, in place. */
static void normalise_backward(struct model *m, int i, enum role norm,
                               void *dqkv)
{
    struct kernels *k = m->k;
    struct weight *w = of_layer(m, i, norm);
    size_t first, z = dtype_size(m->t);
    const struct k_heads h = heads_in(&m->c, norm, &first);
    const char *x = act(m, m->a.qkv + (size_t)i * m->a.qkv_step);
    char *d = (char *)dqkv + first * z;

    k->rmsnorm_heads_bwd(k, m->t, d, grad_begin(m, w), d, x + first * z, w->vec,
                         rstd_of(m, norm), h, rows_of(m));
    grad_end(m, w);
}

/* From dqkv to the gradients of x's norm and of the matrix. */
static void project_backward(struct model *m, int i, void *dqkv)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct weight *w = of_layer(m, i, ROLE_QKV);
    const struct weight *bias = of_layer(m, i, ROLE_QKV_BIAS);
    int T = rows_of(m), H = c->hidden;
    void *n = act(m, m->a.norm);

    k->rope(k, m->t, dqkv, act_ints(m, m->a.rows.pos), m->rope, model_heads(c),
            T, -1);
    if (of_layer(m, i, ROLE_Q_NORM)) {
        normalise_backward(m, i, ROLE_Q_NORM, dqkv);
        normalise_backward(m, i, ROLE_K_NORM, dqkv);
    }
    k->rmsnorm(k, m->t, n, act(m, m->a.rstd), act_x(m, i),
               of_layer(m, i, ROLE_ATTN_NORM)->vec, T, H, (float)c->rms_eps);
    k->linear_dw(k, m->t, grad_begin(m, w), grad_begin(m, bias), dqkv, n, T,
                 w->f.N, H);
    grad_end(m, w);
    grad_end(m, bias);
    k->linear_dx(k, m->t, act(m, m->a.d_n), dqkv, w->w, T, w->f.N, H);
}

void attention_backward(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct weight *o = of_layer(m, i, ROLE_ATTN_OUT);
    int T = rows_of(m), R = rows_on(m, i);
    int H = m->c.hidden, Q = config_dim(&m->c, DIM_Q);
    const void *dx = act(m, m->a.d_x);
    const void *ao = act(m, m->a.ao + (size_t)i * m->a.ao_step);
    void *n = act(m, m->a.norm), *dqkv = act(m, m->a.d_fused);
    void *dao = act(m, m->a.d_inner);

    if (R) {
        const void *dy = through_dropout(m, i, (uint32_t)(2 * i));

        k->linear_dw(k, m->t, grad_begin(m, o), NULL, dy, ao, R, H, Q);
        grad_end(m, o);
        k->linear_dx(k, m->t, dao, dy, o->w, R, H, Q);
    }
    if (m->a.turned != m->a.qkv) /* that of another layer is there */
        turn(m, i, m->shape.T);
    attend_backward(m, i, dqkv, dao);
    project_backward(m, i, dqkv);
    if (ends_at_heads(m, i)) {
        model_rows(m, n, dx, m->a.rows.back_n, m->a.rows.each, T, H);
        dx = n;
    }
    norm_backward(m, of_layer(m, i, ROLE_ATTN_NORM), act_x(m, i), dx, T);
}
