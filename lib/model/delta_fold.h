/* delta_fold - ordered codes of a block of values, and their folded differences
 *
 * Loops of a constant length and no branch, for vectors. Internal to lib/model;
 * header only. delta_code.h says what the numbers are.
 */
#ifndef ULP_MODEL_DELTA_FOLD_H
#define ULP_MODEL_DELTA_FOLD_H
#include <stdint.h>
#include <string.h>

enum { FOLD_BLOCK = 64 }; /* values */

/* Bits of values of `width` bytes: all, and the sign. */
static inline uint32_t fold_all(int width)
{
    return width == 2 ? 0xFFFF : 0xFFFFFFFF;
}

/* The sign bit alone. */
static inline uint32_t fold_sign(int width)
{
    return width == 2 ? 0x8000 : 0x80000000;
}

/* All ones where the sign is set, else 0. Signs of weights are as good as
 * random: a branch on them is predicted wrongly half of the time. */
static inline uint32_t fold_mask(uint32_t bits, int width)
{
    return 0 - (bits >> (8 * width - 1));
}

/* Negative values fall as their bits rise: all bits turn, of the others the
 * sign. */
static inline uint32_t fold_order(uint32_t bits, int width)
{
    return (bits ^ (fold_mask(bits, width) | fold_sign(width))) &
           fold_all(width);
}

/* The inverse of fold_order. */
static inline uint32_t fold_unorder(uint32_t code, int width)
{
    return (code ^ (~fold_mask(code, width) | fold_sign(width))) &
           fold_all(width);
}

/* Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...; d is a difference of
 * codes. */
static inline uint32_t fold(uint32_t d, int width)
{
    return (d << 1 ^ fold_mask(d, width)) & fold_all(width);
}

/* The inverse of fold. */
static inline uint32_t unfold(uint32_t f, int width)
{
    return (f >> 1 ^ (0 - (f & 1))) & fold_all(width);
}

/* The folded difference from b's code to a's, of bits a and b. */
static inline uint32_t fold_difference(uint32_t a, uint32_t b, int width)
{
    uint32_t d = fold_order(a, width) - fold_order(b, width);

    return fold(d & fold_all(width), width);
}

/* The inverse: a's bits from b's and the folded difference. */
static inline uint32_t fold_apply(uint32_t b, uint32_t folded, int width)
{
    uint32_t code = fold_order(b, width) + unfold(folded, width);

    return fold_unorder(code & fold_all(width), width);
}

/* A value of `width` bytes (2 or 4), little-endian, from and to any address. */
static inline uint32_t fold_load(const uint8_t *p, int width)
{
    uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8;

    return width == 2 ? v : v | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void fold_store(uint8_t *p, uint32_t v, int width)
{
    for (int i = 0; i < width; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Of FOLD_BLOCK values of each side: how many of their words of 8 bytes, which
 * number FOLD_BLOCK * width / 8, differ. */
static inline unsigned fold_words(const uint8_t *a, const uint8_t *b, int width)
{
    uint64_t x[FOLD_BLOCK / 2], y[FOLD_BLOCK / 2];
    size_t n = FOLD_BLOCK * (size_t)width;
    uint64_t differ = 0;

    memcpy(x, a, n);
    memcpy(y, b, n);
    for (size_t i = 0; i < n / 8; i++)
        differ += x[i] != y[i];
    return (unsigned)differ;
}

/* Are the 8 bytes at a and at b the same? */
static inline int fold_same_word(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y;

    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x == y;
}

/* f: of FOLD_BLOCK values; returns how many are not 0. */
static inline uint32_t fold_block(uint32_t *f, const uint8_t *this,
                                  const uint8_t *that, int width)
{
    uint32_t moved = 0;

    for (int i = 0; i < FOLD_BLOCK; i++) {
        uint32_t a = fold_load(this + i * width, width);
        uint32_t b = fold_load(that + i * width, width);

        f[i] = fold_difference(a, b, width);
        moved += f[i] != 0;
    }
    return moved;
}

/* values of that become those of this. */
static inline void unfold_block(uint8_t *values, const uint32_t *f, int width)
{
    for (int i = 0; i < FOLD_BLOCK; i++) {
        uint8_t *p = values + i * width;

        fold_store(p, fold_apply(fold_load(p, width), f[i], width), width);
    }
}

#endif
