/* candidates - the order in which top-k and top-p take ids (NUMERICS.md,
 * head_sample), for every backend */
#ifndef ULP_KERNELS_CANDIDATES_H
#define ULP_KERNELS_CANDIDATES_H
#include "canon.h"
#include "kernels.h"

/* Ascends as logits descend, and ids ascend among equal ones. -0 and +0 are one
 * logit. */
CANON_FN uint64_t cand_of(float z, long id)
{
    uint32_t u = canon_bits(z + 0.0f);

    u = u & 0x80000000u ? u : ~(u | 0x80000000u);
    return (uint64_t)u << 32 | (uint32_t)id;
}

/* The id in a candidate. */
CANON_FN int32_t cand_id(uint64_t c)
{
    return (int32_t)(uint32_t)c;
}

/* The kept prefix of n sorted candidates with masses e, drawn from. -1: more
 * candidates are needed to reach top_p. total is the mass top_p is a part
 * of. */
CANON_FN int32_t draw_prefix(const uint64_t *v, const float *e, long n,
                             const struct k_sample *s, double total, int all,
                             float u)
{
    double need = (double)s->top_p * total, c = 0, target;
    long kept = 0;

    while (kept < n) {
        c += (double)e[kept++];
        if (s->top_p < 1.0f && c >= need)
            break;
    }
    if (kept == n && !all && !(s->top_p < 1.0f && c >= need))
        return -1;
    target = (double)u * c;
    c = 0;
    for (long i = 0; i < kept; i++) {
        c += (double)e[i];
        if (c > target)
            return cand_id(v[i]);
    }
    return cand_id(v[kept - 1]);
}

#endif
