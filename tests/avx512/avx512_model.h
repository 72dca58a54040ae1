/* avx512_model - the vectors of AVX-512 in halves of AVX2
 *
 * The same sources of kernels/cpu that are compiled for x86-64-v4 are compiled
 * with these (AVX512_MODEL), so that their packing, edges and orders are tested
 * where there is no AVX-512. Only what they use is here, and only in forms that
 * give the same bits. model_dpbf16 is VDPBF16PS as Intel's SDM writes it.
 */
#ifndef ULP_AVX512_MODEL_H
#define ULP_AVX512_MODEL_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MODEL static inline __attribute__((always_inline, unused))

typedef uint32_t model_u32 __attribute__((vector_size(64)));

MODEL __m256 model_half(__m512 z, int i)
{
    return i ? __builtin_shufflevector(z, z, 8, 9, 10, 11, 12, 13, 14, 15)
             : __builtin_shufflevector(z, z, 0, 1, 2, 3, 4, 5, 6, 7);
}

MODEL __m512 model_join(__m256 lo, __m256 hi)
{
    return __builtin_shufflevector(lo, hi, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
                                   12, 13, 14, 15);
}

#define MODEL_1(name)                                                          \
    MODEL __m512 model_##name(__m512 a)                                        \
    {                                                                          \
        return model_join(_mm256_##name(model_half(a, 0)),                     \
                          _mm256_##name(model_half(a, 1)));                    \
    }
#define MODEL_2(name)                                                          \
    MODEL __m512 model_##name(__m512 a, __m512 b)                              \
    {                                                                          \
        return model_join(_mm256_##name(model_half(a, 0), model_half(b, 0)),   \
                          _mm256_##name(model_half(a, 1), model_half(b, 1)));  \
    }
MODEL_1(sqrt_ps)
MODEL_2(add_ps)
MODEL_2(sub_ps)
MODEL_2(mul_ps)
MODEL_2(div_ps)
MODEL_2(min_ps)
MODEL_2(max_ps)
MODEL_2(or_ps)
MODEL_2(unpacklo_ps)
MODEL_2(unpackhi_ps)
#undef MODEL_1
#undef MODEL_2

MODEL __m512d model_unpacklo_pd(__m512d a, __m512d b)
{
    return __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14);
}

MODEL __m512d model_unpackhi_pd(__m512d a, __m512d b)
{
    return __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
}

MODEL __m512 model_set1_ps(float x)
{
    return model_join(_mm256_set1_ps(x), _mm256_set1_ps(x));
}

MODEL __m512i model_set1_epi32(int x)
{
    return (__m512i)model_join(_mm256_castsi256_ps(_mm256_set1_epi32(x)),
                               _mm256_castsi256_ps(_mm256_set1_epi32(x)));
}

MODEL __m512 model_setzero_ps(void)
{
    return model_set1_ps(0.0f);
}

/* Called, and so is model_dpbf16: in line, blocks of them take minutes to
 * compile. */
#define MODEL_CALLED static __attribute__((noinline, unused))
MODEL_CALLED __m512 model_fmadd_ps(__m512 a, __m512 b, __m512 c)
{
    return model_join(
        _mm256_fmadd_ps(model_half(a, 0), model_half(b, 0), model_half(c, 0)),
        _mm256_fmadd_ps(model_half(a, 1), model_half(b, 1), model_half(c, 1)));
}

MODEL void model_storeu_ps(float *p, __m512 z)
{
    memcpy(p, &z, sizeof z);
}

/* All ones in the lanes of a mask. */
MODEL __m512 model_lanes(__mmask16 m)
{
    model_u32 u;

    for (int i = 0; i < 16; i++)
        u[i] = m >> i & 1 ? 0xFFFFFFFFu : 0;
    return (__m512)u;
}

MODEL __m512 model_mask_mov_ps(__m512 src, __mmask16 m, __m512 a)
{
    __m512 l = model_lanes(m);

    return model_join(_mm256_blendv_ps(model_half(src, 0), model_half(a, 0),
                                       model_half(l, 0)),
                      _mm256_blendv_ps(model_half(src, 1), model_half(a, 1),
                                       model_half(l, 1)));
}

MODEL __m512 model_maskz_add_ps(__mmask16 m, __m512 a, __m512 b)
{
    return model_mask_mov_ps(model_setzero_ps(), m, model_add_ps(a, b));
}

MODEL __m512 model_maskz_loadu_ps(__mmask16 m, const float *p)
{
    __m512 z = model_setzero_ps();

    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            z[i] = p[i];
    return z;
}

MODEL void model_mask_storeu_ps(float *p, __mmask16 m, __m512 z)
{
    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            p[i] = z[i];
}

MODEL float model_reduce_max_ps(__m512 z)
{
    float m = z[0];

    for (int i = 1; i < 16; i++)
        m = z[i] > m ? z[i] : m;
    return m;
}

/* a 2^b, rounded once; b is an integer or a NaN. */
MODEL __m512 model_scalef_ps(__m512 a, __m512 b)
{
    for (int i = 0; i < 16; i++)
        a[i] = b[i] != b[i] ? b[i] : scalbnf(a[i], (int)b[i]);
    return a;
}

MODEL __m512 model_castps128_ps512(__m128 x)
{
    return model_join(_mm256_castps128_ps256(x), _mm256_setzero_ps());
}

MODEL __m512 model_insertf32x4(__m512 z, __m128 x, int quarter)
{
    memcpy((char *)&z + 16 * quarter, &x, sizeof x);
    return z;
}

MODEL __m512 model_cvtph_ps(__m256i h)
{
    return model_join(_mm256_cvtph_ps(_mm256_castsi256_si128(h)),
                      _mm256_cvtph_ps(_mm256_extracti128_si256(h, 1)));
}

MODEL __m256i model_mask_mov_epi16(__m256i src, __mmask16 m, __m256i a)
{
    typedef uint16_t h16 __attribute__((vector_size(32)));
    h16 s = (h16)src, t = (h16)a;

    for (int i = 0; i < 16; i++)
        if (m >> i & 1)
            s[i] = t[i];
    return (__m256i)s;
}

#define model_cvtps_ph(z, how)                                                 \
    _mm256_set_m128i(_mm256_cvtps_ph(model_half(z, 1), how),                   \
                     _mm256_cvtps_ph(model_half(z, 0), how))
#define model_cmp_ps_mask(a, b, op)                                            \
    ((__mmask16)(_mm256_movemask_ps(                                           \
                     _mm256_cmp_ps(model_half(a, 0), model_half(b, 0), op)) |  \
                 _mm256_movemask_ps(                                           \
                     _mm256_cmp_ps(model_half(a, 1), model_half(b, 1), op))    \
                     << 8))

/* Subnormals become zeros of their sign. */
MODEL __m512 model_no_subnormals(__m512 x)
{
    model_u32 u = (model_u32)x;
    model_u32 tiny = (model_u32)((u & 0x7F800000u) == 0);

    return (__m512)(u & ~(tiny & 0x7FFFFFFFu));
}

MODEL __m512 model_step(__m512 c, __m512 a, __m512 b)
{
    return model_no_subnormals(model_fmadd_ps(model_no_subnormals(a),
                                              model_no_subnormals(b),
                                              model_no_subnormals(c)));
}

MODEL_CALLED __m512 model_dpbf16(__m512 c, model_u32 a, model_u32 b)
{
    c = model_step(c, (__m512)(a & 0xFFFF0000u), (__m512)(b & 0xFFFF0000u));
    return model_step(c, (__m512)(a << 16), (__m512)(b << 16));
}

#define _mm512_sqrt_ps model_sqrt_ps
#define _mm512_add_ps model_add_ps
#define _mm512_sub_ps model_sub_ps
#define _mm512_mul_ps model_mul_ps
#define _mm512_div_ps model_div_ps
#define _mm512_min_ps model_min_ps
#define _mm512_max_ps model_max_ps
#define _mm512_or_ps model_or_ps
#define _mm512_unpacklo_ps model_unpacklo_ps
#define _mm512_unpackhi_ps model_unpackhi_ps
#define _mm512_unpacklo_pd model_unpacklo_pd
#define _mm512_unpackhi_pd model_unpackhi_pd
#define _mm512_castps_pd(z) ((__m512d)(z))
#define _mm512_castpd_ps(z) ((__m512)(z))
#define _mm512_set1_ps model_set1_ps
#define _mm512_set1_epi32 model_set1_epi32
#define _mm512_setzero_ps model_setzero_ps
#define _mm512_fmadd_ps model_fmadd_ps
#define _mm512_storeu_ps model_storeu_ps
#define _mm512_mask_mov_ps model_mask_mov_ps
#define _mm512_maskz_add_ps model_maskz_add_ps
#define _mm512_maskz_loadu_ps model_maskz_loadu_ps
#define _mm512_mask_storeu_ps model_mask_storeu_ps
#define _mm512_reduce_max_ps model_reduce_max_ps
#define _mm512_scalef_ps model_scalef_ps
#define _mm512_castps128_ps512 model_castps128_ps512
#undef _mm512_insertf32x4
#define _mm512_insertf32x4 model_insertf32x4
#define _mm512_cvtph_ps model_cvtph_ps
#undef _mm512_cvtps_ph /* macros where the compiler does not optimize */
#define _mm512_cvtps_ph model_cvtps_ph
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask model_cmp_ps_mask
#define _mm256_mask_mov_epi16 model_mask_mov_epi16

#endif
