/* compare - when a weight is unchanged (SCIENCE 6): shared by every backend
 *
 * Twice the same in double: |a - b| <= eta max(|a|, |b|), of the values cast
 * to bf16 and of the values as stored. Under `exact`, eta < 2^-9, the first is
 * equality (adjacent bf16 values are at least 2^-8 of the larger apart), +0
 * and -0 being equal.
 */
#ifndef ULP_KERNELS_COMPARE_H
#define ULP_KERNELS_COMPARE_H
#include "canon.h"

/* With such an eta the rule on bf16 values is their equality
 * (lib/compare/sparsity.h). */
CANON_FN int compare_is_exact(double eta)
{
    return eta >= 0 && eta < 0x1p-9;
}

CANON_FN double compare_abs(double x)
{
    return x < 0 ? -x : x;
}

CANON_FN int compare_near(float a, float b, double eta)
{
    float x = canon_float(canon_bits(a) & 0x7FFFFFFFu);
    float y = canon_float(canon_bits(b) & 0x7FFFFFFFu);

    return compare_abs((double)a - (double)b) <= eta * (double)(x > y ? x : y);
}

/* |a - b| <= abs, in fp64. */
CANON_FN int compare_abs_near(float a, float b, double abs)
{
    return compare_abs((double)a - (double)b) <= abs;
}

CANON_FN float compare_bf16(float a)
{
    return canon_widen_bf16(canon_round_bf16(a));
}

/* Of a value already cast: neither NaN nor Inf. */
CANON_FN int compare_finite(float x)
{
    return (canon_bits(x) & 0x7F800000u) != 0x7F800000u;
}

/* Both cast. */
CANON_FN int compare_same(float x, float y, double eta, int exact)
{
    return exact ? x == y : compare_near(x, y, eta);
}

#endif
