/* canon - the shared arithmetic of every backend
 *
 * Rounding and widening of half types, exp, log, sigmoid, sin, cos, the
 * 32-lane row sum, and the counters of random draws. Header only, compiled
 * alike by gcc, clang and nvcc, so that one input gives one result on every
 * device. fp32 to nearest, subnormals kept; a fused multiply-add stands only
 * where the source says canon_fma. Scalar and free of branches that carry
 * arithmetic, so that compilers turn loops over these into vectors.
 *
 * Error bounds (against exact values, all fp32 inputs; tests/unit/
 * kernels_canon.c measures them): exp 1.1 ulp, log 1 ulp, sigmoid 2.5 ulp,
 * sin, cos 1 ulp for |x| <= 2^30. The bits of a NaN are not specified, except
 * that a store to a half type makes it the one quiet NaN of that type.
 */
#ifndef ULP_KERNELS_CANON_H
#define ULP_KERNELS_CANON_H
#include <stdint.h>
#include <string.h>
#include "../lib/base/philox.h"

/* Begins each function of this header; nvcc compiles it for host and device. */
#ifdef __CUDACC__
#define CANON_FN static __host__ __device__ inline
#else
#define CANON_FN static inline __attribute__((unused))
#endif

/* fmaf, fma and sqrtf are correctly rounded (IEEE 754) everywhere. */
#ifdef __CUDA_ARCH__
#define canon_fma(a, b, c) __fmaf_rn(a, b, c)
#define canon_fma64(a, b, c) __fma_rn(a, b, c)
#define canon_sqrt(x) __fsqrt_rn(x)
#else
#define canon_fma(a, b, c) __builtin_fmaf(a, b, c)
#define canon_fma64(a, b, c) __builtin_fma(a, b, c)
#define canon_sqrt(x) __builtin_sqrtf(x)
#endif

/* The bits of x as a number; x of such bits. */
CANON_FN uint32_t canon_bits(float x)
{
    uint32_t u;

    memcpy(&u, &x, sizeof u);
    return u;
}

CANON_FN float canon_float(uint32_t u)
{
    float x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* +inf. */
#define CANON_INF canon_float(0x7F800000u)

/* ---- half types ----
 * A half type to fp32 is exact. fp32 to a half type is rounded to nearest even;
 * what is too large becomes inf, and a NaN 0x7FC0 (bf16) or 0x7E00 (fp16). */
CANON_FN float canon_widen_bf16(uint16_t h)
{
    return canon_float((uint32_t)h << 16);
}

CANON_FN uint16_t canon_round_bf16(float x)
{
    uint32_t u = canon_bits(x);
    uint32_t r = (u + 0x7FFFu + ((u >> 16) & 1u)) >> 16;

    return (uint16_t)((u & 0x7FFFFFFFu) > 0x7F800000u ? 0x7FC0u : r);
}

CANON_FN float canon_widen_f16(uint16_t h)
{
    uint32_t em = h & 0x7FFFu, sign = (uint32_t)(h & 0x8000u) << 16;
    /* normal: move the exponent by 112; subnormal: em * 2^-24, exact */
    uint32_t norm = (em << 13) + (112u << 23);
    uint32_t sub = canon_bits((float)(int32_t)em * 5.9604644775390625e-8f);
    uint32_t spec = (em << 13) | 0x7F800000u;
    uint32_t u = em < 0x400u ? sub : norm;

    u = em >= 0x7C00u ? spec : u;
    return canon_float(u | sign);
}

CANON_FN uint16_t canon_round_f16(float x)
{
    uint32_t u = canon_bits(x), sign = (u >> 16) & 0x8000u;
    uint32_t a = u & 0x7FFFFFFFu;
    uint32_t norm = (a - (112u << 23) + 0xFFFu + ((a >> 13) & 1u)) >> 13;
    /* adding 0.5 leaves the value in units of 2^-24 in the low bits, rounded
     * to nearest even by the addition itself */
    uint32_t sub = canon_bits(canon_float(a) + 0.5f) - 0x3F000000u;
    uint32_t r = a < 0x38800000u ? sub : norm;

    r = a >= 0x477FF000u ? 0x7C00u : r;
    r = a > 0x7F800000u ? 0x7E00u : r;
    sign = a > 0x7F800000u ? 0 : sign;
    return (uint16_t)(r | sign);
}

/* Stochastic rounding: up in magnitude with probability equal to the
 * fraction of the gap, on a grid of 2^-16 (bf16), 2^-13 (fp16) or 2^-24 (fp16
 * subnormals) of it. Values that fit are unchanged; inf and NaN as nearest. */
CANON_FN uint16_t canon_stochastic_bf16(float x, uint32_t rnd)
{
    uint32_t u = canon_bits(x);
    uint32_t r = (u + (rnd >> 16)) >> 16;

    return (uint16_t)((u & 0x7F800000u) == 0x7F800000u ? canon_round_bf16(x)
                                                       : r);
}

CANON_FN uint16_t canon_stochastic_f16(float x, uint32_t rnd)
{
    uint32_t u = canon_bits(x), sign = (u >> 16) & 0x8000u;
    uint32_t a = u & 0x7FFFFFFFu;
    uint32_t norm = (a - (112u << 23) + (rnd >> 19)) >> 13;
    uint32_t small = a < 0x38800000u ? a : 0;
    float v = canon_float(small) * 16777216.0f; /* exact, < 1024 */
    uint32_t whole = (uint32_t)v;
    uint32_t sub = whole + (philox_unit(rnd) < v - (float)whole ? 1u : 0u);
    uint32_t r = a < 0x38800000u ? sub : norm;

    r = a >= 0x47800000u ? 0x7C00u : r; /* 65536 and more */
    return (uint16_t)(a >= 0x7F800000u ? canon_round_f16(x) : (r | sign));
}

/* ---- elementary functions ---- */
/* exp(x) = 2^n e^r, n = nearest(x / ln 2), |r| <= ln(2)/2; e^r by a
 * polynomial of degree 6; 2^n in two factors, so that a subnormal result is
 * rounded once. exp(-inf) = 0, exp of more than 88.73 = inf, NaN stays. */
CANON_FN float canon_exp(float x)
{
    float c = x > 89.0f ? 89.0f : x;
    float magic = 12582912.0f; /* 1.5 * 2^23 */
    float t, n, r, q, p;
    int32_t k, k1;

    c = c < -105.0f ? -105.0f : c;
    t = canon_fma(c, 0x1.715476p+0f, magic);
    n = t - magic;
    r = canon_fma(n, -0x1.62e400p-1f, c);
    r = canon_fma(n, -0x1.7f7d1cp-20f, r);
    q = 0x1.6c6a1ap-10f;
    q = canon_fma(q, r, 0x1.120b9cp-7f);
    q = canon_fma(q, r, 0x1.5555bap-5f);
    q = canon_fma(q, r, 0x1.5554dcp-3f);
    q = canon_fma(q, r, 0.5f);
    p = canon_fma(q, r * r, r) + 1.0f;
    /* what would round to 0 is 0 before the scaling: processors are slow at
     * underflow, and a masked score is exp(-inf) */
    p = c < -104.0f ? 0.0f : p;
    k = (int32_t)(canon_bits(t) - 0x4B400000u);
    k1 = k >> 1;
    return p * canon_float((uint32_t)(k1 + 127) << 23) *
           canon_float((uint32_t)(k - k1 + 127) << 23);
}

/* log(x): m in [sqrt(1/2), sqrt(2)), log(m) by a polynomial of degree 11.
 * log(0) = -inf, log(negative) = NaN, log(inf) = inf. */
CANON_FN float canon_log(float x)
{
    int tiny = x < 0x1p-126f;
    uint32_t u = canon_bits(tiny ? x * 0x1p23f : x);
    /* subtract the bits of sqrt(1/2): the exponent field then counts */
    uint32_t d = u - 0x3F3504F3u;
    int32_t e = (int32_t)(d & 0xFF800000u) >> 23;
    float f = canon_float(u - (d & 0xFF800000u)) - 1.0f;
    float n = (float)(e - (tiny ? 23 : 0)), z = f * f, q, y;

    q = 0x1.204334p-4f;
    q = canon_fma(q, f, -0x1.d7a34cp-4f);
    q = canon_fma(q, f, 0x1.de4a3cp-4f);
    q = canon_fma(q, f, -0x1.fcbaa4p-4f);
    q = canon_fma(q, f, 0x1.23d37ep-3f);
    q = canon_fma(q, f, -0x1.555ca0p-3f);
    q = canon_fma(q, f, 0x1.999d58p-3f);
    q = canon_fma(q, f, -0x1.fffff8p-3f);
    q = canon_fma(q, f, 0x1.555554p-2f);
    y = canon_fma(f * z, q, n * 0x1.7f7d1cp-20f);
    y = canon_fma(-0.5f, z, y);
    y = canon_fma(n, 0x1.62e400p-1f, f + y);
    y = x == 0.0f ? -CANON_INF : y;
    y = x == CANON_INF ? x : y;
    return x >= 0.0f ? y : canon_float(0x7FC00000u);
}

/* 1/(1 + exp(-x)), from exp(-|x|) so that no side loses its small values. */
CANON_FN float canon_sigmoid(float x)
{
    float a = canon_float(canon_bits(x) | 0x80000000u);
    float e = canon_exp(a);
    float s = 1.0f + e;

    return (x >= 0.0f ? 1.0f : e) / s;
}

/* Reduction by pi/2 and Taylor series in double, rounded once to fp32.
 * NaN for |x| > 2^30. */
CANON_FN float canon_sincos(float xf, int quarter)
{
    double x = (double)xf, n, r, r2, s, c, v;
    double magic = 6755399441055744.0; /* 1.5 * 2^52 */
    int64_t k;

    if (!(x <= 1073741824.0 && x >= -1073741824.0))
        return canon_float(0x7FC00000u);
    n = canon_fma64(x, 0x1.45f306dc9c883p-1, magic) - magic;
    k = (int64_t)n + quarter;
    r = canon_fma64(n, -0x1.921fb54442d18p+0, x);
    r = canon_fma64(n, -0x1.1a62633145c07p-54, r);
    r2 = r * r;
    s = -1.0 / 39916800.0;
    s = canon_fma64(s, r2, 1.0 / 362880.0);
    s = canon_fma64(s, r2, -1.0 / 5040.0);
    s = canon_fma64(s, r2, 1.0 / 120.0);
    s = canon_fma64(s, r2, -1.0 / 6.0);
    s = canon_fma64(s * r2, r, r);
    c = 1.0 / 479001600.0;
    c = canon_fma64(c, r2, -1.0 / 3628800.0);
    c = canon_fma64(c, r2, 1.0 / 40320.0);
    c = canon_fma64(c, r2, -1.0 / 720.0);
    c = canon_fma64(c, r2, 1.0 / 24.0);
    c = canon_fma64(c, r2, -0.5);
    c = canon_fma64(c, r2, 1.0);
    v = (k & 1) ? c : s;
    return (float)((k & 2) ? -v : v);
}

/* sin keeps the sign of a zero. */
CANON_FN float canon_sin(float x)
{
    return x == 0.0f ? x : canon_sincos(x, 0);
}

CANON_FN float canon_cos(float x)
{
    return canon_sincos(x, 1);
}

/* ---- the row sum ---- */
/* Lane j holds the terms j, j + 32, j + 64, ... added in ascending order from
 * +0; then lane[j] += lane[j + s] for j < s, s = 16, 8, 4, 2, 1. */
CANON_FN float canon_tree(float lane[32])
{
    for (int s = 16; s > 0; s >>= 1)
        for (int j = 0; j < s; j++)
            lane[j] += lane[j + s];
    return lane[0];
}

/* The same sum in fp64. */
CANON_FN double canon_tree64(double lane[32])
{
    for (int s = 16; s > 0; s >>= 1)
        for (int j = 0; j < s; j++)
            lane[j] += lane[j + s];
    return lane[0];
}

/* ---- random draws ---- */
/* Dropout's four words for columns 4q .. 4q+3 of a row. */
CANON_FN void canon_dropout_words(uint64_t seed, uint32_t step, uint32_t site,
                                  uint64_t row_id, uint32_t q,
                                  uint32_t out[4])
{
    uint32_t ctr[4] = {(uint32_t)row_id, (uint32_t)(row_id >> 32), step,
                       (site << 20) + q};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

    philox4x32(ctr, key, out);
}

/* The four words for stochastic rounding of values 4q .. 4q+3 of a tensor;
 * value 4q + j takes word j. */
CANON_FN void canon_rounding_words(uint64_t seed, uint32_t step,
                                   uint32_t tensor, uint64_t q,
                                   uint32_t out[4])
{
    uint32_t ctr[4] = {(uint32_t)q,
                       (uint32_t)(q >> 32) | 0x80000000u, step, tensor};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

    philox4x32(ctr, key, out);
}

/* A permutation of n blocks for order=shuffled, a function of (seed, nonce,
 * what, rows, cols): Fisher-Yates from the top, index by 64-bit multiply. */
#define CANON_BLOCK 64
CANON_FN void canon_perm(uint64_t seed, uint64_t nonce, uint32_t what,
                         uint32_t rows, uint32_t cols, int32_t *perm, int n)
{
    uint32_t key[2] = {(uint32_t)seed ^ (rows * 0x9E3779B9u),
                       (uint32_t)(seed >> 32) ^ (cols * 0x85EBCA6Bu)};
    uint32_t w[4] = {0, 0, 0, 0};

    for (int i = 0; i < n; i++)
        perm[i] = i;
    for (int i = n - 1; i > 0; i--) {
        uint32_t ctr[4] = {(uint32_t)i, what, (uint32_t)nonce,
                           (uint32_t)(nonce >> 32)};
        int j;
        int32_t s = perm[i];

        philox4x32(ctr, key, w);
        j = (int)(((uint64_t)w[0] * (uint64_t)(i + 1)) >> 32);
        perm[i] = perm[j];
        perm[j] = s;
    }
}

#endif
