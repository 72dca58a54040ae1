/* adamw_bf16 - one step of AdamW over bf16 weights, moments and gradients */
#ifndef ULP_CPU_ADAMW_BF16_H
#define ULP_CPU_ADAMW_BF16_H
#include "cpu.h"

/* h->kind is STEP_FUSED or STEP_FOREACH with every multiply-add fused;
 * rounding to nearest, no compensation. n values of each, which do not overlap.
 * Returns how many of w change. */
uint64_t NAME(adamw_bf16)(const struct k_adamw *h, long n, uint16_t *w,
                          uint16_t *m, uint16_t *v, const uint16_t *g);

#endif
