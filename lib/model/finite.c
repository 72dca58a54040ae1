/* finite - the exponent bits of every value, a piece at a time; see finite.h */
#include "finite.h"
#include <math.h>
#include <string.h>
#include "../../kernels/canon.h"
#include "arm.h"

/* 1: a value has all bits of the exponent. Without a branch, for vectors. */
static int any32(const uint32_t *v, size_t n)
{
    uint32_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= (uint32_t)((v[i] & 0x7f800000u) == 0x7f800000u);
    return any != 0;
}

static int any16(const uint16_t *v, size_t n, uint16_t exponent)
{
    uint16_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= (uint16_t)((v[i] & exponent) == exponent);
    return any != 0;
}

static int any(const void *p, enum dtype t, size_t n)
{
    if (t == DT_F32)
        return any32(p, n);
    return any16(p, n, t == DT_BF16 ? 0x7f80 : 0x7c00);
}

size_t finite_until(const void *p, enum dtype t, size_t n)
{
    for (size_t i = 0; i < n; i += FINITE_PIECE) {
        size_t m = n - i < FINITE_PIECE ? n - i : FINITE_PIECE;
        const char *piece = (const char *)p + i * dtype_size(t);

        if (!any(piece, t, m))
            continue;
        while (isfinite(finite_value(p, t, i)))
            i++;
        return i;
    }
    return n;
}

float finite_value(const void *p, enum dtype t, size_t i)
{
    uint16_t h;
    float f;

    if (t == DT_F32) {
        memcpy(&f, (const char *)p + 4 * i, sizeof f);
        return f;
    }
    memcpy(&h, (const char *)p + 2 * i, sizeof h);
    return t == DT_BF16 ? canon_widen_bf16(h) : canon_widen_f16(h);
}

int finite_bad(const char *file, const char *name, size_t i, float was,
               enum dtype t, struct err *e)
{
    const char *in = file ? file : "weights", *x = isnan(was) ? "nan" : "inf";

    if (isfinite(was))
        return err_set(e, ERR_DATA,
                       "%s: tensor %.200s: value %zu is %.9g, "
                       "which %s, a type of the arm, cannot hold",
                       in, name, i, (double)was, dtype_name(t));
    return err_set(e, ERR_DATA,
                   "%s: tensor %.200s: value %zu is %s%s, "
                   "expected a finite number",
                   in, name, i, was < 0 ? "-" : "", x);
}
