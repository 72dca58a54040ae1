/* delta_half - differences of bf16 and fp16 values; delta_code.h has the format
 *
 * Both directions look at 64 values at a time: bits of a word say which differ
 * and which are below the bound. Their places in the chunk are listed first, and
 * then only those values are touched, by loops without a branch to guess.
 * delta_half_v3.c compiles all of it once more, for AVX2.
 */
#include <string.h>
#include "delta_half.h"
#include "delta_impl.h"

#if !defined(HALF)
#define HALF(name) name##_v1
#endif

enum { SAMPLE = 256, BINS = 256 };

/* ---- memory ------------------------------------------------------------- */

/* Of a chunk's values: places, and the bytes of the sections. */
struct half {
    uint32_t *listed_at, *small_at;
    uint8_t *signs, *listed[2], *small[2]; /* [2]: low and high bytes */
};

static struct half room(struct delta_coder *c, size_t n)
{
    struct half h;

    delta_room(c, n, 5 * n, 2 * (n + SOME));
    h.listed_at = c->places;
    h.small_at = c->places + n + SOME;
    for (int i = 0; i < 2; i++) {
        h.listed[i] = c->planes + (size_t)i * n;
        h.small[i] = c->planes + (size_t)(i + 2) * n;
    }
    h.signs = c->planes + 4 * n;
    return h;
}

/* ---- encoding ------------------------------------------------------- */

/* The bound below which so many values differ that one place for each of them
 * is shorter than a gap for each that differs: where a quarter does. */
static uint32_t choose_bound(const uint8_t *this, const uint8_t *that, size_t n)
{
    long gain[BINS] = {0}, sum = 0, best = 0;
    size_t blocks = n / BLOCK, every = blocks / SAMPLE + 1;
    uint32_t bound = 0;

    for (size_t b = 0; b < blocks; b += every) {
        const uint8_t *v = that + b * BLOCK_BYTES;
        uint64_t d = half_differ(this + b * BLOCK_BYTES, v);

        for (size_t i = 0; i < BLOCK; i++)
            gain[half_load(v, i) >> 7 & 0xFF] += d >> i & 1 ? 3 : -1;
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

/* Which values are listed, and which are small. */
static void scan(const struct half *h, const uint8_t *this, const uint8_t *that,
                 size_t n, uint32_t bound, size_t *n_listed, size_t *n_small)
{
    uint32_t *listed = h->listed_at, *small = h->small_at;
    uint8_t x[BLOCK_BYTES], y[BLOCK_BYTES];

    for (size_t i = 0; i < n; i += BLOCK) {
        const uint8_t *a = this + 2 * i, *b = that + 2 * i;
        uint64_t d, s;

        if (n - i < BLOCK) {
            a = half_padded(x, a, n - i);
            b = half_padded(y, b, n - i);
        }
        d = half_differ(a, b);
        s = bound ? half_below(b, bound) & half_among(n - i) : 0;
        listed = half_places(listed, d & ~s, (uint32_t)i);
        small = half_places(small, s, (uint32_t)i);
    }
    *n_listed = (size_t)(listed - h->listed_at);
    *n_small = (size_t)(small - h->small_at);
}

/* f: folded differences of the n values at these places. */
static void differences(uint16_t *f, const uint8_t *this, const uint8_t *that,
                        const uint32_t *at, size_t n)
{
    uint16_t b[STRIP];

    half_gather(f, this, at, n);
    half_gather(b, that, at, n);
    half_fold(f, b, n);
}

static void put_gaps(struct delta_coder *c, struct buf *out, const uint32_t *at,
                     size_t n)
{
    uint8_t *to = c->gaps;
    uint32_t next = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t gap = at[i] - next;

        for (; gap >= 255; gap -= 255)
            *to++ = 255;
        *to++ = (uint8_t)gap;
        next = at[i] + 1;
    }
    delta_put_section(c, out, c->gaps, (size_t)(to - c->gaps));
}

/* The lowest bit of each of n numbers less 1; f becomes the others. */
static void take_signs(uint8_t *to, uint16_t *f, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        unsigned bits = 0;

        for (size_t j = 0; j < 8 && i + j < n; j++) {
            unsigned g = f[i + j] - 1u;

            bits |= (g & 1) << j;
            f[i + j] = (uint16_t)(g >> 1);
        }
        to[i / 8] = (uint8_t)bits;
    }
}

static void put_listed(struct delta_coder *c, struct buf *out,
                       const struct half *h, const uint8_t *this,
                       const uint8_t *that, size_t n)
{
    uint16_t f[STRIP];

    for (size_t i = 0; i < n; i += STRIP) {
        size_t some = half_strip(n - i);

        differences(f, this, that, h->listed_at + i, some);
        take_signs(h->signs + i / 8, f, some);
        half_split(h->listed[0] + i, h->listed[1] + i, f, some);
    }
    delta_put_section(c, out, h->signs, (n + 7) / 8);
    delta_put_section(c, out, h->listed[0], n);
    delta_put_section(c, out, h->listed[1], n);
}

/* Makes the bytes of small values' sections; returns how many differ. */
static size_t take_small(const struct half *h, const uint8_t *this,
                         const uint8_t *that, size_t n)
{
    uint16_t f[STRIP];
    size_t moved = 0;

    for (size_t i = 0; i < n; i += STRIP) {
        size_t some = half_strip(n - i);

        differences(f, this, that, h->small_at + i, some);
        half_split(h->small[0] + i, h->small[1] + i, f, some);
        for (size_t j = 0; j < some; j++)
            moved += f[j] != 0;
    }
    return moved;
}

size_t HALF(half_encode)(struct delta_coder *c, struct buf *out,
                         const uint8_t *this, const uint8_t *that, size_t n)
{
    uint32_t bound = choose_bound(this, that, n);
    struct half h = room(c, n);
    size_t n_listed, n_small, moved;

    scan(&h, this, that, n, bound, &n_listed, &n_small);
    moved = n_listed + take_small(&h, this, that, n_small);
    delta_put_u32(out, (uint32_t)moved);
    if (!moved)
        return 0;
    delta_put_u32(out, bound);
    put_gaps(c, out, h.listed_at, n_listed);
    put_listed(c, out, &h, this, that, n_listed);
    delta_put_section(c, out, h.small[0], n_small);
    delta_put_section(c, out, h.small[1], n_small);
    return moved;
}

/* ---- decoding ------------------------------------------------------- */

/* n numbers from gaps to places among `most` values. */
static int get_places(uint32_t *at, size_t n, const uint8_t *gaps,
                      size_t n_gaps, size_t most)
{
    size_t next = 0, g = 0;

    for (size_t i = 0; i < n; i++) {
        for (; g < n_gaps && gaps[g] == 255; g++)
            next += 255;
        if (g == n_gaps)
            return -ERR_DATA;
        next += gaps[g++];
        if (next >= most)
            return -ERR_DATA;
        at[i] = (uint32_t)next++;
    }
    return g == n_gaps ? 0 : -ERR_DATA;
}

/* The places of the values below the bound: n_f, or it makes no sense. */
static int find_small(uint32_t *at, const uint8_t *values, size_t n,
                      uint32_t bound, size_t n_f)
{
    uint8_t last[BLOCK_BYTES];
    uint32_t *to = at;

    for (size_t i = 0; bound && i < n; i += BLOCK) {
        const uint8_t *v = values + 2 * i;

        if (n - i < BLOCK)
            v = half_padded(last, v, n - i);
        to = half_places(to, half_below(v, bound) & half_among(n - i),
                         (uint32_t)i);
    }
    return (size_t)(to - at) == n_f ? 0 : -ERR_DATA;
}

static void change(uint8_t *values, const uint32_t *at, const uint16_t *f,
                   size_t n)
{
    uint16_t b[STRIP];

    half_gather(b, values, at, n);
    half_unfold(b, f, n);
    half_scatter(values, at, b, n);
}

static void apply_small(uint8_t *values, const struct half *h, size_t n)
{
    uint16_t f[STRIP];

    for (size_t i = 0; i < n; i += STRIP) {
        half_join(f, h->small[0] + i, h->small[1] + i, half_strip(n - i));
        change(values, h->small_at + i, f, half_strip(n - i));
    }
}

static void apply_listed(uint8_t *values, const struct half *h, size_t n)
{
    uint16_t f[STRIP];

    for (size_t i = 0; i < n; i += STRIP) {
        const uint8_t *signs = h->signs + i / 8;
        size_t some = half_strip(n - i);

        half_join(f, h->listed[0] + i, h->listed[1] + i, some);
        for (size_t j = 0; j < some; j++)
            f[j] = (uint16_t)((f[j] << 1 | (signs[j / 8] >> j % 8 & 1)) + 1);
        change(values, h->listed_at + i, f, some);
    }
}

static size_t changed(const struct half *h, size_t n_listed, size_t n_small)
{
    const uint8_t *low = h->small[0], *high = h->small[1];
    size_t n = n_listed;

    for (size_t i = 0; i < n_small; i++)
        n += (low[i] | high[i]) != 0;
    return n;
}

int HALF(half_decode)(struct delta_coder *c, const uint8_t *in, size_t n_in,
                      size_t *at, uint8_t *values, size_t n, uint32_t moved)
{
    struct half h = room(c, n);
    size_t size[HALF_SECTIONS];
    uint8_t *to[HALF_SECTIONS] = {c->gaps,     h.signs,    h.listed[0],
                                  h.listed[1], h.small[0], h.small[1]};
    uint32_t bound;
    int r = delta_get_u32(in, n_in, at, &bound);

    for (int i = 0; i < HALF_SECTIONS && !r; i++) {
        size_t most = i == 0 ? delta_most_gaps(n) : i == 1 ? (n + 7) / 8 : n;

        r = delta_get_section(c, in, n_in, at, to[i], most, &size[i]);
    }
    if (r || bound > SIGN || size[1] != (size[2] + 7) / 8 ||
        size[2] != size[3] || size[4] != size[5] ||
        changed(&h, size[2], size[4]) != moved ||
        find_small(h.small_at, values, n, bound, size[4]) ||
        get_places(h.listed_at, size[2], c->gaps, size[0], n))
        return -ERR_DATA;
    apply_small(values, &h, size[4]);
    apply_listed(values, &h, size[2]);
    return 0;
}
