/* simd - one vector type per instruction set level, and how to load it
 *
 * vf is VW floats. vf_fma is a true fused multiply-add on every level (on
 * x86-64 without FMA it is fmaf of the C library, lane by lane: slow, and the
 * same bits).
 */
#ifndef ULP_CPU_SIMD_H
#define ULP_CPU_SIMD_H
#include <stdint.h>
#include <string.h>
#include "../canon.h"
#include "width.h"

#if VW > 4
#include "intrin.h"
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* VW floats; the same at any address of a float; VW 32-bit words; VW 16-bit
 * words at any address of one. */
typedef float vf __attribute__((vector_size(VW * 4)));
typedef float vfu __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef uint32_t vi __attribute__((vector_size(VW * 4)));
typedef uint16_t vhu
    __attribute__((vector_size(VW * 2), aligned(2), may_alias));

/* VW floats from and to any address of a float. */
INLINE vf vf_load(const float *p)
{
    return *(const vfu *)p;
}

INLINE void vf_store(float *p, vf v)
{
    *(vfu *)p = v;
}

/* a b + c, rounded once. */
INLINE vf vf_fma(vf a, vf b, vf c)
{
#if VW == 16
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif VW == 8
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    for (int i = 0; i < VW; i++)
        c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#endif
}

/* s in all lanes. */
INLINE vf vf_set1(float s)
{
#if VW == 16
    return (vf)_mm512_set1_ps(s);
#elif VW == 8
    return (vf)_mm256_set1_ps(s);
#else
    return (vf){s, s, s, s};
#endif
}

/* VW values of bf16, widened (exact). */
INLINE vf vf_load_bf16(const uint16_t *p)
{
    vi u = __builtin_convertvector(*(const vhu *)p, vi) << 16;

    return (vf)u;
}

/* A half of VW pairs of bf16: that of the even or the odd terms of a chain. */
INLINE vf vf_half(vf pairs, int odd)
{
    vi u = (vi)pairs;

    return (vf)(odd ? u & 0xFFFF0000u : u << 16);
}

/* The even or the odd terms of the VW pairs at p, widened. */
INLINE vf vf_load_pairs(const float *p, int odd)
{
    return vf_half(vf_load(p), odd);
}

/* v, which stays in its register: of the two halves of a pair GCC 12 makes a
 * block that leaves sums on the stack. */
INLINE vf vf_stay(vf v)
{
#if VW == 16 && !defined(AVX512_MODEL)
    __asm__ volatile("" : "+v"(v));
#elif VW == 8
    __asm__ volatile("" : "+x"(v));
#endif
    return v;
}

/* The same address, of which the compiler does not know it: there is no room in
 * registers for pairs beside a full block of sums, so that both halves read
 * them. */
INLINE const void *vf_again(const void *p)
{
    __asm__("" : "+r"(p));
    return p;
}

#if HAS_DOTS
/* c + a b of pairs of bf16, lane by lane: the odd terms first, then the even
 * ones, each rounded as a fused multiply-add that takes subnormals for zero
 * and gives zero for them (Intel SDM, VDPBF16PS). */
INLINE vf vf_dot(vf c, vi a, vi b)
{
#ifdef AVX512_MODEL
    return model_dpbf16(c, a, b);
#else
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(c) : "v"(a), "v"(b));
    return c;
#endif
}

/* VW pairs of bf16. */
INLINE vi vi_load(const void *p)
{
    return (vi) * (const vfu *)p;
}

/* Two values of a row in all lanes; one value and a zero. */
INLINE vi vi_pair(const uint16_t *p)
{
    typedef uint32_t u32u __attribute__((aligned(2), may_alias));

    return (vi)_mm512_set1_epi32((int)*(const u32u *)p);
}

INLINE vi vi_single(const uint16_t *p)
{
    return (vi)_mm512_set1_epi32((int)*p);
}
#endif

/* VW values of fp16, widened (exact). */
INLINE vf vf_load_f16(const uint16_t *p)
{
#if VW == 16
    return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
#elif VW == 8
    return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
#else
    vf v = vf_set1(0.0f);

    for (int i = 0; i < VW; i++)
        v[i] = canon_widen_f16(p[i]);
    return v;
#endif
}

/* Element i of an array of type t, VW values; t is a constant after
 * inlining. */
INLINE vf vf_load_t(int t, const void *p, long i)
{
    if (t == 0)
        return vf_load((const float *)p + i);
    if (t == 1)
        return vf_load_bf16((const uint16_t *)p + i);
    return vf_load_f16((const uint16_t *)p + i);
}

/* The first n < VW values; the other lanes are +0. */
INLINE vf vf_load_n(const float *p, long n)
{
#if VW == 16
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif VW == 8
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

    return (vf)_mm256_maskload_ps(
        p, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane));
#else
    vf v = vf_set1(0.0f);

    for (int i = 0; i < VW - 1; i++)
        v[i] = i < n ? p[i] : 0.0f;
    return v;
#endif
}

INLINE void vf_store_n(float *p, vf v, long n)
{
#if VW == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif VW == 8 /* a masked store takes more instructions than these on AMD */
    __m128 h = _mm256_castps256_ps128((__m256)v);

    if (n & 4) {
        _mm_storeu_ps(p, h);
        h = _mm256_extractf128_ps((__m256)v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, h);
        h = _mm_movehl_ps(h, h);
        p += 2;
    }
    if (n & 1)
        _mm_store_ss(p, h);
#else
    for (int i = 0; i < VW - 1; i++)
        if (i < n)
            p[i] = v[i];
#endif
}

/* ---- lane by lane, the arithmetic of canon.h ---- */

INLINE vf vf_sqrt(vf x)
{
#if VW == 16
    return (vf)_mm512_sqrt_ps((__m512)x);
#elif VW == 8
    return (vf)_mm256_sqrt_ps((__m256)x);
#else
    for (int i = 0; i < VW; i++)
        x[i] = canon_sqrt(x[i]);
    return x;
#endif
}

/* a > b ? a : b, b where either is NaN */
INLINE vf vf_max(vf a, vf b)
{
#if VW == 16
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif VW == 8
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    for (int i = 0; i < VW; i++)
        b[i] = a[i] > b[i] ? a[i] : b[i];
    return b;
#endif
}

/* Lanes from `first` on are a, those before it b. */
INLINE vf vf_from(int first, vf a, vf b)
{
#if VW == 16
    __mmask16 m = (__mmask16)(0xFFFFu << first);

    return (vf)_mm512_mask_mov_ps((__m512)b, m, (__m512)a);
#elif VW == 8
    __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i m = _mm256_cmpgt_epi32(_mm256_set1_epi32(first), lane);

    return (vf)_mm256_blendv_ps((__m256)a, (__m256)b, _mm256_castsi256_ps(m));
#else
    for (int i = 0; i < VW; i++)
        b[i] = i < first ? b[i] : a[i];
    return b;
#endif
}

/* canon_round_bf16, in the lower halves of the lanes. */
INLINE vi vf_bits_bf16(vf v)
{
    vi u = (vi)v, r = (u + 0x7FFFu + ((u >> 16) & 1u)) >> 16;
    vi nan = (vi)((u & 0x7FFFFFFFu) > 0x7F800000u);

    return (r & ~nan) | (nan & 0x7FC0u);
}

/* Rounded to bf16 and widened; stored as bf16. */
INLINE vf vf_round_bf16(vf v)
{
    return (vf)(vf_bits_bf16(v) << 16);
}

INLINE void vf_store_bf16(uint16_t *p, vf v)
{
    *(vhu *)p = __builtin_convertvector(vf_bits_bf16(v), vhu);
}

/* The conversion instructions round as canon does; only NaN needs a hand. */
INLINE void vf_store_f16(uint16_t *p, vf v)
{
#if VW == 16
    __mmask16 nan = _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q);
    __m256i h = _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT |
                                               _MM_FROUND_NO_EXC);

    h = _mm256_mask_mov_epi16(h, nan, _mm256_set1_epi16(0x7E00));
    _mm256_storeu_si256((__m256i *)(void *)p, h);
#elif VW == 8
    __m256i m = _mm256_castps_si256(
        _mm256_cmp_ps((__m256)v, (__m256)v, _CMP_UNORD_Q));
    __m128i nan = _mm_packs_epi32(_mm256_castsi256_si128(m),
                                  _mm256_extracti128_si256(m, 1));
    __m128i h = _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT |
                                               _MM_FROUND_NO_EXC);

    h = _mm_blendv_epi8(h, _mm_set1_epi16(0x7E00), nan);
    _mm_storeu_si128((__m128i *)(void *)p, h);
#else
    for (int i = 0; i < VW; i++)
        p[i] = canon_round_f16(v[i]);
#endif
}

/* To fp16 and back; a NaN stays one. */
INLINE vf vf_round_f16(vf v)
{
#if VW == 16
    return (vf)_mm512_cvtph_ps(_mm512_cvtps_ph(
        (__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#elif VW == 8
    return (vf)_mm256_cvtph_ps(_mm256_cvtps_ph(
        (__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#else
    for (int i = 0; i < VW; i++)
        v[i] = canon_widen_f16(canon_round_f16(v[i]));
    return v;
#endif
}

/* Element i of an array of type t, VW values, rounded. */
INLINE void vf_store_t(int t, void *p, long i, vf v)
{
    if (t == 0)
        vf_store((float *)p + i, v);
    else if (t == 1)
        vf_store_bf16((uint16_t *)p + i, v);
    else
        vf_store_f16((uint16_t *)p + i, v);
}

/* The first n < VW halves; the other lanes are 0. */
INLINE void half_load_n(uint16_t all[VW], const uint16_t *h, long n)
{
#if VW == 8
    uint64_t first = 0, rest = 0; /* four, and up to three */
    uint32_t two = 0;

    if (n & 4) {
        memcpy(&first, h, sizeof first);
        h += 4;
    }
    if (n & 2)
        memcpy(&two, h, sizeof two);
    if (n & 1)
        rest = (uint64_t)h[n & 2] << 16 * (n & 2);
    rest |= two;
    _mm_storeu_si128((__m128i *)(void *)all,
                     _mm_set_epi64x((int64_t)(n & 4 ? rest : 0),
                                    (int64_t)(n & 4 ? first : rest)));
#else
    for (int k = 0; k < VW; k++)
        all[k] = k < n ? h[k] : 0;
#endif
}

/* Stores the first n < VW halves of all. */
INLINE void half_store_n(uint16_t *h, const uint16_t all[VW], long n)
{
    long k = 0;

    if (VW == 8 && (n & 4)) {
        memcpy(h, all, 8);
        k = 4;
    }
    for (; k < n; k++)
        h[k] = all[k];
}

/* The same for the first n values, n <= VW. */
INLINE vf vf_get_t(int t, const void *p, long i, long n)
{
    const uint16_t *h = (const uint16_t *)p + i;
    uint16_t all[VW];

    if (n == VW)
        return vf_load_t(t, p, i);
    if (t == 0)
        return vf_load_n((const float *)p + i, n);
    half_load_n(all, h, n);
    return vf_load_t(t, all, 0);
}

/* The inverse: stores the first n values of v as type t, rounded. */
INLINE void vf_put_t(int t, void *p, long i, vf v, long n)
{
    uint16_t *h = (uint16_t *)p + i, all[VW];

    if (n == VW) {
        vf_store_t(t, p, i, v);
    } else if (t == 0) {
        vf_store_n((float *)p + i, v, n);
    } else {
        vf_store_t(t, all, 0, v);
        half_store_n(h, all, n);
    }
}

#if VW == 8
/* canon_exp of |x| <= 87: nothing to clamp, and the result is normal, so that
 * 2^n is added to its exponent. n_x vectors, a constant, step by step: one's
 * chain of operations would wait for itself. */
INLINE void exps_normal(vf *x, const int n_x)
{
    const __m256 magic = _mm256_set1_ps(12582912.0f);
    __m256 t[4], r[4], q[4];

#define EACH                                                                  \
    _Pragma("GCC unroll 4") for (int i = 0; i < n_x; i++)
    EACH t[i] = _mm256_fmadd_ps((__m256)x[i],
                                _mm256_set1_ps(0x1.715476p+0f), magic);
    EACH q[i] = _mm256_sub_ps(t[i], magic);
    EACH r[i] = _mm256_fmadd_ps(q[i], _mm256_set1_ps(-0x1.62e400p-1f),
                                (__m256)x[i]);
    EACH r[i] = _mm256_fmadd_ps(q[i], _mm256_set1_ps(-0x1.7f7d1cp-20f), r[i]);
    EACH q[i] = _mm256_fmadd_ps(_mm256_set1_ps(0x1.6c6a1ap-10f), r[i],
                                _mm256_set1_ps(0x1.120b9cp-7f));
    EACH q[i] = _mm256_fmadd_ps(q[i], r[i], _mm256_set1_ps(0x1.5555bap-5f));
    EACH q[i] = _mm256_fmadd_ps(q[i], r[i], _mm256_set1_ps(0x1.5554dcp-3f));
    EACH q[i] = _mm256_fmadd_ps(q[i], r[i], _mm256_set1_ps(0.5f));
    EACH q[i] = _mm256_fmadd_ps(q[i], _mm256_mul_ps(r[i], r[i]), r[i]);
    EACH q[i] = _mm256_add_ps(q[i], _mm256_set1_ps(1.0f));
    /* t's low bits are n; those of magic leave on the left */
    EACH x[i] = (vf)_mm256_add_epi32(
        _mm256_castps_si256(q[i]),
        _mm256_slli_epi32(_mm256_castps_si256(t[i]), 23));
#undef EACH
}
#endif

/* canon_exp. AVX-512 scales by 2^n in one instruction, which rounds once as
 * canon_exp does; AVX2 calls exps_normal where it holds for all lanes. */
INLINE vf vf_exp(vf x)
{
#if VW == 16
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    __m512 c = _mm512_min_ps(_mm512_set1_ps(89.0f), (__m512)x), n, r, q;
    __mmask16 some;

    c = _mm512_max_ps(_mm512_set1_ps(-105.0f), c);
    some = _mm512_cmp_ps_mask(c, _mm512_set1_ps(-104.0f), _CMP_NLT_UQ);
    n = _mm512_sub_ps(
        _mm512_fmadd_ps(c, _mm512_set1_ps(0x1.715476p+0f), magic), magic);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0x1.62e400p-1f), c);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(-0x1.7f7d1cp-20f), r);
    q = _mm512_set1_ps(0x1.6c6a1ap-10f);
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(0x1.120b9cp-7f));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(0x1.5555bap-5f));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(0x1.5554dcp-3f));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(0.5f));
    q = _mm512_fmadd_ps(q, _mm512_mul_ps(r, r), r);
    q = _mm512_maskz_add_ps(some, q, _mm512_set1_ps(1.0f));
    return (vf)_mm512_scalef_ps(q, n);
#else
    float v[VW];

#if VW == 8
    __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), (__m256)x);
    __m256 far = _mm256_cmp_ps(size, _mm256_set1_ps(87.0f), _CMP_NLE_UQ);

    if (__builtin_expect(_mm256_movemask_ps(far) == 0, 1)) {
        exps_normal(&x, 1);
        return x;
    }
#endif
    vf_store(v, x);
    for (int i = 0; i < VW; i++)
        v[i] = canon_exp(v[i]);
    return vf_load(v);
#endif
}

/* vf_exp of n <= 4 vectors; one test over all lanes decides for exps_normal. n is
 * a constant after inlining. */
INLINE void vf_exps(vf *x, const int n)
{
#if VW == 8
    __m256i far = _mm256_setzero_si256();

#pragma GCC unroll 4
    for (int i = 0; i < n; i++) /* a NaN is more than all numbers */
        far = _mm256_max_epi32(
            far, (__m256i)_mm256_andnot_ps(_mm256_set1_ps(-0.0f),
                                           (__m256)x[i]));
    far = _mm256_cmpgt_epi32(far, (__m256i)_mm256_set1_ps(87.0f));
    if (__builtin_expect(_mm256_movemask_epi8(far) == 0, 1)) {
        exps_normal(x, n);
        return;
    }
#endif
    for (int i = 0; i < n; i++)
        x[i] = vf_exp(x[i]);
}

/* canon_log, lane by lane. */
INLINE vf vf_log(vf x)
{
    float v[VW];

    vf_store(v, x);
    for (int i = 0; i < VW; i++)
        v[i] = canon_log(v[i]);
    return vf_load(v);
}

/* canon_sigmoid of n <= 4 vectors; n is a constant after inlining. */
INLINE void vf_sigmoids(vf *x, const int n)
{
    vf e[4], one = vf_set1(1.0f), top;

#pragma GCC unroll 4
    for (int i = 0; i < n; i++)
        e[i] = (vf)((vi)x[i] | (vi)vf_set1(-0.0f));
    vf_exps(e, n);
#pragma GCC unroll 4
    for (int i = 0; i < n; i++) {
#if VW == 16
        __mmask16 pos = _mm512_cmp_ps_mask((__m512)x[i], _mm512_setzero_ps(),
                                           _CMP_GE_OQ);

        top = (vf)_mm512_mask_mov_ps((__m512)e[i], pos, (__m512)one);
#elif VW == 8 /* by the sign: of -0, e is 1 */
        top = (vf)_mm256_blendv_ps((__m256)one, (__m256)e[i], (__m256)x[i]);
#else
        vi pos = (vi)(x[i] >= vf_set1(0.0f));

        top = (vf)((pos & (vi)one) | (~pos & (vi)e[i]));
#endif
        x[i] = top / (one + e[i]);
    }
}

#endif
