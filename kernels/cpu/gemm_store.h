/* gemm_store - what a product does with a finished sum */
#ifndef ULP_CPU_GEMM_STORE_H
#define ULP_CPU_GEMM_STORE_H
#include <string.h>
#include "cpu.h"
#include "simd.h"

/* C + bias, rounded to rt, stored as yt; n columns. */
INLINE void finish_n(const struct gemm *g, void *y, long n, float *C,
                     const float *bias)
{
    if (bias)
        for (long i = 0; i < n; i++)
            C[i] += bias[i];
    if (g->rt == DT_BF16)
        for (long i = 0; i < n; i++)
            C[i] = canon_widen_bf16(canon_round_bf16(C[i]));
    if (g->rt == DT_F16) {
        uint16_t half[NR];

        NAME(narrow)(half, DT_F16, C, (size_t)n);
        if (g->yt == DT_F16) {
            memcpy(y, half, (size_t)n * sizeof *half);
            return;
        }
        NAME(widen)(C, half, DT_F16, (size_t)n);
    }
    if (g->yt == DT_F32)
        memcpy(y, C, (size_t)n * sizeof *C);
    else /* bf16, and exact: rounded already */
        for (long i = 0; i < n; i++)
            ((uint16_t *)y)[i] = (uint16_t)(canon_bits(C[i]) >> 16);
}

/* The same for the NR columns of a whole panel, rounded to fp32 or bf16. */
INLINE void finish_panel(const struct gemm *g, void *y, const float *C,
                         const float *bias)
{
    for (int i = 0; i < NR; i += VW) {
        vf x = vf_load(C + i);

        if (bias)
            x += vf_load(bias + i);
        if (g->yt == DT_BF16) {
            vf_store_bf16((uint16_t *)y + i, x);
            continue;
        }
        if (g->rt == DT_BF16)
            x = vf_round_bf16(x);
        vf_store((float *)y + i, x);
    }
}

/* n outputs of a row from column col on: C + bias, rounded and stored. */
INLINE void gemm_store(const struct gemm *g, long row, long col, long n,
                       float *C, const float *bias)
{
    void *y = AT_W(g->Y, g->yt, row * g->ldy + col);

    if (n == NR && g->rt != DT_F16)
        finish_panel(g, y, C, bias);
    else
        finish_n(g, y, n, C, bias);
}

#endif
