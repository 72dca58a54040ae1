/* residual - y = a + dropout(b), the gradient of dropout, y = a + b */
#include "dev.h"

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
        LAUNCH(c, add_all, eights_blocks(c, n, wide), 256, 0, t, y, a, b, n,
               wide);
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
        LAUNCH(c, drop_eights, eights_blocks(c, n, 1), 256, 0, j);
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
