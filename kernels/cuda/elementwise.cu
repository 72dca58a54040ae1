/* elementwise - cast, rope, swiglu, residual with dropout, add
 *
 * All of it is as fast as memory at best, so a thread takes eight values in
 * accesses of 16 bytes where pointers and widths allow (`wide`), and one at a
 * time elsewhere. The bits are the same.
 */
#include "dev.h"

/* Blocks for n values, eight a thread when wide. */
static unsigned blocks_of(const struct cuda *c, size_t n, int wide)
{
    return cuda_blocks(c, wide ? n / 8 + 1 : n, 256);
}

/* ---- cast, add: n values in a row, the last of them alone ---- */
KERNEL __launch_bounds__(256)
    cast_all(void *dst, enum dtype dt, const void *src, enum dtype st,
             size_t n, int wide)
{
    size_t octs = wide ? n / 8 : 0;

    WITH_TYPE(dt, D, WITH_TYPE(st, S, {
        for (size_t i = grid_at(); i < octs; i += grid_step()) {
            float x[8];

            get8(src, S, i * 8, x);
            put8(dst, D, i * 8, x);
        }
    }););
    for (size_t i = octs * 8 + grid_at(); i < n; i += grid_step())
        put(dst, dt, i, get(src, st, i));
}

OP(void, cast)(struct kernels *k, void *dst, enum dtype dt, const void *src,
               enum dtype st, size_t n)
{
    struct cuda *c = cuda_of(k);
    int wide = can_oct(dst) && can_oct(src);

    if (n == 0 || (dst == src && dt == st))
        return;
    if (dt == st)
        k->copy(k, dst, src, n * dtype_size(dt));
    else
        LAUNCH(c, cast_all, blocks_of(c, n, wide), 256, 0, dst, dt, src, st,
               n, wide);
}

KERNEL __launch_bounds__(256)
    add_all(enum dtype t, void *y, const void *a, const void *b, size_t n,
            int wide)
{
    size_t octs = wide ? n / 8 : 0;

    WITH_TYPE(t, T, {
        for (size_t i = grid_at(); i < octs; i += grid_step()) {
            struct oct oa = load8(a, T, i * 8), ob = load8(b, T, i * 8);
            float x[8], z[8];

            widen8(&oa, T, x);
            widen8(&ob, T, z);
            for (int k = 0; k < 8; k++)
                x[k] = x[k] + z[k];
            put8(y, T, i * 8, x);
        }
    });
    for (size_t i = octs * 8 + grid_at(); i < n; i += grid_step())
        put(y, t, i, get(a, t, i) + get(b, t, i));
}

OP(void, add)(struct kernels *k, enum dtype t, void *y, const void *a,
              const void *b, size_t n)
{
    struct cuda *c = cuda_of(k);
    int wide = can_oct(y) && can_oct(a) && can_oct(b);

    if (n)
        LAUNCH(c, add_all, blocks_of(c, n, wide), 256, 0, t, y, a, b, n,
               wide);
}

/* ---- rope: eight pairs a thread ---- */
struct rope_job {
    enum dtype t;
    void *qkv;
    const int32_t *pos;
    const float *table;
    unsigned half, heads, stride; /* heads: of q and k; stride: of a row */
    float sign;
};

DEV void rope_pair(float *a, float *b, float cs, float sn)
{
    float x = *a;

    *a = canon_fma(x, cs, -(*b * sn));
    *b = canon_fma(*b, cs, x * sn);
}

/* Pairs i .. i + 7 of head h of row r. */
DEV void rope8(const struct rope_job *j, enum dtype t, size_t r, unsigned h,
               unsigned i)
{
    size_t at = r * j->stride + (size_t)h * 2 * j->half + i;
    const float *cs = j->table + (size_t)j->pos[r] * 2 * j->half + i;
    struct oct oa = load8(j->qkv, t, at), ob = load8(j->qkv, t, at + j->half);
    float a[8], b[8], c[8], s[8];

    get8(cs, DT_F32, 0, c);
    get8(cs + j->half, DT_F32, 0, s);
    widen8(&oa, t, a);
    widen8(&ob, t, b);
    for (int k = 0; k < 8; k++)
        rope_pair(&a[k], &b[k], c[k], s[k] * j->sign);
    put8(j->qkv, t, at, a);
    put8(j->qkv, t, at + j->half, b);
}

/* n: threads' shares. */
KERNEL __launch_bounds__(256) rope_eights(struct rope_job j, unsigned n)
{
    unsigned each = j.half / 8;

    for (unsigned p = (unsigned)grid_at(); p < n; p += (unsigned)grid_step())
        WITH_TYPE(j.t, T, rope8(&j, T, p / each / j.heads,
                                p / each % j.heads, p % each * 8););
}

KERNEL rope_ones(struct rope_job j, size_t n)
{
    for (size_t p = grid_at(); p < n; p += grid_step()) {
        size_t i = p % j.half, h = p / j.half % j.heads;
        size_t r = p / j.half / j.heads;
        size_t at = r * j.stride + h * 2 * j.half + i;
        const float *cs = j.table + (size_t)j.pos[r] * 2 * j.half + i;
        float a = get(j.qkv, j.t, at), b = get(j.qkv, j.t, at + j.half);

        rope_pair(&a, &b, cs[0], cs[j.half] * j.sign);
        put(j.qkv, j.t, at, a);
        put(j.qkv, j.t, at + j.half, b);
    }
}

OP(void, rope)(struct kernels *k, enum dtype t, void *qkv, const int32_t *pos,
               const float *table, struct k_attn_shape s, int T, int sign)
{
    struct cuda *c = cuda_of(k);
    unsigned half = (unsigned)(s.head_dim / 2);
    unsigned heads = (unsigned)(s.n_heads + s.n_kv_heads);
    size_t n = (size_t)T * heads * half;
    struct rope_job j = {t, qkv, pos, table, half, heads,
                         (heads + (unsigned)s.n_kv_heads) * 2 * half,
                         sign < 0 ? -1.0f : 1.0f};

    if (n && half % 8 == 0 && can_oct(qkv) && can_oct(table) && n >> 34 == 0)
        LAUNCH(c, rope_eights, cuda_blocks(c, n / 8, 256), 256, 0, j,
               (unsigned)(n / 8));
    else if (n)
        LAUNCH(c, rope_ones, cuda_blocks(c, n, 256), 256, 0, j, n);
}

/* ---- swiglu ---- */
DEV float swiglu_of(float g, float u)
{
    return (g * canon_sigmoid(g)) * u;
}

/* g and u become their gradients. */
DEV void swiglu_grad(float d, float *g, float *u)
{
    float s = canon_sigmoid(*g), dg;

    dg = (d * *u) * (s * canon_fma(*g, 1.0f - s, 1.0f));
    *u = d * (*g * s);
    *g = dg;
}

DEV void swiglu8(enum dtype t, void *y, const void *gu, size_t r, size_t at,
                 size_t F)
{
    size_t i = r * 2 * F + at;
    struct oct og = load8(gu, t, i), ou = load8(gu, t, i + F);
    float g[8], u[8];

    widen8(&og, t, g);
    widen8(&ou, t, u);
    for (int k = 0; k < 8; k++)
        g[k] = swiglu_of(g[k], u[k]);
    put8(y, t, r * F + at, g);
}

KERNEL __launch_bounds__(256)
    swiglu_all(enum dtype t, void *y, const void *gu, size_t n, size_t F,
               int wide)
{
    unsigned each = (unsigned)(F / 8);

    if (wide)
        for (unsigned i = (unsigned)grid_at(); i < n / 8;
             i += (unsigned)grid_step())
            WITH_TYPE(t, T, swiglu8(T, y, gu, i / each,
                                    (size_t)(i % each) * 8, F););
    else
        for (size_t i = grid_at(); i < n; i += grid_step()) {
            size_t at = i / F * 2 * F + i % F;

            put(y, t, i, swiglu_of(get(gu, t, at), get(gu, t, at + F)));
        }
}

/* Rows of F values at multiples of eight; n / 8 counts in 32 bits. */
static int rows_wide(size_t n, size_t F, const void *a, const void *b,
                     const void *c)
{
    return F % 8 == 0 && n >> 34 == 0 && can_oct(a) && can_oct(b) &&
           can_oct(c);
}

OP(void, swiglu)(struct kernels *k, enum dtype t, void *y, const void *gu,
                 int T, int F)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)F;
    int wide = rows_wide(n, (size_t)F, y, gu, NULL);

    if (n)
        LAUNCH(c, swiglu_all, blocks_of(c, n, wide), 256, 0, t, y, gu, n,
               (size_t)F, wide);
}

DEV void swiglu_grads8(enum dtype t, void *dgu, const void *dy,
                       const void *gu, size_t r, size_t at, size_t F)
{
    size_t i = r * 2 * F + at;
    struct oct og = load8(gu, t, i), ou = load8(gu, t, i + F);
    struct oct od = load8(dy, t, r * F + at);
    float g[8], u[8], d[8];

    widen8(&og, t, g);
    widen8(&ou, t, u);
    widen8(&od, t, d);
    for (int k = 0; k < 8; k++)
        swiglu_grad(d[k], &g[k], &u[k]);
    put8(dgu, t, i, g);
    put8(dgu, t, i + F, u);
}

KERNEL __launch_bounds__(256)
    swiglu_grads(enum dtype t, void *dgu, const void *dy, const void *gu,
                 size_t n, size_t F, int wide)
{
    unsigned each = (unsigned)(F / 8);

    if (wide)
        for (unsigned i = (unsigned)grid_at(); i < n / 8;
             i += (unsigned)grid_step())
            WITH_TYPE(t, T, swiglu_grads8(T, dgu, dy, gu, i / each,
                                          (size_t)(i % each) * 8, F););
    else
        for (size_t i = grid_at(); i < n; i += grid_step()) {
            size_t at = i / F * 2 * F + i % F;
            float g = get(gu, t, at), u = get(gu, t, at + F);

            swiglu_grad(get(dy, t, i), &g, &u);
            put(dgu, t, at, g);
            put(dgu, t, at + F, u);
        }
}

OP(void, swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu,
                     const void *dy, const void *gu, int T, int F)
{
    struct cuda *c = cuda_of(k);
    size_t n = (size_t)T * (size_t)F;
    int wide = rows_wide(n, (size_t)F, dgu, dy, gu);

    if (n)
        LAUNCH(c, swiglu_grads, blocks_of(c, n, wide), 256, 0, t, dgu, dy,
               gu, n, (size_t)F, wide);
}

/* ---- y = a + dropout(b), a may be NULL ---- */
struct drop_job {
    enum dtype t;
    void *y;
    const void *a, *b;
    struct k_dropout d;
    float scale;
    size_t T, H;
};

DEV float drop_of(const struct drop_job *j, float b, uint32_t word)
{
    if (j->d.p > 0.0f)
        return philox_unit(word) >= j->d.p ? b * j->scale : 0.0f;
    return b;
}

/* Columns 4 q .. of row r share a counter. */
DEV void drop_words(const struct drop_job *j, size_t r, size_t q,
                    uint32_t w[4])
{
    if (j->d.p > 0.0f)
        canon_dropout_words(j->d.seed, j->d.step, j->d.site, j->d.row_id[r],
                            (uint32_t)q, w);
}

DEV void drop8(const struct drop_job *j, enum dtype t, size_t r, size_t o)
{
    size_t at = r * j->H + o * 8;
    struct oct ob = load8(j->b, t, at), oa = ob;
    float a[8], b[8];
    uint32_t w[8] = {0, 0, 0, 0, 0, 0, 0, 0};

    if (j->a)
        oa = load8(j->a, t, at);
    drop_words(j, r, 2 * o, w);
    drop_words(j, r, 2 * o + 1, w + 4);
    widen8(&ob, t, b);
    widen8(&oa, t, a);
    for (int k = 0; k < 8; k++) {
        float v = drop_of(j, b[k], w[k]);

        b[k] = j->a ? a[k] + v : v;
    }
    put8(j->y, t, at, b);
}

KERNEL __launch_bounds__(256) drop_eights(struct drop_job j)
{
    unsigned each = (unsigned)(j.H / 8), n = (unsigned)j.T * each;

    for (unsigned i = (unsigned)grid_at(); i < n; i += (unsigned)grid_step())
        WITH_TYPE(j.t, T, drop8(&j, T, i / each, i % each););
}

KERNEL drop_quads(struct drop_job j)
{
    size_t quads = (j.H + 3) / 4;

    for (size_t p = grid_at(); p < j.T * quads; p += grid_step()) {
        size_t q = p % quads, r = p / quads;
        uint32_t w[4] = {0, 0, 0, 0};

        drop_words(&j, r, q, w);
        for (size_t k = 0; k < 4 && q * 4 + k < j.H; k++) {
            size_t at = r * j.H + q * 4 + k;
            float v = drop_of(&j, get(j.b, j.t, at), w[k]);

            put(j.y, j.t, at, j.a ? get(j.a, j.t, at) + v : v);
        }
    }
}

static void drop(struct kernels *k, enum dtype t, void *y, const void *a,
                 const void *b, const struct k_dropout *d, int T, int H)
{
    struct cuda *c = cuda_of(k);
    struct k_dropout none = {0.0f, 0, 0, 0, NULL};
    struct drop_job j = {t, y, a, b, d ? *d : none, 1.0f, (size_t)T,
                         (size_t)H};
    size_t n = (size_t)T * (size_t)H;

    j.scale = 1.0f / (1.0f - j.d.p);
    if (n && rows_wide(n, (size_t)H, y, a, b))
        LAUNCH(c, drop_eights, blocks_of(c, n, 1), 256, 0, j);
    else if (n)
        LAUNCH(c, drop_quads, cuda_blocks(c, n / 4 + 1, 256), 256, 0, j);
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
