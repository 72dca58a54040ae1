/* elementwise - cast, rope, swiglu, residual with dropout, add */
#include "dev.h"

KERNEL cast_all(void *dst, enum dtype dt, const void *src, enum dtype st,
                size_t n)
{
    for (size_t i = grid_at(); i < n; i += grid_step())
        put(dst, dt, i, get(src, st, i));
}

OP(void, cast)(struct kernels *k, void *dst, enum dtype dt, const void *src,
               enum dtype st, size_t n)
{
    struct cuda *c = cuda_of(k);

    if (n == 0 || (dst == src && dt == st))
        return;
    if (dt == st)
        k->copy(k, dst, src, n * dtype_size(dt));
    else
        LAUNCH(c, cast_all, cuda_blocks(c, n, 256), 256, 0, dst, dt, src, st,
               n);
}

KERNEL rope_pairs(enum dtype t, void *qkv, const int32_t *pos,
                  const float *table, struct k_attn_shape s, size_t n,
                  float sign)
{
    size_t half = (size_t)s.head_dim / 2, D = (size_t)s.head_dim;
    size_t heads = (size_t)(s.n_heads + s.n_kv_heads);
    size_t stride = (heads + (size_t)s.n_kv_heads) * D;

    for (size_t p = grid_at(); p < n; p += grid_step()) {
        size_t i = p % half, h = p / half % heads, r = p / half / heads;
        size_t at = r * stride + h * D + i;
        const float *cs = table + (size_t)pos[r] * D;
        float a = get(qkv, t, at), b = get(qkv, t, at + half);
        float sn = cs[half + i] * sign;

        put(qkv, t, at, canon_fma(a, cs[i], -(b * sn)));
        put(qkv, t, at + half, canon_fma(b, cs[i], a * sn));
    }
}

OP(void, rope)(struct kernels *k, enum dtype t, void *qkv, const int32_t *pos,
               const float *table, struct k_attn_shape s, int T, int sign)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)(s.n_heads + s.n_kv_heads) *
               (size_t)(s.head_dim / 2);

    if (n)
        LAUNCH(c, rope_pairs, cuda_blocks(c, n, 256), 256, 0, t, qkv, pos,
               table, s, n, sign < 0 ? -1.0f : 1.0f);
}

KERNEL swiglu_all(enum dtype t, void *y, const void *gu, size_t n, size_t F)
{
    for (size_t i = grid_at(); i < n; i += grid_step()) {
        size_t at = i / F * 2 * F + i % F;
        float g = get(gu, t, at), u = get(gu, t, at + F);

        put(y, t, i, (g * canon_sigmoid(g)) * u);
    }
}

OP(void, swiglu)(struct kernels *k, enum dtype t, void *y, const void *gu,
                 int T, int F)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)F;

    if (n)
        LAUNCH(c, swiglu_all, cuda_blocks(c, n, 256), 256, 0, t, y, gu, n,
               (size_t)F);
}

KERNEL swiglu_grads(enum dtype t, void *dgu, const void *dy, const void *gu,
                    size_t n, size_t F)
{
    for (size_t i = grid_at(); i < n; i += grid_step()) {
        size_t at = i / F * 2 * F + i % F;
        float g = get(gu, t, at), u = get(gu, t, at + F);
        float d = get(dy, t, i), s = canon_sigmoid(g);

        put(dgu, t, at, (d * u) * (s * canon_fma(g, 1.0f - s, 1.0f)));
        put(dgu, t, at + F, d * (g * s));
    }
}

OP(void, swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu,
                     const void *dy, const void *gu, int T, int F)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)F;

    if (n)
        LAUNCH(c, swiglu_grads, cuda_blocks(c, n, 256), 256, 0, t, dgu, dy,
               gu, n, (size_t)F);
}

/* y = a + dropout(b), a may be NULL; a thread takes the columns 4 q .. of a
 * row, which share a counter. */
KERNEL drop_quads(enum dtype t, void *y, const void *a, const void *b,
                  struct k_dropout d, size_t T, size_t H)
{
    size_t quads = (H + 3) / 4;
    float scale = 1.0f / (1.0f - d.p);

    for (size_t p = grid_at(); p < T * quads; p += grid_step()) {
        size_t q = p % quads, r = p / quads;
        uint32_t w[4] = {0, 0, 0, 0};

        if (d.p > 0.0f)
            canon_dropout_words(d.seed, d.step, d.site, d.row_id[r],
                                (uint32_t)q, w);
        for (size_t j = 0; j < 4 && q * 4 + j < H; j++) {
            size_t at = r * H + q * 4 + j;
            float v = get(b, t, at);

            if (d.p > 0.0f)
                v = philox_unit(w[j]) >= d.p ? v * scale : 0.0f;
            put(y, t, at, a ? get(a, t, at) + v : v);
        }
    }
}

static void drop(struct kernels *k, enum dtype t, void *y, const void *a,
                 const void *b, const struct k_dropout *d, int T, int H)
{
    struct cuda *c = cuda_of(k);
    struct k_dropout none = {0.0f, 0, 0, 0, NULL};
    size_t n = (size_t)T * (((size_t)H + 3) / 4);

    if (n)
        LAUNCH(c, drop_quads, cuda_blocks(c, n, 256), 256, 0, t, y, a, b,
               d ? *d : none, (size_t)T, (size_t)H);
}

OP(void, residual)(struct kernels *k, enum dtype t, void *y, const void *a,
                   const void *b, const struct k_dropout *d, int T, int H)
{
    drop(k, t, y, a, b, d, T, H);
}

OP(void, dropout_bwd)(struct kernels *k, enum dtype t, void *db,
                      const void *dy, const struct k_dropout *d, int T, int H)
{
    if ((d && d->p > 0.0f) || db != dy)
        drop(k, t, db, NULL, dy, d, T, H);
}

KERNEL add_all(enum dtype t, void *y, const void *a, const void *b, size_t n)
{
    for (size_t i = grid_at(); i < n; i += grid_step())
        put(y, t, i, get(a, t, i) + get(b, t, i));
}

OP(void, add)(struct kernels *k, enum dtype t, void *y, const void *a,
              const void *b, size_t n)
{
    struct cuda *c = cuda_of(k);

    if (n)
        LAUNCH(c, add_all, cuda_blocks(c, n, 256), 256, 0, t, y, a, b, n);
}
