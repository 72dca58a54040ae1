/* grads - the gradients' buffers, and what a micro-batch adds to them
 *
 * fp32: every product adds to the flat array itself, so that no micro-batch
 * shows. A tied embedding's rows are summed apart, and added to the head's at
 * the end.
 *
 * bf16 (as torch for bf16 parameters): a product's sum over the rows of a
 * micro-batch is made from +0 in fp32, in scratch; it is rounded, then added to
 * the flat array and rounded again. The first one is rounded there. Both uses of
 * a tied embedding are rounded and added before that.
 */
#include "../base/arena.h"
#include "impl.h"

static int rounds(const struct model *m)
{
    return m->arm.grads != DT_F32;
}

/* The scratch of bf16 gradients: fp32 sums, then room to round one. */
static int need_scratch(struct model *m, struct err *e)
{
    struct params_sizes n;

    if (!rounds(m) || m->grad_sums)
        return 0;
    n = params_sizes(&m->c);
    m->grad_vector = n.largest_matrix;
    m->grad_sums = m->k->alloc(m->k, 4 * (n.largest_matrix + n.largest_vector),
                               e);
    if (m->grad_sums)
        m->grad_rounded = m->k->alloc(m->k, 2 * n.largest_matrix, e);
    return m->grad_rounded ? 0 : -e->code;
}

int model_need_grads(struct model *m, struct err *e)
{
    struct kernels *k = m->k;
    size_t size = dtype_size(m->arm.grads);

    if (!m->grads)
        m->grads = k->alloc(k, size * m->p.n_values, e);
    if (m->grads && m->c.tied && !m->embed_grads)
        m->embed_grads = k->alloc(k, size * of_model(m, ROLE_EMBED)->f.n, e);
    if (m->grads && (m->embed_grads || !m->c.tied) && !need_scratch(m, e))
        return 0;
    return err_prefix(e, "gradients");
}

void model_free_grads(struct model *m)
{
    struct kernels *k = m->k;

    if (!m->grads_lent)
        k->free(k, m->grads);
    k->free(k, m->embed_grads);
    k->free(k, m->grad_sums);
    k->free(k, m->grad_rounded);
    m->grads = m->embed_grads = m->grad_rounded = NULL;
    m->grad_sums = NULL;
    m->embed_pending = m->grads_lent = 0;
}

void model_lend_grads(struct model *m, void *p)
{
    if (!m->grads_lent)
        m->k->free(m->k, m->grads);
    m->grads = p;
    m->grads_lent = !!p;
}

static char *flat(const struct model *m, const struct weight *g)
{
    return m->grads + g->f.offset * dtype_size(m->arm.grads);
}

float *grad_begin(struct model *m, const struct weight *g)
{
    float *sums;

    if (!g)
        return NULL;
    if (!rounds(m))
        return (float *)(void *)flat(m, g);
    sums = m->grad_sums + (g->f.K ? 0 : m->grad_vector);
    m->k->zero(m->k, sums, 4 * g->f.n);
    return sums;
}

/* Where a micro-batch's gradient is rounded to: the first one stays there. */
static char *round_to(const struct model *m, const struct weight *g)
{
    return m->grads_fresh ? flat(m, g) : m->grad_rounded;
}

/* A later one is then added to the others. */
static void join(struct model *m, const struct weight *g)
{
    struct kernels *k = m->k;

    if (!m->grads_fresh)
        k->add(k, m->arm.grads, flat(m, g), flat(m, g), m->grad_rounded,
               g->f.n);
}

void grad_end(struct model *m, const struct weight *g)
{
    struct kernels *k = m->k;
    const float *sums = m->grad_sums;
    enum dtype t = m->arm.grads;

    if (!g || !rounds(m))
        return;
    if (m->c.tied && g == of_model(m, ROLE_HEAD)) { /* it waits for embed_end */
        k->cast(k, m->embed_grads, t, sums, DT_F32, g->f.n);
        return;
    }
    k->cast(k, round_to(m, g), t, sums + (g->f.K ? 0 : m->grad_vector), DT_F32,
            g->f.n);
    join(m, g);
}

float *embed_begin(struct model *m)
{
    if (rounds(m) || !m->c.tied)
        return grad_begin(m, of_model(m, ROLE_EMBED));
    m->embed_pending = 1;
    return (float *)(void *)m->embed_grads;
}

void embed_end(struct model *m)
{
    struct kernels *k = m->k;
    const struct weight *g = of_model(m, ROLE_EMBED);

    if (rounds(m) && m->c.tied) {
        char *sum = round_to(m, g);

        k->cast(k, sum, m->arm.grads, m->grad_sums, DT_F32, g->f.n);
        k->add(k, m->arm.grads, sum, m->embed_grads, sum, g->f.n);
        join(m, g);
    } else {
        grad_end(m, g);
    }
}

/* Zeroed when they are needed: the memory may be in use until then. */
void grads_ready(struct model *m)
{
    size_t size = dtype_size(m->arm.grads);

    if (!m->grads_stale)
        return;
    m->grads_stale = 0;
    if (m->before_grads)
        m->before_grads(m->before_grads_ctx);
    if (m->grads)
        m->k->zero(m->k, m->grads, size * m->p.n_values);
    if (m->embed_grads)
        m->k->zero(m->k, m->embed_grads, size * of_model(m, ROLE_EMBED)->f.n);
}

void *model_grads(struct model *m)
{
    struct kernels *k = m->k;

    grads_ready(m);
    if (m->embed_pending) {
        float *g = (float *)(void *)flat(m, of_model(m, ROLE_EMBED));

        k->add(k, DT_F32, g, g, m->embed_grads, of_model(m, ROLE_EMBED)->f.n);
        k->zero(k, m->embed_grads, 4 * of_model(m, ROLE_EMBED)->f.n);
        m->embed_pending = 0;
    }
    return m->grads;
}

void *model_spare(struct model *m, size_t bytes)
{
    return bytes <= dtype_size(m->arm.grads) * m->p.n_values ? m->grads : NULL;
}

void model_before_grads(struct model *m, void (*fn)(void *ctx), void *ctx)
{
    m->before_grads = fn;
    m->before_grads_ctx = ctx;
}

void model_zero_grads(struct model *m)
{
    m->grads_stale = 1;
    m->grads_fresh = 1;
    m->embed_pending = 0;
    m->kept.rows = m->kept.summed = m->kept.n = 0;
}
