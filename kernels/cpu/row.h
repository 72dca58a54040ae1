/* row - sums and maxima over a row: 32 strided lanes, then a tree
 *
 * Lane j takes the terms j, j + 32, ... The loops are written over 32 lanes at
 * a time, so that a compiler makes vectors of lanes.
 */
#ifndef ULP_CPU_ROW_H
#define ULP_CPU_ROW_H
#include "cpu.h"

#define PAD32(n) (((n) + 31) / 32 * 32)

/* The largest value; a NaN is passed over (the sum of exp shows it). */
INLINE float row_max(const float *s, long n)
{
    float lane[32], m = -CANON_INF;
    long i = 0;

    for (int j = 0; j < 32; j++)
        lane[j] = m;
    for (; i + 32 <= n; i += 32)
        for (int j = 0; j < 32; j++)
            lane[j] = s[i + j] > lane[j] ? s[i + j] : lane[j];
    for (int j = 0; i + j < n; j++)
        lane[j] = s[i + j] > lane[j] ? s[i + j] : lane[j];
    for (int j = 0; j < 32; j++)
        m = lane[j] > m ? lane[j] : m;
    return m;
}

/* s = exp(s - max); their sum. n is a multiple of 32. */
INLINE float row_exp_sum(float *s, long n, float max)
{
    float lane[32] = {0};

    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < 32; j++) {
            float e = canon_exp(s[i + j] - max);

            s[i + j] = e;
            lane[j] += e;
        }
    return canon_tree(lane);
}

/* Sum of a[i] * b[i], each lane an fmaf chain. */
INLINE float row_dot(const float *a, const float *b, long n)
{
    float lane[32] = {0};
    long i = 0;

    for (; i + 32 <= n; i += 32)
        for (int j = 0; j < 32; j++)
            lane[j] = canon_fma(a[i + j], b[i + j], lane[j]);
    for (int j = 0; i + j < n; j++)
        lane[j] = canon_fma(a[i + j], b[i + j], lane[j]);
    return canon_tree(lane);
}

#endif
