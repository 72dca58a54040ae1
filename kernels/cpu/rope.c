/* rope - rotary embedding of q and k in place, pairs (i, i + head_dim/2) */
#include "cpu.h"
#include "simd.h"

struct job {
    enum dtype t;
    void *qkv;
    const int32_t *pos;
    const float *table;
    struct k_attn_shape s;
    float sign;
};

enum { SOME = 6 };

/* A vector of pairs of some heads. All are read before one is written: a read
 * next to a masked write that is on its way waits for it. */
INLINE void turn_some(int t, void *qkv, long at, long D, const int heads, vf c,
                      vf s)
{
    vf a[SOME], b[SOME];

#pragma GCC unroll 8
    for (int h = 0; h < heads; h++) {
        a[h] = vf_load_t(t, qkv, at + h * D);
        b[h] = vf_load_t(t, qkv, at + h * D + D / 2);
    }
#pragma GCC unroll 8
    for (int h = 0; h < heads; h++) {
        vf_store_t(t, qkv, at + h * D, vf_fma(a[h], c, -(b[h] * s)));
        vf_store_t(t, qkv, at + h * D + D / 2, vf_fma(b[h], c, a[h] * s));
    }
}

/* The same of n < VW pairs. Loops stay loops, for a part of a vector is many
 * instructions. */
INLINE void turn_part(int t, void *qkv, long at, long D, int heads, long n,
                      vf c, vf s)
{
    vf a[SOME], b[SOME];

#pragma GCC unroll 1
    for (int h = 0; h < heads; h++) {
        a[h] = vf_get_t(t, qkv, at + h * D, n);
        b[h] = vf_get_t(t, qkv, at + h * D + D / 2, n);
    }
#pragma GCC unroll 1
    for (int h = 0; h < heads; h++) {
        vf_put_t(t, qkv, at + h * D, vf_fma(a[h], c, -(b[h] * s)), n);
        vf_put_t(t, qkv, at + h * D + D / 2, vf_fma(b[h], c, a[h] * s), n);
    }
}

/* Pairs i .. i + VW of the heads of a row that begins at `at`. */
INLINE void turn(const struct job *j, int t, long at, long i, const float *cs)
{
    long D = j->s.head_dim, half = D / 2;
    long heads = j->s.n_heads + j->s.n_kv_heads;
    vf c = vf_load(cs + i), s = vf_load(cs + half + i) * vf_set1(j->sign);

    for (; heads >= SOME; heads -= SOME, at += SOME * D)
        turn_some(t, j->qkv, at + i, D, SOME, c, s);
    for (; heads >= 2; heads -= 2, at += 2 * D)
        turn_some(t, j->qkv, at + i, D, 2, c, s);
    if (heads)
        turn_some(t, j->qkv, at + i, D, 1, c, s);
}

/* Those from i on, where they are no whole vector. */
INLINE void turn_rest(const struct job *j, int t, long at, long i,
                      const float *cs)
{
    long D = j->s.head_dim, half = D / 2, n = half - i;
    long heads = j->s.n_heads + j->s.n_kv_heads;
    vf c = vf_get_t(DT_F32, cs, i, n);
    vf s = vf_get_t(DT_F32, cs, half + i, n) * vf_set1(j->sign);

    for (long h = 0; h < heads; h += SOME)
        turn_part(t, j->qkv, at + h * D + i, D,
                  (int)(heads - h < SOME ? heads - h : SOME), n, c, s);
}

INLINE void turn_rows(const struct job *j, int t, long lo, long hi)
{
    long D = j->s.head_dim, half = D / 2;
    long stride = (j->s.n_heads + 2 * j->s.n_kv_heads) * D;

    for (long r = lo; r < hi; r++) {
        const float *cs = j->table + (long)j->pos[r] * D;
        long i = 0;

        for (; i + VW <= half; i += VW)
            turn(j, t, r * stride, i, cs);
        if (i < half)
            turn_rest(j, t, r * stride, i, cs);
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

    cpu_for(cpu_of(k), T, 2.0 * (s.n_heads + s.n_kv_heads) * s.head_dim,
            rows, &j);
}
