/* rope - rotary embedding, eight pairs a thread */
#include "dev.h"

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
