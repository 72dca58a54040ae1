/* backward - gradients of a kept forward, from the head to the embedding
 *
 * Rows that the next micro-batch has too have no gradient yet: they are the
 * last ones, and left out (tree.h).
 *
 * Normalised rows and the MLP's product are computed again instead of being
 * kept, and of a model opened with MODEL_RECOMPUTE each layer but the last
 * from its input: the same operations on the same inputs give the same bits.
 */
#include <string.h>
#include "../base/arena.h"
#include "impl.h"

/* Rows with a gradient: before and behind the attention of layer i. */
static int rows_of(const struct model *m)
{
    return m->shape.T - m->shape.open;
}

static int rows_on(const struct model *m, int i)
{
    return i == m->c.layers - 1 ? m->shape.R - m->shape.open_heads : rows_of(m);
}

/* The gradient that enters a sublayer of layer i: dx through its dropout. */
static const void *through_dropout(struct model *m, int i, uint32_t site)
{
    struct k_dropout d = dropout_at(m, i, site);
    void *dx = act(m, m->a.d_x), *db = act(m, m->a.proj);

    if (!(d.p > 0))
        return dx;
    m->k->dropout_bwd(m->k, m->t, db, dx, &d, rows_on(m, i), m->c.hidden);
    return db;
}

/* d_n is the gradient of rmsnorm(x), T rows: d_x = `from` + its gradient of
 * x. */
static void norm_backward(struct model *m, const struct group *w,
                          const void *x, const void *from, int T)
{
    struct kernels *k = m->k;
    void *dn = act(m, m->a.d_n);
    int H = m->c.hidden;

    k->rmsnorm_bwd(k, m->t, dn, grad_begin(m, w), dn, x, w->vec,
                   act(m, m->a.rstd), T, H);
    grad_end(m, w);
    k->add(k, m->t, act(m, m->a.d_x), from, dn, (size_t)T * (size_t)H);
}

static void mlp_backward(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct layer *l = &m->layer[i];
    int T = rows_on(m, i), H = m->c.hidden, F = m->c.ffn;
    const void *x = act_mid(m, i);
    const void *gu = act(m, m->a.gu + (size_t)i * m->a.gu_step);
    void *n = act(m, m->a.norm), *f = act(m, m->a.act);
    void *df = act(m, m->a.d_mid), *dgu = act(m, m->a.d_wide);
    const void *dy = through_dropout(m, i, (uint32_t)(2 * i + 1));

    k->swiglu(k, m->t, f, gu, T, F);
    k->linear_dw(k, m->t, grad_begin(m, l->down), NULL, dy, f, T, H, F);
    grad_end(m, l->down);
    k->linear_dx(k, m->t, df, dy, l->down->w, T, H, F);
    k->swiglu_bwd(k, m->t, dgu, df, gu, T, F);
    k->rmsnorm(k, m->t, n, act(m, m->a.rstd), x, l->norm2->vec, T, H,
               (float)m->c.rms_eps);
    k->linear_dw(k, m->t, grad_begin(m, l->gate_up), NULL, dgu, n, T, 2 * F,
                 H);
    grad_end(m, l->gate_up);
    k->linear_dx(k, m->t, act(m, m->a.d_n), dgu, l->gate_up->w, T, 2 * F, H);
    norm_backward(m, l->norm2, x, act(m, m->a.d_x), T);
}

/* dqkv from dao, the gradient of the attention's output for the rows behind it.
 * Attention had a copy of a shared row for each sequence, with a gradient. */
static void attention_grads(struct model *m, int i, void *dqkv,
                            const void *dao)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct layout *l = &m->a.rows;
    struct k_attn_shape s = {c->heads, c->kv_heads, c->head_dim};
    int KV = 2 * c->kv_heads * c->head_dim, Q = c->heads * c->head_dim;
    int E = m->shape.E, wide = E ? E : m->shape.T;
    int last = ends_live(m, i);
    const struct k_seqs seqs = last ? m->live_seqs : m->seqs;
    size_t at = (size_t)i, layer = at * (size_t)KV;
    const void *ao = act(m, m->a.ao + at * m->a.ao_step);
    const void *qkv = act(m, m->a.qkv + at * m->a.qkv_step);
    const float *lse = act(m, m->a.lse + at * m->a.lse_step);
    void *w_ao = act(m, m->a.w_ao), *w_dao = act(m, m->a.w_dao);
    struct k_sums sums = {.T = rows_of(m), .n = m->shape.T, .width = Q + KV,
                          .skip = Q, .off = act_ints(m, l->fold_n),
                          .src = act_ints(m, l->fold)};

    if (E || last) {
        model_rows(m, w_ao, ao, last ? l->o_live_n : l->each,
                   last ? l->o_live : l->wide, wide, Q);
        model_rows(m, w_dao, dao, last ? l->d_live_n : l->d_wide_n,
                   last ? l->d_live : l->d_wide, wide, Q);
        ao = w_ao;
        dao = w_dao;
    }
    if (!E) {
        k->attn_bwd(k, m->t, dqkv, dao, ao, qkv, lse, s, seqs, wide);
        return;
    }
    if (m->shape.carried)
        sums.carried = m->carried + layer * (size_t)m->shape.carried;
    if (m->shape.open)
        sums.carry = m->carry + layer * (size_t)m->shape.open;
    model_rows(m, act(m, m->a.w_qkv), qkv, l->each, l->wide, E, Q + KV);
    k->attn_bwd(k, m->t, act(m, m->a.w_dqkv), dao, ao, act(m, m->a.w_qkv),
                lse, s, seqs, E);
    k->sum_rows(k, m->t, dqkv, act(m, m->a.w_dqkv), sums);
}

static void attention_backward(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct layer *l = &m->layer[i];
    struct k_attn_shape s = {c->heads, c->kv_heads, c->head_dim};
    int T = rows_of(m), R = rows_on(m, i);
    int H = c->hidden, Q = c->heads * c->head_dim;
    const void *x = act_x(m, i), *dx = act(m, m->a.d_x);
    const void *ao = act(m, m->a.ao + (size_t)i * m->a.ao_step);
    void *n = act(m, m->a.norm), *dqkv = act(m, m->a.d_wide);
    void *dao = act(m, m->a.d_mid);

    if (R) {
        const void *dy = through_dropout(m, i, (uint32_t)(2 * i));

        k->linear_dw(k, m->t, grad_begin(m, l->o), NULL, dy, ao, R, H, Q);
        grad_end(m, l->o);
        k->linear_dx(k, m->t, dao, dy, l->o->w, R, H, Q);
    }
    attention_grads(m, i, dqkv, dao);
    k->rope(k, m->t, dqkv, act_ints(m, m->a.rows.pos), m->rope, s, T, -1);
    k->rmsnorm(k, m->t, n, act(m, m->a.rstd), x, l->norm1->vec, T, H,
               (float)c->rms_eps);
    k->linear_dw(k, m->t, grad_begin(m, l->qkv), grad_begin(m, l->bias), dqkv,
                 n, T, l->qkv->N, H);
    grad_end(m, l->qkv);
    grad_end(m, l->bias);
    k->linear_dx(k, m->t, act(m, m->a.d_n), dqkv, l->qkv->w, T, l->qkv->N,
                 H);
    if (ends_live(m, i)) {
        model_rows(m, n, dx, m->a.rows.back_n, m->a.rows.each, T, H);
        dx = n;
    }
    norm_backward(m, l->norm1, x, dx, T);
}

/* Of the head rows: what the pass before kept, then the tokens they score. */
static float *head_gradients(struct model *m, const float *dlogp)
{
    int R = m->shape.R;
    float *v = model_host_f(m, (size_t)R);

    memset(v, 0, (size_t)R * sizeof *v);
    for (int i = 0; i < m->shape.carried_heads; i++)
        if (m->carried_heads[i] >= 0)
            v[m->carried_heads[i]] = m->path.head[i].d;
    for (int t = 0; t < m->shape.tokens; t++)
        if (m->scores[t] >= 0)
            v[m->scores[t]] += dlogp[t];
    return v;
}

/* From them to the gradient of the last hidden rows. */
static void head_backward(struct model *m, const float *v)
{
    struct kernels *k = m->k;
    int R = rows_on(m, m->c.layers - 1), H = m->c.hidden;
    void *dn = act(m, m->a.d_n);

    k->upload(k, act(m, m->a.dlogp), v, 4 * (size_t)R);
    k->head_bwd(k, m->t, m->lt, dn, grad_begin(m, m->head), act(m, m->a.dlogp),
                act(m, m->a.head_lse), act(m, m->a.head_n), m->head->w,
                act_ints(m, m->a.rows.target), m->temperature, R, m->c.vocab,
                H);
    grad_end(m, m->head);
    k->rmsnorm_bwd(k, m->t, act(m, m->a.d_x), grad_begin(m, m->norm), dn,
                   act_x(m, m->c.layers), m->norm->vec,
                   act(m, m->a.head_rstd), R, H);
    grad_end(m, m->norm);
}

/* Room for the gradients of the open rows' keys and values. */
static int fit_carry(struct model *m, struct err *e)
{
    size_t n = (size_t)m->c.layers * (size_t)m->shape.open * 2 *
               (size_t)m->c.kv_heads * (size_t)m->c.head_dim;

    if (n <= m->carry_n)
        return 0;
    m->k->free(m->k, m->carry);
    m->carry_n = 0;
    m->carry = m->k->alloc(m->k, n * sizeof *m->carry, e);
    if (!m->carry)
        return err_prefix(e, "%d rows between micro-batches", m->shape.open);
    m->carry_n = n;
    return 0;
}

/* Those that waited, and the open ones of this pass, by position. */
static void carry_heads(struct model *m, const float *v)
{
    struct carry *c = &m->path;
    const struct layout *l = &m->a.rows;
    const size_t at = (size_t)rows_on(m, m->c.layers - 1);
    int wait = 0, own = m->shape.open_heads;

    for (int i = 0; i < m->shape.carried_heads; i++)
        if (m->carried_heads[i] < 0)
            c->head[wait++] = c->head[i];
    c->n = wait + own;
    if ((size_t)c->n > m->path_heads) {
        m->path_heads = 2 * (size_t)c->n;
        c->head = xrealloc(c->head, m->path_heads, sizeof *c->head);
    }
    for (int to = c->n - 1; own; to--) {
        size_t h = at + (size_t)own - 1;
        int32_t pos = m->host[l->pos + (size_t)m->host[l->head + h]];

        if (wait && c->head[wait - 1].pos > pos) {
            c->head[to] = c->head[--wait];
        } else {
            c->head[to] = (struct carry_head){pos, m->host[l->target + h],
                                              v[h]};
            own--;
        }
    }
}

/* Partial gradients of open rows are kept for the next pass. v: gradients of
 * the head rows; those of open rows are the last. */
static void carry_on(struct model *m, const float *v)
{
    struct carry *c = &m->path;
    float *p = m->carried;
    size_t n = m->carried_n;

    c->summed = m->summed;
    c->rows = m->shape.open;
    carry_heads(m, v);
    m->carried = m->carry;
    m->carried_n = m->carry_n;
    m->carry = p;
    m->carry_n = n;
}

int model_backward(struct model *m, const float *dlogp, struct err *e)
{
    struct kernels *k = m->k;
    int again = m->shape.keep == KEEP_INPUTS;
    int T = rows_of(m), H = m->c.hidden, last = m->c.layers - 1;
    float *v = NULL;

    if (m->shape.keep == KEEP_NOTHING)
        return err_set(e, ERR_USAGE, "backward without its forward");
    m->shape.keep = KEEP_NOTHING; /* once */
    if (fit_carry(m, e))
        return -e->code;
    if (!m->shape.R && !m->shape.E)
        return 0;
    if (m->shape.R)
        v = head_gradients(m, dlogp);
    if (rows_on(m, last))
        head_backward(m, v);
    for (int i = last; i >= 0; i--) {
        if (again && i < last)
            model_layer_again(m, i);
        if (rows_on(m, i))
            mlp_backward(m, i);
        attention_backward(m, i);
    }
    k->embed_bwd(k, m->t, embed_begin(m), act_ints(m, m->a.rows.tokens),
                 act(m, m->a.d_x), T, m->c.vocab, H);
    embed_end(m);
    m->grads_fresh = 0;
    carry_on(m, v);
    return k->sync(k, e);
}
