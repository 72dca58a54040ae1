/* head - rows of logits in scratch, a bounded number of rows at a time */
#ifndef ULP_CPU_HEAD_H
#define ULP_CPU_HEAD_H
#include "../head.h"
#include "row.h"

/* Logits of rows x[row0 .. row0 + rows), rounded to lt, then widened: rows of
 * head_ld(V), the columns past V at -inf. slot is S_LOGITS or S_LOGITS2. NULL
 * when it cannot (the error is kept). */
float *NAME(head_rows)(struct cpu *c, int slot, enum dtype t, enum dtype lt,
                       const void *x, const struct k_weight *W, long row0, long rows, long V,
                       long H);

/* The V logits of a row divided by the temperature: inv_t is 1 / T. */
INLINE void head_scale(float *z, long V, float inv_t)
{
    for (long v = 0; v < V; v++)
        z[v] *= inv_t;
}

/* Sum of exp(z - max), z kept; n a multiple of 32. */
INLINE float head_exp_sum(const float *z, long n, float max)
{
    vf lane[ROW_VS], m = vf_set1(max);

    for (int j = 0; j < ROW_VS; j++)
        lane[j] = vf_set1(0.0f);
    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < ROW_VS; j++)
            lane[j] += vf_exp(vf_load(z + i + j * VW) - m);
    return row_tree(lane);
}

#endif
