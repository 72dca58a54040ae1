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

/* Room for the gradients of the unfinished rows' keys and values. */
static int fit_kept(struct model *m, struct err *e)
{
    size_t n = kept_values(&m->c, m->shape.unfinished);

    if (n <= m->kept_after_n)
        return 0;
    m->k->free(m->k, m->kept_after);
    m->kept_after_n = 0;
    m->kept_after = m->k->alloc(m->k, n * sizeof *m->kept_after, e);
    if (!m->kept_after)
        return err_prefix(e, "%d rows between micro-batches",
                          m->shape.unfinished);
    m->kept_after_n = n;
    return 0;
}

/* Those that waited, and the unfinished ones of this pass, by position. */
static void keep_heads(struct model *m, const float *v)
{
    struct kept *c = &m->kept;
    const struct layout *l = &m->a.rows;
    const size_t at = (size_t)rows_on(m, m->c.layers - 1);
    int wait = 0, own = m->shape.unfinished_heads;

    for (int i = 0; i < m->shape.resumed_heads; i++)
        if (m->resumed_heads[i] < 0)
            c->head[wait++] = c->head[i];
    c->n = wait + own;
    if ((size_t)c->n > m->kept_heads_room) {
        m->kept_heads_room = 2 * (size_t)c->n;
        c->head = xrealloc(c->head, m->kept_heads_room, sizeof *c->head);
    }
    for (int to = c->n - 1; own; to--) {
        size_t h = at + (size_t)own - 1;
        int32_t pos = m->host[l->pos + (size_t)m->host[l->head + h]];

        if (wait && c->head[wait - 1].pos > pos) {
            c->head[to] = c->head[--wait];
        } else {
            c->head[to] = (struct kept_head){pos, m->host[l->target + h], v[h]};
            own--;
        }
    }
}

/* Partial gradients of unfinished rows are kept for the next pass. v:
 * gradients of the head rows; those of unfinished rows are the last. */
static void keep_for_next(struct model *m, const float *v)
{
    struct kept *c = &m->kept;
    float *p = m->kept_before;
    size_t n = m->kept_before_n;

    c->summed = m->summed;
    c->rows = m->shape.unfinished;
    keep_heads(m, v);
    m->kept_before = m->kept_after;
    m->kept_before_n = m->kept_after_n;
    m->kept_after = p;
    m->kept_after_n = n;
}

int model_backward(struct model *m, const float *dlogp, struct err *e)
{
    struct kernels *k = m->k;
    int again = m->shape.keep == KEEP_INPUTS;
    int T = rows_of(m), H = m->c.hidden, last = m->c.layers - 1;
    float *v = NULL;
    int r;

    if (m->shape.keep == KEEP_NOTHING)
        return err_set(e, ERR_USAGE, "backward without its forward");
    m->shape.keep = KEEP_NOTHING; /* once */
    if (fit_kept(m, e))
        return -e->code;
    if (!m->shape.R && !m->shape.E)
        return 0;
    grads_ready(m);
    if (m->shape.R)
        v = head_gradients(m, dlogp);
    r = rows_on(m, last) ? model_need(m, unit_head(m), last, e) : 0;
    if (r)
        return r;
    if (rows_on(m, last))
        head_backward(m, v);
    for (int i = last; i >= 0; i--) {
        r = model_need(m, i, i ? i - 1 : UNIT_NONE, e);
        if (r)
            return r;
        if (again && i < last)
            model_layer_again(m, i);
        mlp_backward(m, i);
        attention_backward(m, i);
    }
    k->embed_bwd(k, m->t, embed_begin(m), act_ints(m, m->a.rows.tokens),
                 act(m, m->a.d_x), T, m->c.vocab, H);
    embed_end(m);
    m->grads_fresh = 0;
    keep_for_next(m, v);
    return k->sync(k, e);
}
