/* names - which tensors of two checkpoints go together, and what they are */
#ifndef ULP_COMPARE_NAMES_H
#define ULP_COMPARE_NAMES_H
#include "../../kernels/canon.h"
#include "../arch/arch.h"
#include "../model/safetensors.h"

/* The kind of a tensor whose name no family has. */
enum { KIND_OTHER = N_KINDS };

/* An enum param_kind, or KIND_OTHER; its layer, -1 outside the layers. */
int tensor_kind(const char *name, int *layer);
/* "q" ... "bias", "other" */
const char *tensor_kind_name(int kind);

/* Value i of an array of type t, widened to fp32 (exact). */
static inline float tensor_value(enum dtype t, const void *values, size_t i)
{
    const uint16_t *half = values;

    switch (t) {
    case DT_BF16:
        return canon_widen_bf16(half[i]);
    case DT_F16:
        return canon_widen_f16(half[i]);
    default:
        return ((const float *)values)[i];
    }
}

/* The tensor of f (`name` in messages) that goes with t, of the same shape. */
int tensor_partner(const struct st_file *f, const char *name,
                   const struct st_tensor *t, const struct st_tensor **p,
                   struct err *e) MUST_CHECK;
/* Sees that ckpt (`name` in messages) has the tensors of base, but for the
 * head, which files of tied models may or may not have. */
int tensor_all(const struct st_file *base, const struct st_file *ckpt,
               const char *name, struct err *e) MUST_CHECK;

#endif
