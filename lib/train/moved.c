/* moved - loops over values without a branch */
#include "moved.h"
#include "../../kernels/compare.h"

/* Their bits as integers: a count over floats would not be vectors. */
static uint64_t bits16(const uint16_t *a, const uint16_t *b, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] != b[i];
    return sum;
}

static uint64_t bits32(const uint32_t *a, const uint32_t *b, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] != b[i];
    return sum;
}

uint64_t moved_bits(const void *was, const void *now, enum dtype t, size_t n)
{
    return t == DT_F32 ? bits32(was, now, n) : bits16(was, now, n);
}

/* Two bf16 values, neither NaN: unequal, and not the two zeros. */
static uint64_t unequal(uint16_t a, uint16_t b)
{
    return a != b && ((a | b) & 0x7FFF);
}

uint64_t moved_visibly(const void *was, const void *now, enum dtype t, size_t n)
{
    const uint16_t *h = was, *i = now;
    const float *f = was, *g = now;
    uint64_t sum = 0;

    if (t == DT_BF16)
        for (size_t j = 0; j < n; j++)
            sum += unequal(h[j], i[j]);
    else if (t == DT_F32)
        for (size_t j = 0; j < n; j++)
            sum += unequal(canon_round_bf16(f[j]), canon_round_bf16(g[j]));
    else
        for (size_t j = 0; j < n; j++)
            sum += unequal(canon_round_bf16(canon_widen_f16(h[j])),
                           canon_round_bf16(canon_widen_f16(i[j])));
    return sum;
}
