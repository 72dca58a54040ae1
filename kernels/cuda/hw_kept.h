/* hw_kept - a token from what top-k and top-p keep of a row
 *
 * The candidates near the largest logit are gathered and sorted in shared
 * memory, which one more reading of the row does for most. Where they are too
 * many or not enough, the cut is found by comparing keys, three bits a
 * reading, in any distribution. The kept set and the order of the draw are
 * those of the canonical head_sample; a sum that falls within rounding of a
 * threshold may go the other way.
 */
#ifndef ULP_CUDA_HW_KEPT_H
#define ULP_CUDA_HW_KEPT_H
#include "hw_draw.h"

/* ---- candidates in shared memory ---- */
/* Ascends as logits descend; -0 and +0 are one. */
DEV uint32_t key_of(float x)
{
    uint32_t u = canon_bits(x + 0.0f);

    return u & 0x80000000u ? u : ~(u | 0x80000000u);
}

/* The inverse of key_of. */
DEV float of_key(uint32_t k)
{
    return canon_float(k & 0x80000000u ? k : ~(k | 0x80000000u));
}

/* Those of eight logits from id v on whose mass is 2^-reach or more. */
DEV void gather8(const struct draw_row *r, const float x[8], long v,
                 float reach, uint64_t *cand, int *count)
{
    for (int k = 0; k < 8; k++)
        if ((x[k] - r->s.m) * r->c >= -reach) {
            int at = atomicAdd(count, 1);

            if (at < CANDS)
                cand[at] = (uint64_t)key_of(x[k]) << 32 | (uint32_t)(v + k);
        }
}

/* Of the whole row, unsorted: how many, stored or not. */
DEV int gather(const struct draw_row *r, float reach, uint64_t *cand,
               struct draw_shared *h)
{
    long step = (long)blockDim.x * 8, v = (long)threadIdx.x * 8;
    float x[8];

    __syncthreads();
    if (threadIdx.x == 0)
        h->count = 0;
    __syncthreads();
    for (; v + step + 8 <= r->V; v += 2 * step) {
        struct oct a = load8(r->l, r->t, (size_t)v);
        struct oct b = load8(r->l, r->t, (size_t)(v + step));

        widen8(&a, r->t, x);
        gather8(r, x, v, reach, cand, &h->count);
        widen8(&b, r->t, x);
        gather8(r, x, v + step, reach, cand, &h->count);
    }
    for (; v < r->V; v += step) {
        row_get(r->l, r->t, v, r->V, x);
        gather8(r, x, v, reach, cand, &h->count);
    }
    __syncthreads();
    return h->count;
}

/* Bitonic, ascending, made up to a power of two with what sorts last. */
DEV void sort_cands(uint64_t *cand, int n)
{
    int full = 1;

    while (full < n)
        full *= 2;
    for (int i = n + (int)threadIdx.x; i < full; i += (int)blockDim.x)
        cand[i] = ~(uint64_t)0;
    for (int k = 2; k <= full; k *= 2)
        for (int s = k / 2; s > 0; s /= 2) {
            __syncthreads();
            for (int i = (int)threadIdx.x; i < full / 2;
                 i += (int)blockDim.x) {
                int a = i / s * s * 2 + i % s, b = a + s;
                uint64_t x = cand[a], y = cand[b];

                if (((a & k) == 0) == (x > y)) {
                    cand[a] = y;
                    cand[b] = x;
                }
            }
        }
    __syncthreads();
}

/* The sorted list: the first place whose running sum is at least `want`, or
 * place n - 1. *sum: the running sum there. */
DEV int find_place(const struct draw_row *r, const uint64_t *cand, int n,
                   mass want, mass *sum, struct draw_shared *h)
{
    int each = (n + (int)blockDim.x - 1) / (int)blockDim.x;
    int lo = (int)threadIdx.x * each, hi = lo + each < n ? lo + each : n;
    struct weigh w = {r->s.m, r->c, 0};
    mass mine = 0, total, at;

    for (int i = lo; i < hi; i++)
        mine += weight(&w, of_key((uint32_t)(cand[i] >> 32)));
    at = block_before(mine, h->part, &total);
    want = want < total ? want : total;
    if (at < want && want <= at + mine) {
        int i = lo;

        while (at += weight(&w, of_key((uint32_t)(cand[i] >> 32))), at < want)
            i++;
        h->count = i;
        h->sum = at;
    }
    __syncthreads();
    *sum = h->sum;
    n = h->count;
    __syncthreads(); /* before the next writes there */
    return n;
}

/* top_p of total, in whole units, at least one. */
DEV mass part_of(float top_p, mass total)
{
    double x = (double)top_p * (double)total;
    mass need = (mass)x;

    need += (double)need < x;
    return need < 1 ? 1 : need;
}

/* The kept set in a sorted list of n; -1 when it may go on beyond. */
DEV int32_t draw_listed(const struct draw_row *r, const struct k_sample *s,
                        const uint64_t *cand, int n, struct draw_shared *h)
{
    mass all = (mass)((double)r->s.S * (double)ONE), C;
    int k = s->top_k > 0 && s->top_k < r->V ? s->top_k : 0, i;

    if (k) {
        if (n < k)
            return -1;
        n = k;
    }
    find_place(r, cand, n, ~(mass)0, &C, h); /* C: all that is listed */
    if (s->top_p < 1.0f) {
        mass need = part_of(s->top_p, k ? C : all);

        if (!k && C < need)
            return -1;
        find_place(r, cand, n, need, &C, h);
    } else if (!k) {
        return -1; /* top_k of V or more: all ids */
    }
    i = find_place(r, cand, n, (mass)((double)r->u * (double)C) + 1, &C, h);
    return (int32_t)(uint32_t)cand[i];
}

/* ---- any distribution ---- */
/* A prefix of the sorted order: all logits before key, and `ties` of it. */
struct prefix {
    uint32_t key;
    mass ties, before; /* before: the sum of those before key */
    mass one;          /* what one of the ties adds */
};

/* Leading bits of key_of that tell logits of type t apart. */
DEV int key_bits(enum dtype t)
{
    return t == DT_F32 ? 32 : t == DT_BF16 ? 16 : 19;
}

/* The shortest prefix whose sum, of masses or of ones, is at least `want`;
 * all of them when there is none. */
DEV struct prefix find_prefix(const struct draw_row *r, int ones, mass want,
                              struct draw_shared *h)
{
    int drop = 32 - key_bits(r->t);
    struct weigh w = {r->s.m, r->c, 0};
    struct prefix p = {0, 0, 0, 0};

    for (int b = 32 - drop; b > 0;) {
        int step = b < 3 ? b : 3;
        mass f[CUTS] = {0, 0, 0, 0, 0, 0, 0};
        uint32_t base;

        b -= step;
        for (long v = (long)threadIdx.x * 8; v < r->V;
             v += (long)blockDim.x * 8) {
            float x[8];

            row_get(r->l, r->t, v, r->V, x);
            for (int k = 0; k < 8; k++) {
                uint32_t key = key_of(x[k]) >> drop;
                mass add = ones ? v + k < r->V : weight(&w, x[k]);

#pragma unroll
                for (uint32_t j = 0; j < CUTS; j++)
                    f[j] += key < p.key + ((j + 1) << b) ? add : 0;
            }
        }
        block_sums(f, CUTS, h->part);
        base = p.key;
#pragma unroll
        for (uint32_t j = 0; j < CUTS; j++)
            if (j + 1 < 1u << step && f[j] < want) {
                p.key = base + ((j + 1) << b);
                p.before = f[j];
            }
    }
    /* the low bits of a widened value are zeros, of a key what that makes */
    p.key = p.key << drop;
    if (!(p.key & 0x80000000u))
        p.key |= (1u << drop) - 1;
    p.one = ones ? 1 : weight(&w, of_key(p.key));
    p.ties = p.one ? (want - p.before + p.one - 1) / p.one : 0;
    return p;
}

/* Mass (or, with ones, number) of the ids whose key is below `key`, on every
 * thread. */
DEV mass sum_before(const struct draw_row *r, uint32_t key, int ones,
                    struct draw_shared *h)
{
    struct weigh w = {r->s.m, r->c, 0};
    mass sum = 0;

    for (long v = (long)threadIdx.x * 8; v < r->V; v += (long)blockDim.x * 8) {
        float x[8];

        row_get(r->l, r->t, v, r->V, x);
        for (int k = 0; k < 8; k++)
            if (key_of(x[k]) < key)
                sum += ones ? v + k < r->V : weight(&w, x[k]);
    }
    block_sums(&sum, 1, h->part);
    return sum;
}

/* The token by searching for the cuts of top-k and top-p over the whole row,
 * whatever its distribution. */
DEV int32_t draw_searched(const struct draw_row *r, const struct k_sample *s,
                          struct draw_shared *h)
{
    struct weigh w = {r->s.m, r->c, 0};
    struct pieces q;
    struct prefix p;
    mass C = sum_before(r, 0xFFFFFFFFu, 0, h);

    if (s->top_k > 0 && s->top_k < r->V) {
        p = find_prefix(r, 1, (mass)s->top_k, h);
        C = sum_before(r, p.key, 0, h) +
            p.ties * weight(&w, of_key(p.key));
    }
    if (s->top_p < 1.0f) {
        p = find_prefix(r, 0, part_of(s->top_p, C), h);
        C = p.before + p.ties * p.one;
    }
    p = find_prefix(r, 0, (mass)((double)r->u * (double)C) + 1, h);
    w.m = of_key(p.key);
    w.ties = 1;
    q = cut(r, 0, r->V, &w, h);
    return find_id(r, &q, &w, p.ties - 1, h);
}

/* The token from sorted candidates, or by the search where they do not
 * suffice. cand: [CANDS] in shared memory. */
DEV int32_t draw_kept(const struct draw_row *r, const struct k_sample *s,
                      uint64_t *cand, struct draw_shared *h)
{
    int32_t id = -1;

#pragma unroll 1 /* the second is rare */
    for (float reach = 8.0f; id < 0 && reach < 20.0f; reach += 6.0f) {
        int n = gather(r, reach, cand, h);

        if (n > CANDS)
            break;
        sort_cands(cand, n);
        id = draw_listed(r, s, cand, n, h);
    }
    return id >= 0 ? id : draw_searched(r, s, h);
}

#endif
