/* bits - bit-packed integers, least significant bit first */
#ifndef ULP_PARQUET_BITS_H
#define ULP_PARQUET_BITS_H
#include <stddef.h>
#include <stdint.h>

/* Value i of those of `width` bits (0 to 64) at p, of which n bytes are there:
 * bits beyond them are 0. */
static inline uint64_t bits_get(const uint8_t *p, size_t n, unsigned width,
                                uint64_t i)
{
    uint64_t at = i * width >> 3, v = 0;
    unsigned shift = (unsigned)(i * width & 7);

    for (unsigned k = 0; k < 8 && at + k < n && 8 * k < width + shift; k++)
        v |= (uint64_t)p[at + k] << 8 * k;
    v >>= shift;
    if (shift + width > 64 && at + 8 < n)
        v |= (uint64_t)p[at + 8] << (64 - shift);
    return width == 64 ? v : v & (((uint64_t)1 << width) - 1);
}

#endif
