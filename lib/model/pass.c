/* pass - rows through the layers, over a packed batch or a KV cache */
#include "../base/arena.h"
#include "impl.h"

/* ---- memory of a pass ---- */

int model_fit(struct model *m, struct acts_shape s, struct err *e)
{
    size_t bytes;

    acts_layout(&m->a, &m->c, m->t, s);
    m->shape = s;
    if (m->a.bytes <= m->arena_bytes)
        return 0;
    /* a little room, so that slightly longer batches fit too; training
     * takes what the plan says */
    bytes = m->a.bytes + (s.keep ? 0 : m->a.bytes / 16);
    m->k->free(m->k, m->arena);
    m->arena_bytes = 0;
    m->arena = m->k->alloc(m->k, bytes, e);
    if (!m->arena) {
        m->shape = (struct acts_shape){0};
        return err_prefix(e, "activations of %d tokens", s.T);
    }
    m->arena_bytes = bytes;
    return 0;
}

int32_t *model_host(struct model *m, size_t n)
{
    if (n > m->host_n) {
        m->host = xrealloc(m->host, n, sizeof *m->host);
        m->host_n = n;
    }
    return m->host;
}

float *model_host_f(struct model *m, size_t n)
{
    if (n > m->host_f_n) {
        m->host_f = xrealloc(m->host_f, n, sizeof *m->host_f);
        m->host_f_n = n;
    }
    return m->host_f;
}

void model_nonce(struct model *m, uint64_t nonce)
{
    m->k->order_nonce = nonce;
}

/* ---- layers ---- */

/* y = a + dropout(b) at a site of layer i */
void model_residual(struct model *m, int i, void *y, const void *a,
                     const void *b, uint32_t site)
{
    struct k_dropout d = dropout_at(m, i, site);

    m->k->residual(m->k, m->t, y, a, b, d.p > 0 ? &d : NULL,
                   rows_behind(m, i), m->c.hidden);
}

void model_rows(struct model *m, void *dst, const void *src, size_t off,
                size_t map, int n, int width)
{
    struct k_sums s = {.T = n, .n = n, .width = width,
                       .off = act_ints(m, off), .src = act_ints(m, map)};

    m->k->sum_rows(m->k, m->t, dst, src, s);
}

void model_layer_again(struct model *m, int i)
{
    attention_forward(m, i, 0);
    mlp_product(m, i);
}

void model_layers(struct model *m, int cached)
{
    m->k->embed(m->k, m->t, act_x(m, 0), act_ints(m, m->a.rows.tokens),
                of_model(m, ROLE_EMBED)->w, m->shape.T, m->c.hidden);
    for (int i = 0; i < m->c.layers; i++) {
        attention_forward(m, i, cached);
        mlp_product(m, i);
        mlp_forward(m, i);
    }
}
