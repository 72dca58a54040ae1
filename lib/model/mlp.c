/* mlp - norm, gate and up, SwiGLU, down, residual
 *
 * From mid to the output of a layer, x of the next, for the rows behind its
 * attention. The product of gate and up is kept for the backward; the
 * normalised rows and what SwiGLU makes of the product are computed again.
 */
#include "impl.h"

void mlp_room(struct acts *a, struct room *r)
{
    size_t F = (size_t)r->c->ffn * r->size;

    a->gu = room_take_n(r, &a->gu_step, 2 * r->rows * F, r->c->layers, r->all);
    a->act = room_take(r, r->rows * F);
}

void mlp_product(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    int T = rows_behind(m, i), H = c->hidden;
    void *n = act(m, m->a.norm);

    if (!T)
        return;
    k->rmsnorm(k, m->t, n, NULL, act_mid(m, i),
               of_layer(m, i, ROLE_MLP_NORM)->vec, T, H, (float)c->rms_eps);
    k->linear(k, m->t, act(m, m->a.gu + (size_t)i * m->a.gu_step), n,
              of_layer(m, i, ROLE_GATE_UP)->w, NULL, T, 2 * c->ffn, H);
}

void mlp_forward(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    int T = rows_behind(m, i);
    void *f = act(m, m->a.act), *proj = act(m, m->a.proj);

    if (!T)
        return;
    k->swiglu(k, m->t, f, act(m, m->a.gu + (size_t)i * m->a.gu_step), T,
              c->ffn);
    k->linear(k, m->t, proj, f, of_layer(m, i, ROLE_DOWN)->w, NULL, T,
              c->hidden, c->ffn);
    model_residual(m, i, act_x(m, i + 1), act_mid(m, i), proj,
                   (uint32_t)(2 * i + 1));
}

void mlp_backward(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct weight *norm = of_layer(m, i, ROLE_MLP_NORM);
    const struct weight *gate_up = of_layer(m, i, ROLE_GATE_UP);
    const struct weight *down = of_layer(m, i, ROLE_DOWN);
    int T = rows_on(m, i), H = m->c.hidden, F = m->c.ffn;
    const void *x = act_mid(m, i);
    const void *gu = act(m, m->a.gu + (size_t)i * m->a.gu_step);
    void *n = act(m, m->a.norm), *f = act(m, m->a.act);
    void *df = act(m, m->a.d_inner), *dgu = act(m, m->a.d_fused);
    const void *dy;

    if (!T)
        return;
    dy = through_dropout(m, i, (uint32_t)(2 * i + 1));
    k->linear_dx(k, m->t, df, dy, down->w, T, H, F);
    k->swiglu_bwd(k, m->t, dgu, f, df, gu, T, F);
    k->linear_dw(k, m->t, grad_begin(m, down), NULL, dy, f, T, H, F);
    grad_end(m, down);
    k->rmsnorm(k, m->t, n, act(m, m->a.rstd), x, norm->vec, T, H,
               (float)m->c.rms_eps);
    k->linear_dw(k, m->t, grad_begin(m, gate_up), NULL, dgu, n, T, 2 * F, H);
    grad_end(m, gate_up);
    k->linear_dx(k, m->t, act(m, m->a.d_n), dgu, gate_up->w, T, 2 * F, H);
    norm_backward(m, norm, x, act(m, m->a.d_x), T);
}
