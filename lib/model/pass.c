/* pass - rows through the layers, over a packed batch or a KV cache */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/fp64.h"
#include "../../kernels/canon.h"
#include "impl.h"

/* ---- rotary table ---- */

/* exp on plain arithmetic, as fp64_log; |x| < 700 */
static double exp_near(double x)
{
    int n = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    double r = x - n * 0.693147180369123816490; /* high part: n * it exact */
    double y = 1, p;
    uint64_t u;

    r -= n * 1.90821492927058770002e-10;
    for (int k = 18; k >= 1; k--)
        y = 1 + y * r / k;
    u = (uint64_t)(n + 1023) << 52;
    memcpy(&p, &u, 8);
    return y * p;
}

/* Row p: cos and sin of p * inv_freq_i, inv_freq_i = 1 / theta^(2i/d). As in
 * transformers the power, its inverse and the angle are rounded to fp32 one
 * after the other; sine and cosine of that angle are canon.h's. */
static void fill_rope(float *table, int len, int d, double theta)
{
    double log_theta = fp64_log(theta);

    for (int i = 0; i < d / 2; i++) {
        float e = (float)(2 * i) / (float)d;
        float inv = 1.0f / (float)exp_near((double)e * log_theta);

        for (int p = 0; p < len; p++) {
            float angle = (float)p * inv;
            float *row = table + (size_t)p * (size_t)d;

            row[i] = canon_cos(angle);
            row[i + d / 2] = canon_sin(angle);
        }
    }
}

int model_rope_room(int len, int need)
{
    len = len ? len : 256;
    while (len < need)
        len = len > INT_MAX / 2 ? need : 2 * len;
    return len;
}

int model_rope(struct model *m, int need, struct err *e)
{
    int len = model_rope_room(m->rope_len, need), d = m->c.head_dim;
    size_t bytes;
    float *host;

    if (need <= m->rope_len)
        return 0;
    bytes = (size_t)len * (size_t)d * sizeof *host;
    m->k->free(m->k, m->rope);
    m->rope_len = 0;
    m->rope = m->k->alloc(m->k, bytes, e);
    if (!m->rope)
        return -e->code;
    host = xmalloc(bytes);
    fill_rope(host, len, d, m->c.rope_theta);
    m->k->upload(m->k, m->rope, host, bytes);
    m->rope_len = len;
    free(host);
    return 0;
}

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
static void residual(struct model *m, int i, void *y, const void *a,
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

/* Of layer i, from qkv to the output for the rows behind it: over the
 * sequences of the layout, each whole, or over the cache. */
static void attention(struct model *m, int i, int cached, void *ao)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    struct k_attn_shape s = {c->heads, c->kv_heads, c->head_dim};
    int Q = c->heads * c->head_dim, W = Q + 2 * c->kv_heads * c->head_dim;
    int T = m->shape.T, E = m->shape.E, last = ends_live(m, i);
    const struct k_seqs seqs = last ? m->live_seqs : m->seqs;
    const struct layout *l = &m->a.rows;
    size_t at = (size_t)i;
    const void *qkv = act(m, m->a.qkv + at * m->a.qkv_step);
    float *lse = act(m, m->a.lse + at * m->a.lse_step);
    void *all = E || last ? act(m, m->a.w_ao) : ao;

    if (E) {
        model_rows(m, act(m, m->a.w_qkv), qkv, l->each, l->wide, E, W);
        qkv = act(m, m->a.w_qkv);
    }
    if (cached)
        k->attn_cached(k, m->t, all, qkv, m->kv, i, T);
    else
        k->attn(k, m->t, all, lse, qkv, s, seqs, E ? E : T);
    if (all != ao)
        model_rows(m, ao, all, l->each, last ? l->live : l->narrow,
                   rows_behind(m, i), Q);
}

/* Layer i from its input to the MLP's product of gate and up. */
static void layer_begin(struct model *m, int i, int cached)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    const struct layer *l = &m->layer[i];
    struct k_attn_shape s = {c->heads, c->kv_heads, c->head_dim};
    int T = m->shape.T, n_rows = rows_behind(m, i);
    int H = c->hidden, Q = c->heads * c->head_dim;
    enum dtype t = m->t;
    size_t at = (size_t)i;
    float eps = (float)c->rms_eps;
    const void *x = act_x(m, i);
    void *mid = act_mid(m, i);
    void *n = act(m, m->a.norm), *proj = act(m, m->a.proj);
    void *qkv = act(m, m->a.qkv + at * m->a.qkv_step);
    void *ao = act(m, m->a.ao + at * m->a.ao_step);

    k->rmsnorm(k, t, n, NULL, x, l->norm1->vec, T, H, eps);
    k->linear(k, t, qkv, n, l->qkv->w, l->bias ? l->bias->vec : NULL, T,
              l->qkv->N, H);
    k->rope(k, t, qkv, act_ints(m, m->a.rows.pos), m->rope, s, T, 1);
    if (!n_rows && !cached) /* keys and values are for the backward */
        return;
    attention(m, i, cached, ao);
    if (!n_rows)
        return;
    k->linear(k, t, proj, ao, l->o->w, NULL, n_rows, H, Q);
    if (ends_live(m, i)) {
        model_rows(m, n, x, m->a.rows.each, m->a.rows.head, n_rows, H);
        x = n;
    }
    residual(m, i, mid, x, proj, (uint32_t)(2 * i));
    k->rmsnorm(k, t, n, NULL, mid, l->norm2->vec, n_rows, H, eps);
    k->linear(k, t, act(m, m->a.gu + at * m->a.gu_step), n, l->gate_up->w,
              NULL, n_rows, 2 * c->ffn, H);
}

static void layer_end(struct model *m, int i)
{
    struct kernels *k = m->k;
    const struct config *c = &m->c;
    int T = rows_behind(m, i);
    void *f = act(m, m->a.act), *proj = act(m, m->a.proj);

    if (!T)
        return;
    k->swiglu(k, m->t, f, act(m, m->a.gu + (size_t)i * m->a.gu_step), T,
              c->ffn);
    k->linear(k, m->t, proj, f, m->layer[i].down->w, NULL, T, c->hidden,
              c->ffn);
    residual(m, i, act_x(m, i + 1), act_mid(m, i), proj,
             (uint32_t)(2 * i + 1));
}

void model_layer_again(struct model *m, int i)
{
    layer_begin(m, i, 0);
}

void model_layers(struct model *m, int cached)
{
    m->k->embed(m->k, m->t, act_x(m, 0), act_ints(m, m->a.rows.tokens),
                m->embed->w, m->shape.T, m->c.hidden);
    for (int i = 0; i < m->c.layers; i++) {
        layer_begin(m, i, cached);
        layer_end(m, i);
    }
}
