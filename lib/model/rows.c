/* rows - what the parts of a layer do with their rows: sums, norms, dropout */
#include "impl.h"

void model_residual(struct model *m, int i, void *y, const void *a,
                    const void *b, uint32_t site)
{
    struct k_dropout d = dropout_at(m, i, site);

    m->k->residual(m->k, m->t, y, a, b, d.p > 0 ? &d : NULL, rows_behind(m, i),
                   m->c.hidden);
}

void model_rows(struct model *m, void *dst, const void *src, size_t off,
                size_t map, int n, int width)
{
    struct k_sums s = {.T = n,
                       .n = n,
                       .width = width,
                       .off = act_ints(m, off),
                       .src = act_ints(m, map)};

    m->k->sum_rows(m->k, m->t, dst, src, s);
}

const void *through_dropout(struct model *m, int i, uint32_t site)
{
    struct k_dropout d = dropout_at(m, i, site);
    void *dx = act(m, m->a.d_x), *db = act(m, m->a.proj);

    if (!(d.p > 0))
        return dx;
    m->k->dropout_bwd(m->k, m->t, db, dx, &d, rows_on(m, i), m->c.hidden);
    return db;
}

void norm_backward(struct model *m, const struct weight *w, const void *x,
                   const void *from, int T)
{
    struct kernels *k = m->k;
    void *dn = act(m, m->a.d_n);
    int H = m->c.hidden;

    k->rmsnorm_bwd(k, m->t, dn, grad_begin(m, w), dn, x, w->vec,
                   act(m, m->a.rstd), T, H);
    grad_end(m, w);
    k->add(k, m->t, act(m, m->a.d_x), from, dn, (size_t)T * (size_t)H);
}
