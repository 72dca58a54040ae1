/* moved - loops over values without a branch, past runs of equal ones */
#include "moved.h"
#include <string.h>
#include "../../kernels/canon.h"

enum { BLOCK = 64 }; /* values */

/* Their bits as integers: a count over floats would not be vectors. */
static uint32_t bits16(const uint16_t *a, const uint16_t *b, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] != b[i];
    return sum;
}

static uint32_t bits32(const uint32_t *a, const uint32_t *b, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += a[i] != b[i];
    return sum;
}

/* A finite fp32 value's bits to the nearest bf16, ties to even. */
static inline uint32_t nearest(uint32_t bits)
{
    return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

/* Two bf16 values: unequal, and not the two zeros. */
static inline uint32_t unequal(uint32_t a, uint32_t b)
{
    return (uint32_t)(a != b) & (uint32_t)(((a | b) & 0x7FFF) != 0);
}

static uint32_t visibly16(const uint16_t *a, const uint16_t *b, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += unequal(a[i], b[i]);
    return sum;
}

static uint32_t visibly32(const uint32_t *a, const uint32_t *b, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += unequal(nearest(a[i]), nearest(b[i]));
    return sum;
}

static uint32_t visibly_f16(const uint16_t *a, const uint16_t *b, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            sum += unequal(nearest(canon_bits(canon_widen_f16(a[i]))),
                           nearest(canon_bits(canon_widen_f16(b[i]))));
    return sum;
}

static uint32_t one_block(const void *a, const void *b, enum dtype t, size_t n,
                          int visibly)
{
    if (!visibly)
        return t == DT_F32 ? bits32(a, b, n) : bits16(a, b, n);
    return t == DT_F32    ? visibly32(a, b, n)
           : t == DT_BF16 ? visibly16(a, b, n)
                          : visibly_f16(a, b, n);
}

static uint64_t count(const void *was, const void *now, enum dtype t, size_t n,
                      int visibly)
{
    const char *a = was, *b = now;
    size_t size = dtype_size(t);
    uint64_t sum = 0;

    for (size_t at = 0; at < n;
         at += BLOCK, a += BLOCK * size, b += BLOCK * size) {
        size_t m = n - at < BLOCK ? n - at : BLOCK;

        if (memcmp(a, b, m * size))
            sum += one_block(a, b, t, m, visibly);
    }
    return sum;
}

uint64_t moved_bits(const void *was, const void *now, enum dtype t, size_t n)
{
    return count(was, now, t, n, 0);
}

uint64_t moved_visibly(const void *was, const void *now, enum dtype t, size_t n)
{
    return count(was, now, t, n, 1);
}
