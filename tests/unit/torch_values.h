/* torch_values - weights and gradients that unit tests and scripts make alike,
 * and their hash (tests/golden/train/values.py) */
#ifndef TESTS_TORCH_VALUES_H
#define TESTS_TORCH_VALUES_H
#include <math.h>
#include "../../kernels/kernels.h"

#define FNV 0xCBF29CE484222325u

static inline uint64_t word(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Near 1; hard: exponents from 2^-140 to 2^100, zeros of both signs. */
static inline float value(uint64_t seed, int i, int hard)
{
    uint64_t w = word(seed + (uint64_t)i), h, kind;
    int exponent = -16, sum = -131070;

    for (int k = 0; k < 4; k++)
        sum += (int)(w >> 16 * k & 0xFFFF);
    if (!hard)
        return (float)ldexp(sum, exponent);
    h = word((seed ^ 0x5555) + (uint64_t)i);
    kind = h >> 8 & 31;
    exponent = kind == 0 ? 84 : kind == 1 ? -156 : (int)(h & 63) - 60;
    return kind >= 28 ? (sum < 0 ? -0.0f : 0.0f) : (float)ldexp(sum, exponent);
}

static inline uint64_t fnv(uint64_t h, const void *p, enum dtype t, int n)
{
    for (int i = 0; i < n; i++) {
        uint32_t v = t == DT_F32 ? ((const uint32_t *)p)[i]
                                 : ((const uint16_t *)p)[i];

        /* the script widens 16-bit words as signed ones */
        if (t != DT_F32 && v & 0x8000)
            v |= 0xFFFF0000u;
        h = (h ^ v) * 0x100000001B3u;
    }
    return h;
}

#endif
