/* le32 - four bytes as a number, the least significant first. Header only. */
#ifndef ULP_BASE_LE32_H
#define ULP_BASE_LE32_H
#include <stdint.h>

static inline uint32_t le32_get(const void *at)
{
    const uint8_t *p = at;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline void le32_put(void *at, uint32_t v)
{
    uint8_t *p = at;

    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

#endif
