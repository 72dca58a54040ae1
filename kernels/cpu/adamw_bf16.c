/* adamw_bf16 - torch's step where weights, moments and gradients are bf16
 *
 * One pass over memory, in blocks that stay in the L1 cache: first the moments
 * of a block, then its weights. As one loop the chain of roundings, root and
 * divisions of a value would exceed the window of out-of-order execution.
 * Two vectors at a time are unpacked within their 128-bit lanes, as packing
 * leaves them, so that no value crosses a lane.
 */
#include "adamw_bf16.h"
#include <string.h>
#include "../torch_step.h"
#include "simd.h"

typedef uint16_t vh __attribute__((vector_size(VW * 4)));
typedef uint16_t vh_mem
    __attribute__((vector_size(VW * 4), aligned(2), may_alias));

enum { STEP = 2 * VW, BLOCK = 512 };

struct two {
    vf a, b;
};

#if VW == 16 && defined(__AVX512BW__)
INLINE struct two widen2(vh h)
{
    const __m512i x = (__m512i)h, zero = _mm512_setzero_si512();

    return (struct two){(vf)_mm512_unpacklo_epi16(zero, x),
                        (vf)_mm512_unpackhi_epi16(zero, x)};
}

INLINE vh high2(vi a, vi b)
{
    return (vh)_mm512_packus_epi32((__m512i)(a >> 16), (__m512i)(b >> 16));
}
#elif VW == 8
INLINE struct two widen2(vh h)
{
    const __m256i x = (__m256i)h, zero = _mm256_setzero_si256();

    return (struct two){(vf)_mm256_unpacklo_epi16(zero, x),
                        (vf)_mm256_unpackhi_epi16(zero, x)};
}

INLINE vh high2(vi a, vi b)
{
    return (vh)_mm256_packus_epi32((__m256i)(a >> 16), (__m256i)(b >> 16));
}
#else
INLINE struct two widen2(vh h)
{
    uint16_t v[STEP];

    memcpy(v, &h, sizeof v);
    return (struct two){vf_load_bf16(v), vf_load_bf16(v + VW)};
}

/* The upper halves of the lanes. */
INLINE vh high2(vi a, vi b)
{
    uint32_t u[STEP];
    uint16_t v[STEP];
    vh h;

    memcpy(u, &a, sizeof a);
    memcpy(u + VW, &b, sizeof b);
    for (int i = 0; i < STEP; i++)
        v[i] = (uint16_t)(u[i] >> 16);
    memcpy(&h, v, sizeof h);
    return h;
}
#endif

/* To bf16 in the upper half; the lower one is undefined. */
INLINE vi rounding(vf x)
{
    vi u = (vi)x;

    return (u + 0x7FFFu) + ((u >> 16) & 1u);
}

INLINE vf rounded(vf x)
{
    return (vf)(rounding(x) & 0xFFFF0000u);
}

INLINE vf maybe(int each, vf x)
{
    return each ? rounded(x) : x;
}

/* Does any lane hold NaN? */
INLINE int any_nan(vf a, vf b)
{
#if VW == 16
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q) != 0;
#elif VW == 8
    return _mm256_movemask_ps(
               _mm256_cmp_ps((__m256)a, (__m256)b, _CMP_UNORD_Q)) != 0;
#else
    int nan = 0;

    for (int i = 0; i < VW; i++)
        nan |= a[i] != a[i] || b[i] != b[i];
    return nan;
#endif
}

/* As canon_round_bf16 has it, NaN among the lanes or not. */
INLINE vh narrow2(vf a, vf b, int nan)
{
    vi ra = rounding(a), rb = rounding(b);

    if (nan) {
        vi in_a = (vi)(a != a), in_b = (vi)(b != b);

        ra = (ra & ~in_a) | (in_a & 0x7FC00000u);
        rb = (rb & ~in_b) | (in_b & 0x7FC00000u);
    }
    return high2(ra, rb);
}

/* The moments of a block, with m, v and g as torch_update has them. wide_m and
 * wide_v are what the update reads, lanes as widen2 leaves them. */
INLINE void moments(const struct torch_call *c, float scale, int each, long n,
                    uint16_t *m, uint16_t *v, const uint16_t *g, vf *wide_m,
                    vf *wide_v)
{
    const vf b1 = vf_set1(c->b1), b2 = vf_set1(c->b2);
    const vf beta2 = vf_set1(c->beta2), s = vf_set1(scale);

    for (long i = 0; i < n; i += STEP, wide_m += 2, wide_v += 2) {
        struct two M = widen2(*(const vh_mem *)(m + i));
        struct two V = widen2(*(const vh_mem *)(v + i));
        struct two G = widen2(*(const vh_mem *)(g + i));

        G = (struct two){rounded(G.a * s), rounded(G.b * s)};
        M.a = maybe(each, vf_fma(b1, G.a - M.a, M.a));
        M.b = maybe(each, vf_fma(b1, G.b - M.b, M.b));
        V.a = maybe(each, V.a * beta2);
        V.b = maybe(each, V.b * beta2);
        V.a = maybe(each, vf_fma(b2 * G.a, G.a, V.a));
        V.b = maybe(each, vf_fma(b2 * G.b, G.b, V.b));
        wide_m[0] = M.a;
        wide_m[1] = M.b;
        wide_v[0] = V.a;
        wide_v[1] = V.b;
        if (any_nan(M.a, M.b) || any_nan(V.a, V.b)) {
            *(vh_mem *)(m + i) = narrow2(M.a, M.b, 1);
            *(vh_mem *)(v + i) = narrow2(V.a, V.b, 1);
        } else if (each) {
            *(vh_mem *)(m + i) = high2((vi)M.a, (vi)M.b);
            *(vh_mem *)(v + i) = high2((vi)V.a, (vi)V.b);
        } else {
            *(vh_mem *)(m + i) = narrow2(M.a, M.b, 0);
            *(vh_mem *)(v + i) = narrow2(V.a, V.b, 0);
        }
    }
}

INLINE vf decrease(const struct torch_call *c, int each, vf m, vf v)
{
    vf d = maybe(each, vf_sqrt(v));

    d = maybe(each, d / vf_set1(c->root2));
    d = maybe(each, d + vf_set1(c->eps));
    return (vf_set1(c->rate) * m) / d;
}

/* The weights of a block; how many change. */
INLINE uint64_t weights(const struct torch_call *c, int each, long n,
                        uint16_t *w, const vf *m, const vf *v)
{
    const vf keep = vf_set1(c->keep);
    uint16_t by_lane[STEP];
    uint64_t changed = 0;
    vh differ = {0};

    for (long i = 0; i < n; i += STEP, m += 2, v += 2) {
        vh old = *(const vh_mem *)(w + i), now;
        struct two W = widen2(old);

        W.a = maybe(each, W.a * keep) - decrease(c, each, m[0], v[0]);
        W.b = maybe(each, W.b * keep) - decrease(c, each, m[1], v[1]);
        now = any_nan(W.a, W.b) ? narrow2(W.a, W.b, 1) : narrow2(W.a, W.b, 0);
        differ -= (vh)(old != now);
        *(vh_mem *)(w + i) = now;
    }
    memcpy(by_lane, &differ, sizeof by_lane);
    for (int i = 0; i < STEP; i++)
        changed += by_lane[i];
    return changed;
}

/* One value; 1 if the weight changes. */
static uint64_t one(const struct torch_call *c, float scale, int each,
                    uint16_t *w, uint16_t *m, uint16_t *v, uint16_t g)
{
    enum dtype t = each ? DT_BF16 : DT_F32;
    float base = canon_widen_bf16(*w), mm = canon_widen_bf16(*m);
    float vv = canon_widen_bf16(*v), gg = canon_widen_bf16(g) * scale, d;
    uint16_t old = *w;

    d = torch_update(c, t, t, 1, 1, 0, torch_round(DT_BF16, gg), &base, &mm,
                     &vv);
    *w = canon_round_bf16(base - d);
    *m = canon_round_bf16(mm);
    *v = canon_round_bf16(vv);
    return old != *w;
}

INLINE uint64_t all(const struct k_adamw *h, int each, long n, uint16_t *w,
                    uint16_t *m, uint16_t *v, const uint16_t *g)
{
    const struct torch_call c = torch_constants(h, each ? DT_BF16 : DT_F32);
    vf wide_m[BLOCK / VW], wide_v[BLOCK / VW];
    float s = h->grad_scale;
    uint64_t changed = 0;
    long i = 0, k;

    for (; n - i >= STEP; i += k) {
        k = n - i < BLOCK ? (n - i) / STEP * STEP : BLOCK;
        moments(&c, s, each, k, m + i, v + i, g + i, wide_m, wide_v);
        changed += weights(&c, each, k, w + i, wide_m, wide_v);
    }
    for (; i < n; i++)
        changed += one(&c, s, each, w + i, m + i, v + i, g[i]);
    return changed;
}

uint64_t NAME(adamw_bf16)(const struct k_adamw *h, long n, uint16_t *w,
                          uint16_t *m, uint16_t *v, const uint16_t *g)
{
    return h->kind == STEP_FOREACH ? all(h, 1, n, w, m, v, g)
                                   : all(h, 0, n, w, m, v, g);
}
