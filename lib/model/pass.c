/* pass - rows through the layers, over a packed batch or a KV cache */
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

void model_nonce(struct model *m, uint64_t nonce)
{
    m->k->order_nonce = nonce;
}

/* ---- layers ---- */

void model_layer_again(struct model *m, int i)
{
    attention_forward(m, i, 0);
    mlp_product(m, i);
}

int model_layers(struct model *m, int cached, struct err *e)
{
    int r = model_need(m, UNIT_EMBED, 0, e);

    if (r)
        return r;
    m->k->embed(m->k, m->t, act_x(m, 0), act_ints(m, m->a.rows.tokens),
                of_model(m, ROLE_EMBED)->w, m->shape.T, m->c.hidden);
    for (int i = 0; i < m->c.layers; i++) {
        int last = i == m->c.layers - 1;

        r = model_need(m, i, last && !m->shape.R ? UNIT_NONE : i + 1, e);
        if (r)
            return r;
        attention_forward(m, i, cached);
        mlp_product(m, i);
        mlp_forward(m, i);
    }
    return m->shape.R ? model_need(m, unit_head(m), UNIT_NONE, e) : 0;
}
