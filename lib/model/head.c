/* head - the last norm, and log-probabilities of the tokens that are scored
 *
 * Over the R rows that reach it. The arena has no logits (kernels.h).
 */
#include <string.h>
#include "impl.h"

void head_room(struct acts *a, struct room *r)
{
    size_t R = (size_t)r->s.R;

    a->head_n = room_take(r, R * (size_t)r->c->hidden * r->size);
    a->head_rstd = room_take(r, 4 * R);
    a->logp = room_take(r, 4 * R);
    a->head_lse = room_take(r, 4 * R);
    a->entropy = room_take(r, 4 * R);
    if (r->s.keep)
        a->dlogp = room_take(r, 4 * R);
}

/* ---- forward ---- */

void head_norm(struct model *m, int R)
{
    m->k->rmsnorm(m->k, m->t, act(m, m->a.head_n), act(m, m->a.head_rstd),
                  act_x(m, m->c.layers), of_model(m, ROLE_FINAL_NORM)->vec, R,
                  m->c.hidden, (float)m->c.rms_eps);
}

void head_spread(const struct model *m, float *dst, const float *v)
{
    for (int t = 0; m->shape.R && t < m->shape.tokens; t++)
        if (m->scores[t] >= 0)
            dst[t] = v[m->scores[t]];
}

int model_head(struct model *m, float *logp, float *entropy, struct err *e)
{
    struct kernels *k = m->k;
    int R = m->shape.R;
    float *v = model_host_f(m, 2 * (size_t)R);

    if (R) {
        k->head_logp(k, m->t, m->lt, act(m, m->a.logp), act(m, m->a.head_lse),
                     entropy ? act(m, m->a.entropy) : NULL, act(m, m->a.head_n),
                     of_model(m, ROLE_HEAD)->w, act_ints(m, m->a.rows.target),
                     m->temperature, R, m->c.vocab, m->c.hidden);
        k->download(k, v, act(m, m->a.logp), 4 * (size_t)R);
        if (entropy)
            k->download(k, v + R, act(m, m->a.entropy), 4 * (size_t)R);
    }
    if (k->sync(k, e))
        return -e->code;
    head_spread(m, logp, v);
    if (entropy)
        head_spread(m, entropy, v + R);
    return 0;
}

/* ---- backward ---- */

/* Of the head rows: what the pass before kept, then the tokens they score. */
float *head_gradients(struct model *m, const float *dlogp)
{
    int R = m->shape.R;
    float *v = model_host_f(m, (size_t)R);

    memset(v, 0, (size_t)R * sizeof *v);
    for (int i = 0; i < m->shape.resumed_heads; i++)
        if (m->resumed_heads[i] >= 0)
            v[m->resumed_heads[i]] = m->kept.head[i].d;
    for (int t = 0; t < m->shape.tokens; t++)
        if (m->scores[t] >= 0)
            v[m->scores[t]] += dlogp[t];
    return v;
}

void head_backward(struct model *m, const float *v)
{
    struct kernels *k = m->k;
    const struct weight *head = of_model(m, ROLE_HEAD);
    const struct weight *norm = of_model(m, ROLE_FINAL_NORM);
    int R = rows_on(m, m->c.layers - 1), H = m->c.hidden;
    void *dn = act(m, m->a.d_n);

    k->upload(k, act(m, m->a.dlogp), v, 4 * (size_t)R);
    k->head_bwd(k, m->t, m->lt, dn, grad_begin(m, head), act(m, m->a.dlogp),
                act(m, m->a.head_lse), act(m, m->a.head_n), head->w,
                act_ints(m, m->a.rows.target), m->temperature, 1, R, m->c.vocab,
                H);
    grad_end(m, head);
    k->rmsnorm_bwd(k, m->t, act(m, m->a.d_x), grad_begin(m, norm), dn,
                   act_x(m, m->c.layers), norm->vec, act(m, m->a.head_rstd), R,
                   H);
    grad_end(m, norm);
}
