/* torch_step - one value's update in the arithmetic of torch.optim.AdamW
 *
 * Both backends compile these few lines. `foreach` rounds the result of every
 * tensor operation to the type of the tensor that it writes; `fused` rounds
 * when it stores. NUMERICS.md has the formulas, and what they were checked
 * against.
 */
#ifndef ULP_KERNELS_TORCH_STEP_H
#define ULP_KERNELS_TORCH_STEP_H
#include "canon.h"
#include "kernels.h"

/* bf16 without a look for NaN: one whose low half is zero stays one, and others
 * do not come up, since a NaN here is of arithmetic or of a bf16 value. */
CANON_FN float torch_round(enum dtype t, float x)
{
    uint32_t u = canon_bits(x);

    if (t == DT_BF16)
        return canon_float((u + 0x7FFFu + ((u >> 16) & 1u)) & 0xFFFF0000u);
    if (t == DT_F16)
        return canon_widen_f16(canon_round_f16(x));
    return x;
}

/* The constants of a call. wt, mt: the types that foreach rounds to; fp32 for
 * fused. */
struct torch_call {
    float keep, b1, beta2, b2, root2, eps, rate;
};

/* The constants of h; eps is rounded to the type of the moments. */
CANON_FN struct torch_call torch_constants(const struct k_adamw *h, enum dtype mt)
{
    struct torch_call c = {h->torch.keep, h->torch.b1, h->beta2, h->torch.b2,
                           h->torch.root2, torch_round(mt, h->eps),
                           h->torch.rate};

    return c;
}

/* w becomes the decayed weight, m and v move on; the result is what is to be
 * taken from w. fused_m, fused_v: as in struct k_torch, of this value. tail: v
 * is fused the other way round (kind is STEP_FUSED). */
CANON_FN float torch_update(const struct torch_call *c, enum dtype wt,
                            enum dtype mt, int fused_m, int fused_v, int tail,
                            float g, float *w, float *m, float *v)
{
    float mm = *m, vv, s = c->b2 * g, d;

    *w = torch_round(wt, *w * c->keep);
    mm = fused_m ? canon_fma(c->b1, g - mm, mm) : mm + c->b1 * (g - mm);
    *m = torch_round(mt, mm);
    if (tail) {
        vv = canon_fma(*v, c->beta2, s * g);
    } else {
        vv = torch_round(mt, *v * c->beta2);
        vv = fused_v ? canon_fma(s, g, vv) : vv + s * g;
    }
    *v = torch_round(mt, vv);
    d = torch_round(mt, canon_sqrt(*v));
    d = torch_round(mt, d / c->root2);
    d = torch_round(mt, d + c->eps);
    return (c->rate * *m) / d;
}

#endif
