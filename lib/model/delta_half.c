/* delta_half - differences of bf16 and fp16 values; delta_code.h has the format
 *
 * Both directions look at 64 values at a time: bits of a word say which differ
 * and which are below the bound, and only those are touched.
 */
#include <stdlib.h>
#include <string.h>
#include "delta_fold.h"
#include "delta_impl.h"
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { BLOCK_BYTES = 2 * FOLD_BLOCK, SAMPLE = 256, BINS = 256 };
enum { ALL = 0xFFFF, SIGN = 0x8000 };

/* ---- 64 values as bits of a word ---------------------------------------- */

/* Values whose bits without the sign are below the bound (0 to 0x8000). */
static inline uint64_t below(const uint8_t *v, uint32_t bound)
{
    uint64_t bits = 0;

#if defined(__SSE2__)
    const __m128i magnitude = _mm_set1_epi16(0x7FFF);
    const __m128i last = _mm_set1_epi16((short)((int)bound - 1));

    for (int i = 0; i < FOLD_BLOCK; i += 16) {
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
    for (int i = 0; i < FOLD_BLOCK; i++)
        bits |= (uint64_t)((fold_load(v + 2 * i, 2) & 0x7FFF) < bound) << i;
#endif
    return bits;
}

static inline uint64_t differ(const uint8_t *x, const uint8_t *y)
{
    uint64_t bits = 0;

#if defined(__SSE2__)
    for (int i = 0; i < FOLD_BLOCK; i += 16) {
        const __m128i *p = (const void *)(x + 2 * i);
        const __m128i *q = (const void *)(y + 2 * i);
        __m128i a = _mm_cmpeq_epi16(_mm_loadu_si128(p), _mm_loadu_si128(q));
        __m128i b = _mm_cmpeq_epi16(_mm_loadu_si128(p + 1),
                                    _mm_loadu_si128(q + 1));
        int same = _mm_movemask_epi8(_mm_packs_epi16(a, b));

        bits |= (uint64_t)(~same & ALL) << i;
    }
#else
    for (int i = 0; i < FOLD_BLOCK; i++)
        bits |= (uint64_t)(x[2 * i] != y[2 * i] || x[2 * i + 1] != y[2 * i + 1])
                << i;
#endif
    return bits;
}

static inline int lowest(uint64_t bits)
{
    return __builtin_ctzll(bits);
}

static inline uint16_t difference(const uint8_t *this, const uint8_t *that)
{
    return (uint16_t)fold_difference(fold_load(this, 2), fold_load(that, 2), 2);
}

/* ---- encoding ------------------------------------------------------- */

/* The bound below which so many values differ that one place for each of them
 * is shorter than a gap for each that differs: where a quarter does. */
static uint32_t choose_bound(const uint8_t *this, const uint8_t *that, size_t n)
{
    long gain[BINS] = {0}, sum = 0, best = 0;
    size_t blocks = n / FOLD_BLOCK, every = blocks / SAMPLE + 1;
    uint32_t bound = 0;

    for (size_t b = 0; b < blocks; b += every) {
        const uint8_t *v = that + b * BLOCK_BYTES;
        uint64_t d = differ(this + b * BLOCK_BYTES, v);

        for (int i = 0; i < FOLD_BLOCK; i++)
            gain[fold_load(v + 2 * i, 2) >> 7 & 0xFF] += d >> i & 1 ? 3 : -1;
    }
    for (int i = 0; i < BINS; i++) {
        sum += gain[i];
        if (sum > best) {
            best = sum;
            bound = (uint32_t)(i + 1) << 7;
        }
    }
    return bound;
}

struct scan {
    uint32_t bound;
    uint8_t *gaps;
    uint16_t *small, *listed; /* the next of each */
    size_t gap;               /* since the last one listed */
    size_t small_moved;
};

static inline void scan_block(struct scan *s, const uint8_t *this,
                              const uint8_t *that, int n, uint64_t among)
{
    uint64_t d = differ(this, that) & among;
    uint64_t small = s->bound ? below(that, s->bound) & among : 0;
    uint64_t listed = d & ~small;
    int next = 0;

    for (; small; small &= small - 1) {
        int i = lowest(small);
        uint16_t f = difference(this + 2 * i, that + 2 * i);

        s->small_moved += f != 0;
        *s->small++ = f;
    }
    for (; listed; listed &= listed - 1) {
        int i = lowest(listed);
        size_t gap = s->gap + (size_t)(i - next);

        for (; gap >= 255; gap -= 255)
            *s->gaps++ = 255;
        *s->gaps++ = (uint8_t)gap;
        *s->listed++ = difference(this + 2 * i, that + 2 * i);
        s->gap = 0;
        next = i + 1;
    }
    s->gap += (size_t)(n - next);
}

static void scan(struct scan *s, const uint8_t *this, const uint8_t *that,
                 size_t n)
{
    uint8_t x[BLOCK_BYTES] = {0}, y[BLOCK_BYTES] = {0};

    for (; n >= FOLD_BLOCK; n -= FOLD_BLOCK) {
        scan_block(s, this, that, FOLD_BLOCK, ~(uint64_t)0);
        this += BLOCK_BYTES;
        that += BLOCK_BYTES;
    }
    if (!n)
        return;
    memcpy(x, this, 2 * n);
    memcpy(y, that, 2 * n);
    scan_block(s, x, y, (int)n, ((uint64_t)1 << n) - 1);
}

/* restrict: bytes may alias all else, and the loop would have no vectors. */
static void take_byte(uint8_t *restrict to, const uint16_t *restrict f,
                      size_t n, int shift)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(f[i] >> shift);
}

/* The lowest bit of each of n <= 8 numbers less 1; f becomes the others. */
static inline uint8_t take_signs(uint16_t *f, size_t n)
{
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned g = f[i] - 1u;

        bits |= (g & 1) << i;
        f[i] = (uint16_t)(g >> 1);
    }
    return (uint8_t)bits;
}

static void put_planes(struct delta_coder *c, struct buf *out,
                       const uint16_t *f, size_t n)
{
    for (int shift = 0; shift < 16; shift += 8) {
        take_byte(c->planes, f, n, shift);
        delta_put_section(c, out, c->planes, n);
    }
}

/* f becomes how far each is beyond one step. */
static void put_signs(struct delta_coder *c, struct buf *out, uint16_t *f,
                      size_t n)
{
    uint8_t *restrict to = c->planes;
    size_t i = 0;

    for (; n - i >= 8; i += 8)
        to[i / 8] = take_signs(f + i, 8);
    if (i < n)
        to[i / 8] = take_signs(f + i, n - i);
    delta_put_section(c, out, c->planes, (n + 7) / 8);
}

size_t half_encode(struct delta_coder *c, struct buf *out, const uint8_t *this,
                   const uint8_t *that, size_t n)
{
    struct scan s = {.bound = choose_bound(this, that, n)};
    uint16_t *small, *listed;
    size_t n_listed, moved;

    delta_room(c, n, n, 2 * n);
    s.gaps = c->gaps;
    s.small = small = c->folded;
    s.listed = listed = c->folded + n;
    scan(&s, this, that, n);
    n_listed = (size_t)(s.listed - listed);
    moved = n_listed + s.small_moved;
    delta_put_u32(out, (uint32_t)moved);
    if (!moved)
        return 0;
    delta_put_u32(out, s.bound);
    delta_put_section(c, out, c->gaps, (size_t)(s.gaps - c->gaps));
    put_signs(c, out, listed, n_listed);
    put_planes(c, out, listed, n_listed);
    put_planes(c, out, small, (size_t)(s.small - small));
    return moved;
}

/* ---- decoding ------------------------------------------------------- */

static inline void change(uint8_t *v, uint32_t folded)
{
    fold_store(v, fold_apply(fold_load(v, 2), folded, 2), 2);
}

/* The two planes of *n numbers of at most `most`. */
static int get_planes(struct delta_coder *c, const uint8_t *in, size_t n_in,
                      size_t *at, uint16_t *f, size_t most, size_t *n)
{
    size_t high = 0;
    int r = delta_get_section(c, in, n_in, at, c->planes, most, n);

    for (size_t i = 0; !r && i < *n; i++)
        f[i] = c->planes[i];
    if (!r)
        r = delta_get_section(c, in, n_in, at, c->planes, most, &high);
    if (r || high != *n)
        return -ERR_DATA;
    for (size_t i = 0; i < high; i++)
        f[i] = (uint16_t)(f[i] | c->planes[i] << 8);
    return 0;
}

/* Values below the bound, before any other changes. *changed: of them. */
static int apply_small(uint8_t *values, size_t n, uint32_t bound,
                       const uint16_t *f, size_t n_f, size_t *changed)
{
    const uint16_t *end = f + n_f;
    uint8_t last[BLOCK_BYTES] = {0};

    for (size_t i = 0; i < n_f; i++)
        *changed += f[i] != 0;
    for (size_t i = 0; bound && i < n; i += FOLD_BLOCK) {
        size_t some = n - i < FOLD_BLOCK ? n - i : FOLD_BLOCK;
        uint8_t *v = values + 2 * i;
        uint64_t bits;

        if (some < FOLD_BLOCK)
            memcpy(last, v, 2 * some);
        bits = below(some < FOLD_BLOCK ? last : v, bound);
        if (some < FOLD_BLOCK)
            bits &= ((uint64_t)1 << some) - 1;
        for (; bits; bits &= bits - 1) {
            if (f == end)
                return -ERR_DATA;
            change(v + 2 * lowest(bits), *f++);
        }
    }
    return f == end ? 0 : -ERR_DATA;
}

static int apply_listed(uint8_t *values, size_t n, const uint8_t *gaps,
                        size_t n_gaps, const uint16_t *f, const uint8_t *signs,
                        size_t n_f)
{
    size_t at = 0, g = 0;

    for (size_t i = 0; i < n_f; i++) {
        for (; g < n_gaps && gaps[g] == 255; g++)
            at += 255;
        if (g == n_gaps)
            return -ERR_DATA;
        at += gaps[g++];
        if (at >= n)
            return -ERR_DATA;
        change(values + 2 * at,
               ((uint32_t)f[i] << 1 | (signs[i / 8] >> i % 8 & 1)) + 1);
        at++;
    }
    return g == n_gaps ? 0 : -ERR_DATA;
}

int half_decode(struct delta_coder *c, const uint8_t *in, size_t n_in,
                size_t *at, uint8_t *values, size_t n, uint32_t moved)
{
    uint32_t bound;
    uint16_t *small, *listed;
    uint8_t *signs;
    size_t most = (n + 7) / 8, n_gaps = 0, n_signs = 0, n_listed = 0;
    size_t n_small = 0, changed;
    int r = delta_get_u32(in, n_in, at, &bound);

    if (r || bound > SIGN)
        return -ERR_DATA;
    delta_room(c, n, n + most, 2 * n);
    small = c->folded;
    listed = c->folded + n;
    signs = c->planes + n;
    r = delta_get_section(c, in, n_in, at, c->gaps, delta_most_gaps(n),
                          &n_gaps);
    if (!r)
        r = delta_get_section(c, in, n_in, at, signs, most, &n_signs);
    if (!r)
        r = get_planes(c, in, n_in, at, listed, n, &n_listed);
    if (!r)
        r = get_planes(c, in, n_in, at, small, n, &n_small);
    if (r || n_signs != (n_listed + 7) / 8)
        return -ERR_DATA;
    changed = n_listed;
    r = apply_small(values, n, bound, small, n_small, &changed);
    if (r || changed != moved)
        return -ERR_DATA;
    return apply_listed(values, n, c->gaps, n_gaps, listed, signs, n_listed);
}
