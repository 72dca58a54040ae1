/* delta_half - values of two bytes, 64 as bits of a word and 512 as a strip
 *
 * Loops without a branch to guess, for vectors. Internal to lib/model; header
 * only. delta_code.h says what the numbers are.
 */
#ifndef ULP_MODEL_DELTA_HALF_H
#define ULP_MODEL_DELTA_HALF_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(HALF_AVX2)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Values that are the bits of one word, and their bytes. */
enum { BLOCK = 64, BLOCK_BYTES = 2 * BLOCK };
/* All bits and the sign of a value; places that half_places writes at a
 * time. */
enum { ALL = 0xFFFF, SIGN = 0x8000, SOME = 4 };
enum { STRIP = 512 }; /* values that are changed at once */

/* Value number `place` of v, at any alignment. */
static inline uint16_t half_load(const uint8_t *v, size_t place)
{
    uint16_t h;

    memcpy(&h, v + 2 * place, 2);
    return h;
}

/* ---- 64 values as bits of a word ---------------------------------------- */

#if defined(HALF_AVX2)
/* A bit for each of 32 masks of two bytes. */
static inline uint64_t half_bits(__m256i a, __m256i b)
{
    __m256i m = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xD8);

    return (uint32_t)_mm256_movemask_epi8(m);
}

/* 16 values from p on, at any alignment. */
static inline __m256i half_vector(const uint8_t *p)
{
    return _mm256_loadu_si256((const void *)p);
}
#endif

/* Values whose bits without the sign are below the bound (0 to 0x8000). */
static inline uint64_t half_below(const uint8_t *v, uint32_t bound)
{
    uint64_t bits = 0;

#if defined(HALF_AVX2)
    const __m256i magnitude = _mm256_set1_epi16(0x7FFF);
    const __m256i last = _mm256_set1_epi16((short)((int)bound - 1));

    for (int i = 0; i < BLOCK; i += 32) {
        __m256i a = _mm256_and_si256(half_vector(v + 2 * i), magnitude);
        __m256i b = _mm256_and_si256(half_vector(v + 2 * i + 32), magnitude);

        bits |=
            half_bits(_mm256_cmpgt_epi16(a, last), _mm256_cmpgt_epi16(b, last))
            << i;
    }
    bits = ~bits;
#elif defined(__SSE2__)
    const __m128i magnitude = _mm_set1_epi16(0x7FFF);
    const __m128i last = _mm_set1_epi16((short)((int)bound - 1));

    for (int i = 0; i < BLOCK; i += 16) {
        const uint8_t *p = v + 2 * i;
        __m128i a = _mm_loadu_si128((const void *)p);
        __m128i b = _mm_loadu_si128((const void *)(p + 16));
        int above;

        a = _mm_cmpgt_epi16(_mm_and_si128(a, magnitude), last);
        b = _mm_cmpgt_epi16(_mm_and_si128(b, magnitude), last);
        above = _mm_movemask_epi8(_mm_packs_epi16(a, b));
        bits |= (uint64_t)(~above & ALL) << i;
    }
#else
    for (int i = 0; i < BLOCK; i++)
        bits |= (uint64_t)((half_load(v, (size_t)i) & 0x7FFF) < bound) << i;
#endif
    return bits;
}

/* A bit for each of BLOCK values: those of x and y are not the same bits. */
static inline uint64_t half_differ(const uint8_t *x, const uint8_t *y)
{
    uint64_t bits = 0;

#if defined(HALF_AVX2)
    for (int i = 0; i < BLOCK; i += 32) {
        const uint8_t *p = x + 2 * i, *q = y + 2 * i;

        bits |= half_bits(_mm256_cmpeq_epi16(half_vector(p), half_vector(q)),
                          _mm256_cmpeq_epi16(half_vector(p + 32),
                                             half_vector(q + 32)))
                << i;
    }
    bits = ~bits;
#elif defined(__SSE2__)
    for (int i = 0; i < BLOCK; i += 16) {
        const __m128i *p = (const void *)(x + 2 * i);
        const __m128i *q = (const void *)(y + 2 * i);
        __m128i a = _mm_cmpeq_epi16(_mm_loadu_si128(p), _mm_loadu_si128(q));
        __m128i b = _mm_cmpeq_epi16(_mm_loadu_si128(p + 1),
                                    _mm_loadu_si128(q + 1));
        int same = _mm_movemask_epi8(_mm_packs_epi16(a, b));

        bits |= (uint64_t)(~same & ALL) << i;
    }
#else
    for (int i = 0; i < BLOCK; i++)
        bits |= (uint64_t)(x[2 * i] != y[2 * i] || x[2 * i + 1] != y[2 * i + 1])
                << i;
#endif
    return bits;
}

/* How many are set; baseline x86-64 has no instruction for it. */
static inline size_t half_count(uint64_t bits)
{
#if defined(HALF_AVX2)
    return (size_t)__builtin_popcountll(bits);
#else
    bits -= bits >> 1 & 0x5555555555555555u;
    bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
    bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (size_t)(bits * 0x0101010101010101u >> 56);
#endif
}

/* Appends `first` and the number of each bit that is set; returns the end. They
 * are written SOME at a time, and after the end too: how many there are differs
 * from word to word, and a loop of just so many is guessed wrongly. */
static inline uint32_t *half_places(uint32_t *to, uint64_t bits, uint32_t first)
{
    uint32_t *end = to + half_count(bits);

    while (to < end)
        for (int i = 0; i < SOME; i++) {
            *to++ = first + (uint32_t)__builtin_ctzll(bits | (uint64_t)1 << 63);
            bits &= bits - 1;
        }
    return end;
}

/* A chunk's last values, fewer than a block, with zeros after them. */
static inline const uint8_t *half_padded(uint8_t *block, const uint8_t *v,
                                         size_t n)
{
    memset(block, 0, BLOCK_BYTES);
    memcpy(block, v, 2 * n);
    return block;
}

/* The first n bits; n > 0. */
static inline uint64_t half_among(size_t n)
{
    return n < BLOCK ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
}

/* ---- a strip of values: delta_fold.h's numbers, in vectors --------------- */

/* restrict: bytes may alias all else, and the loops would have no vectors. */
static inline void half_gather(uint16_t *restrict to, const uint8_t *v,
                               const uint32_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = half_load(v, at[i]);
}

/* The inverse of half_gather: value at[i] of v becomes from[i]. */
static inline void half_scatter(uint8_t *v, const uint32_t *at,
                                const uint16_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(v + 2 * (size_t)at[i], &from[i], 2);
}

/* All ones where the highest bit is set. */
static inline uint16_t half_mask(uint16_t x)
{
    return (uint16_t)(0 - (x >> 15));
}

/* a: values of this, which become folded differences from those of that. */
static inline void half_fold(uint16_t *restrict a, const uint16_t *restrict b,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t x = (uint16_t)(a[i] ^ (half_mask(a[i]) | SIGN));
        uint16_t y = (uint16_t)(b[i] ^ (half_mask(b[i]) | SIGN));
        uint16_t d = (uint16_t)(x - y);

        a[i] = (uint16_t)(d << 1 ^ half_mask(d));
    }
}

/* The other way round: b becomes values of this. */
static inline void half_unfold(uint16_t *restrict b, const uint16_t *restrict f,
                               size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t x = (uint16_t)(b[i] ^ (half_mask(b[i]) | SIGN));

        x = (uint16_t)(x + (f[i] >> 1 ^ (0 - (f[i] & 1))));
        b[i] = (uint16_t)(x ^ ((ALL ^ half_mask(x)) | SIGN));
    }
}

/* The low and the high bytes of f; half_join puts them together again. */
static inline void half_split(uint8_t *restrict low, uint8_t *restrict high,
                              const uint16_t *restrict f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        low[i] = (uint8_t)f[i];
        high[i] = (uint8_t)(f[i] >> 8);
    }
}

static inline void half_join(uint16_t *restrict f, const uint8_t *restrict low,
                             const uint8_t *restrict high, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f[i] = (uint16_t)(low[i] | high[i] << 8);
}

/* Values of the next strip, of `left` that remain. */
static inline size_t half_strip(size_t left)
{
    return left < STRIP ? left : STRIP;
}

#endif
