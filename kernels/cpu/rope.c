/* rope - rotary embedding of q and k in place, pairs (i, i + head_dim/2) */
#include "cpu.h"

struct job {
    struct cpu *c;
    enum dtype t;
    void *qkv;
    const int32_t *pos;
    const float *table;
    struct k_attn_shape s;
    int sign;
};

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    long D = j->s.head_dim, half = D / 2;
    long heads = j->s.n_heads + j->s.n_kv_heads;
    long stride = (heads + j->s.n_kv_heads) * D;
    float sign = j->sign < 0 ? -1.0f : 1.0f;
    float *buf = NAME(cpu_worker)(j->c, worker, W_ROW,
                                  (size_t)(2 * D) * sizeof *buf);
    float *out = buf + D;

    if (!buf)
        return;
    for (long r = lo; r < hi; r++) {
        const float *cs = j->table + (long)j->pos[r] * D, *sn = cs + half;

        for (long h = 0; h < heads; h++) {
            long at = r * stride + h * D;
            const float *a =
                cpu_row(j->t, j->qkv, (size_t)at, (size_t)D, buf);
            const float *b = a + half;

            for (long i = 0; i < half; i++) {
                float s = sn[i] * sign;

                out[i] = canon_fma(a[i], cs[i], -(b[i] * s));
                out[half + i] = canon_fma(b[i], cs[i], a[i] * s);
            }
            NAME(narrow)(AT_W(j->qkv, j->t, at), j->t, out, (size_t)D);
        }
    }
}

OP(void, rope)(struct kernels *k, enum dtype t, void *qkv, const int32_t *pos,
               const float *table, struct k_attn_shape s, int T, int sign)
{
    struct job j = {cpu_of(k), t, qkv, pos, table, s, sign};

    NAME(cpu_for)(j.c, T, 2.0 * (s.n_heads + s.n_kv_heads) * s.head_dim, rows,
                  &j);
}
