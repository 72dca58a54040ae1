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

/* Negative values fall as their bits rise: all bits turn, of the others the
 * sign. */
static inline uint32_t fold_order(uint32_t bits, uint32_t sign, uint32_t all)
{
    return bits & sign ? ~bits & all : bits | sign;
}

static inline uint32_t fold_unorder(uint32_t code, uint32_t sign, uint32_t all)
{
    return code & sign ? code & ~sign : ~code & all;
}

static inline uint32_t fold(uint32_t d, uint32_t sign, uint32_t all)
{
    return (d << 1 ^ (d & sign ? all : 0)) & all;
}

static inline uint32_t unfold(uint32_t f, uint32_t all)
{
    return (f >> 1 ^ (f & 1 ? all : 0)) & all;
}

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
    uint32_t all = width == 2 ? 0xFFFF : 0xFFFFFFFF, sign = all ^ all >> 1;
    uint32_t moved = 0;

    for (int i = 0; i < FOLD_BLOCK; i++) {
        uint32_t a = fold_order(fold_load(this + i * width, width), sign, all);
        uint32_t b = fold_order(fold_load(that + i * width, width), sign, all);

        f[i] = fold((a - b) & all, sign, all);
        moved += f[i] != 0;
    }
    return moved;
}

/* values of that become those of this. */
static inline void unfold_block(uint8_t *values, const uint32_t *f, int width)
{
    uint32_t all = width == 2 ? 0xFFFF : 0xFFFFFFFF, sign = all ^ all >> 1;

    for (int i = 0; i < FOLD_BLOCK; i++) {
        uint8_t *p = values + i * width;
        uint32_t code = fold_order(fold_load(p, width), sign, all);

        code = (code + unfold(f[i], all)) & all;
        fold_store(p, fold_unorder(code, sign, all), width);
    }
}

#endif
