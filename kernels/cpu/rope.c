/* rope - rotary embedding of q and k in place, pairs (i, i + head_dim/2) */
#include "cpu.h"

struct job {
    enum dtype t;
    void *qkv;
    const int32_t *pos;
    const float *table;
    struct k_attn_shape s;
    float sign;
};

/* Pairs i .. i + n of the heads of a row that begins at `at`. */
INLINE void turn(const struct job *j, int t, long at, long i, long n,
                 const float *cs)
{
    long D = j->s.head_dim, half = D / 2;
    long heads = j->s.n_heads + j->s.n_kv_heads;
    vf c = vf_get_t(DT_F32, cs, i, n);
    vf s = vf_get_t(DT_F32, cs, half + i, n) * vf_set1(j->sign);

    for (long h = 0; h < heads; h++, at += D) {
        vf a = vf_get_t(t, j->qkv, at + i, n);
        vf b = vf_get_t(t, j->qkv, at + half + i, n);

        vf_put_t(t, j->qkv, at + i, vf_fma(a, c, -(b * s)), n);
        vf_put_t(t, j->qkv, at + half + i, vf_fma(b, c, a * s), n);
    }
}

INLINE void turn_rows(const struct job *j, int t, long lo, long hi)
{
    long D = j->s.head_dim, half = D / 2;
    long stride = (j->s.n_heads + 2 * j->s.n_kv_heads) * D;

    for (long r = lo; r < hi; r++) {
        const float *cs = j->table + (long)j->pos[r] * D;
        long i = 0;

        for (; i + VW <= half; i += VW)
            turn(j, t, r * stride, i, VW, cs);
        if (i < half)
            turn(j, t, r * stride, i, half - i, cs);
    }
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;

    (void)worker;
    if (j->t == DT_F32)
        turn_rows(j, DT_F32, lo, hi);
    else if (j->t == DT_BF16)
        turn_rows(j, DT_BF16, lo, hi);
    else
        turn_rows(j, DT_F16, lo, hi);
}

OP(void, rope)(struct kernels *k, enum dtype t, void *qkv, const int32_t *pos,
               const float *table, struct k_attn_shape s, int T, int sign)
{
    struct job j = {t, qkv, pos, table, s, sign < 0 ? -1.0f : 1.0f};

    NAME(cpu_for)(cpu_of(k), T, 2.0 * (s.n_heads + s.n_kv_heads) * s.head_dim,
                  rows, &j);
}
