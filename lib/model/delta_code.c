/* delta_code - ordered codes, gaps and byte planes through zstd */
#include "delta_code.h"
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include "../base/arena.h"

enum { LEVEL = 3 };

/* ---- one value ------------------------------------------------------ */

static uint32_t load(const uint8_t *p, int width)
{
    uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8;

    return width == 2 ? v : v | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void store(uint8_t *p, uint32_t v, int width)
{
    for (int i = 0; i < width; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* Negative values fall as their bits rise. */
static uint32_t order(uint32_t bits, uint32_t sign, uint32_t all)
{
    return bits & sign ? ~bits & all : bits | sign;
}

static uint32_t unorder(uint32_t code, uint32_t sign, uint32_t all)
{
    return code & sign ? code & ~sign : ~code & all;
}

static uint32_t fold(uint32_t d, uint32_t sign, uint32_t all)
{
    return (d << 1 ^ (d & sign ? all : 0)) & all;
}

static uint32_t unfold(uint32_t f, uint32_t all)
{
    return (f >> 1 ^ (f & 1 ? all : 0)) & all;
}

/* ---- sections ------------------------------------------------------- */

void delta_put_u32(struct buf *out, uint32_t v)
{
    uint8_t b[4];

    store(b, v, 4);
    buf_put(out, (const char *)b, 4);
}

static void put_section(struct buf *out, const uint8_t *p, size_t n)
{
    size_t most = ZSTD_compressBound(n);
    char *to = xmalloc(most);
    size_t z = ZSTD_compress(to, most, p, n, LEVEL);

    if (ZSTD_isError(z))
        xmalloc_failed(most); /* its one cause: no memory */
    delta_put_u32(out, (uint32_t)z);
    buf_put(out, to, z);
    free(to);
}

int delta_get_u32(const uint8_t *in, size_t n_in, size_t *at, uint32_t *v)
{
    if (n_in - *at < 4)
        return -ERR_DATA;
    *v = load(in + *at, 4);
    *at += 4;
    return 0;
}

/* At most `most` bytes into out; *n of them. */
static int get_section(const uint8_t *in, size_t n_in, size_t *at, uint8_t *out,
                       size_t most, size_t *n)
{
    uint32_t z;

    if (delta_get_u32(in, n_in, at, &z) || n_in - *at < z)
        return -ERR_DATA;
    *n = ZSTD_decompress(out, most, in + *at, z);
    *at += z;
    return ZSTD_isError(*n) ? -ERR_DATA : 0;
}

static size_t most_gaps(size_t n)
{
    return n + n / 255 + 1;
}

/* ---- chunks --------------------------------------------------------- */

static uint8_t *put_gap(uint8_t *to, size_t gap)
{
    for (; gap >= 255; gap -= 255)
        *to++ = 255;
    *to++ = (uint8_t)gap;
    return to;
}

/* Most values are equal: 8 bytes at a time. */
static int same_word(const uint8_t *a, const uint8_t *b)
{
    uint64_t x, y;

    memcpy(&x, a, 8);
    memcpy(&y, b, 8);
    return x == y;
}

void delta_encode(struct buf *out, const uint8_t *this, const uint8_t *that,
                  size_t n, int width)
{
    uint32_t all = width == 2 ? 0xFFFF : 0xFFFFFFFF, sign = all ^ all >> 1;
    uint8_t *gaps = xmalloc(most_gaps(n)), *to = gaps;
    uint8_t *planes = xmalloc(n * (size_t)width + 1);
    size_t gap = 0, moved = 0, w = (size_t)width, step = 8 / w;

    for (size_t i = 0; i < n; i++) {
        uint32_t a, b, f;

        while (n - i >= step && same_word(this + i * w, that + i * w)) {
            gap += step;
            i += step;
        }
        if (i == n)
            break;
        a = load(this + i * w, width);
        b = load(that + i * w, width);
        if (a == b) {
            gap++;
            continue;
        }
        f = fold((order(a, sign, all) - order(b, sign, all)) & all, sign, all);
        for (int p = 0; p < width; p++)
            planes[(size_t)p * n + moved] = (uint8_t)(f >> 8 * p);
        to = put_gap(to, gap);
        gap = 0;
        moved++;
    }
    delta_put_u32(out, (uint32_t)moved);
    if (moved)
        put_section(out, gaps, (size_t)(to - gaps));
    for (int p = 0; moved && p < width; p++)
        put_section(out, planes + (size_t)p * n, moved);
    free(gaps);
    free(planes);
}

static int apply(uint8_t *values, size_t n, int width, const uint8_t *gaps,
                 size_t n_gaps, const uint8_t *planes, size_t moved)
{
    uint32_t all = width == 2 ? 0xFFFF : 0xFFFFFFFF, sign = all ^ all >> 1;
    size_t at = 0, g = 0;

    for (size_t i = 0; i < moved; i++, at++) {
        uint32_t f = 0, code;

        while (g < n_gaps && gaps[g] == 255) {
            at += 255;
            g++;
        }
        if (g == n_gaps)
            return -ERR_DATA;
        at += gaps[g++];
        if (at >= n)
            return -ERR_DATA;
        for (int p = 0; p < width; p++)
            f |= (uint32_t)planes[(size_t)p * moved + i] << 8 * p;
        code = order(load(values + at * (size_t)width, width), sign, all);
        code = (code + unfold(f, all)) & all;
        store(values + at * (size_t)width, unorder(code, sign, all), width);
    }
    return g == n_gaps ? 0 : -ERR_DATA;
}

int delta_decode(const uint8_t *in, size_t n_in, size_t *at, uint8_t *values,
                 size_t n, int width)
{
    uint8_t *gaps = NULL, *planes = NULL;
    uint32_t moved;
    size_t n_gaps, got;
    int r = delta_get_u32(in, n_in, at, &moved);

    if (r || !moved)
        return r;
    if (moved > n)
        return -ERR_DATA;
    gaps = xmalloc(most_gaps(n));
    planes = xmalloc((size_t)moved * (size_t)width);
    r = get_section(in, n_in, at, gaps, most_gaps(n), &n_gaps);
    for (int p = 0; p < width && !r; p++) {
        r = get_section(in, n_in, at, planes + (size_t)p * moved, moved, &got);
        if (!r && got != moved)
            r = -ERR_DATA;
    }
    if (!r)
        r = apply(values, n, width, gaps, n_gaps, planes, moved);
    free(gaps);
    free(planes);
    return r;
}
