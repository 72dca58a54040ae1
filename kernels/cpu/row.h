/* row - sums and maxima over a row: 32 strided lanes, then a tree
 *
 * Lane j takes the terms j, j + 32, ... The loops are written over 32 lanes at
 * a time, so that a compiler makes vectors of lanes.
 */
#ifndef ULP_CPU_ROW_H
#define ULP_CPU_ROW_H
#include "cpu.h"
#include "simd.h"

/* n rounded up to whole blocks of 32. */
#define PAD32(n) (((n) + 31) / 32 * 32)

/* Vectors of eight and of four floats. */
typedef float v8 __attribute__((vector_size(32)));
typedef float v4 __attribute__((vector_size(16)));

enum { ROW_VS = 32 / VW }; /* vectors of the lanes */

/* canon_tree, in vectors. */
INLINE float row_tree(const vf lane[ROW_VS])
{
    vf sum[ROW_VS];
    v4 c;

    for (int j = 0; j < ROW_VS; j++)
        sum[j] = lane[j];
#pragma GCC unroll 4
    for (int n = ROW_VS / 2; n > 0; n /= 2)
#pragma GCC unroll 4
        for (int j = 0; j < n; j++)
            sum[j] += sum[j + n];
#if VW == 16
    v8 b = __builtin_shufflevector(sum[0], sum[0], 0, 1, 2, 3, 4, 5, 6, 7) +
           __builtin_shufflevector(sum[0], sum[0], 8, 9, 10, 11, 12, 13, 14,
                                   15);
#elif VW == 8
    v8 b = sum[0];
#endif
#if VW > 4
    c = __builtin_shufflevector(b, b, 0, 1, 2, 3) +
        __builtin_shufflevector(b, b, 4, 5, 6, 7);
#else
    c = sum[0];
#endif
    return (c[0] + c[2]) + (c[1] + c[3]);
}

/* The largest of the lanes; there is no NaN among them. */
INLINE float row_max_lanes(const vf lane[ROW_VS])
{
    vf m = lane[0];
    float max;

    for (int j = 1; j < ROW_VS; j++)
        m = vf_max(lane[j], m);
#if VW == 16
    max = _mm512_reduce_max_ps((__m512)m);
#else
    max = m[0];
    for (int j = 1; j < VW; j++)
        max = m[j] > max ? m[j] : max;
#endif
    return max;
}

/* The largest value; a NaN is passed over (the sum of exp shows it). n is a
 * multiple of 32. */
INLINE float row_max(const float *s, long n)
{
    vf lane[ROW_VS];

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_set1(-CANON_INF);
    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < ROW_VS; j++)
            lane[j] = vf_max(vf_load(s + i + j * VW), lane[j]);
    return row_max_lanes(lane);
}

/* s = s * scale for the first n values, -inf from there to a multiple of 32;
 * the largest. Whole blocks only: a narrow store before a wide load waits. */
INLINE float row_scale_max(float *s, long n, float scale)
{
    vf lane[ROW_VS], factor = vf_set1(scale), low = vf_set1(-CANON_INF);

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = low;
    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < ROW_VS; j++) {
            long left = n - i - j * VW;
            vf x = vf_load(s + i + j * VW) * factor;

            if (left < VW)
                x = vf_from(left > 0 ? (int)left : 0, low, x);
            vf_store(s + i + j * VW, x);
            lane[j] = vf_max(x, lane[j]);
        }
    return row_max_lanes(lane);
}

/* s = exp(s - max); their sum. n is a multiple of 32. */
INLINE float row_exp_sum(float *s, long n, float max)
{
    vf lane[ROW_VS], m = vf_set1(max);

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_set1(0.0f);
    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < ROW_VS; j++) {
            vf e = vf_exp(vf_load(s + i + j * VW) - m);

            vf_store(s + i + j * VW, e);
            lane[j] += e;
        }
    return row_tree(lane);
}

/* The lanes at the end of a row of less than 32 values, each lane an fmaf
 * chain. Others stay what they are: their terms would be +0, which makes +0 of
 * -0. */
static inline void row_dot_rest(vf lane[ROW_VS], const float *a,
                                const float *b, long n)
{
    float sum[32];

    for (int j = 0; j < ROW_VS; j++)
        vf_store(sum + j * VW, lane[j]);
    for (long j = 0; j < n; j++)
        sum[j] = canon_fma(a[j], b[j], sum[j]);
    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_load(sum + j * VW);
}

/* The lanes of row_dot over the whole 32s of n values; how many those are. */
INLINE long row_dot_lanes(vf lane[ROW_VS], const float *a, const float *b,
                          long n)
{
    long i = 0;

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_set1(0.0f);
    for (; i + 32 <= n; i += 32)
        for (int j = 0; j < ROW_VS; j++)
            lane[j] = vf_fma(vf_load(a + i + j * VW), vf_load(b + i + j * VW),
                             lane[j]);
    return i;
}

/* Sum of a[i] * b[i], each lane an fmaf chain. */
INLINE float row_dot(const float *a, const float *b, long n)
{
    vf lane[ROW_VS];
    long i = row_dot_lanes(lane, a, b, n);

    if (i < n)
        row_dot_rest(lane, a + i, b + i, n - i);
    return row_tree(lane);
}

#endif
