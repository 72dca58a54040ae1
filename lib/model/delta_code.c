/* delta_code - ordered codes, gaps and byte planes through zstd */
#include "delta_code.h"
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include "../base/arena.h"
#include "delta_fold.h"

enum { LEVEL = 1 };

struct delta_coder {
    ZSTD_CCtx *to;
    ZSTD_DCtx *from;
    uint8_t *gaps, *planes;
    size_t most_gaps, most_planes;
};

struct delta_coder *delta_coder_open(void)
{
    return xcalloc(1, sizeof(struct delta_coder));
}

void delta_coder_close(struct delta_coder **c)
{
    if (!*c)
        return;
    ZSTD_freeCCtx((*c)->to);
    ZSTD_freeDCtx((*c)->from);
    free((*c)->gaps);
    free((*c)->planes);
    free(*c);
    *c = NULL;
}

static size_t most_gaps(size_t n)
{
    return n + n / 255 + 1;
}

static void grow(uint8_t **p, size_t *most, size_t n)
{
    if (n <= *most)
        return;
    free(*p);
    *p = xmalloc(n);
    *most = n;
}

static void make_room(struct delta_coder *c, size_t n, size_t planes)
{
    grow(&c->gaps, &c->most_gaps, most_gaps(n));
    grow(&c->planes, &c->most_planes, planes + 1);
}

/* ---- sections ------------------------------------------------------- */

void delta_put_u32(struct buf *out, uint32_t v)
{
    uint8_t b[4];

    fold_store(b, v, 4);
    buf_put(out, b, 4);
}

static void put_section(struct delta_coder *c, struct buf *out,
                        const uint8_t *p, size_t n)
{
    size_t most = ZSTD_compressBound(n), z;
    char *size = buf_room(out, 4 + most);

    if (!c->to)
        c->to = ZSTD_createCCtx();
    z = c->to ? ZSTD_compressCCtx(c->to, size + 4, most, p, n, LEVEL) : 0;
    if (!c->to || ZSTD_isError(z))
        xmalloc_failed(most); /* its one cause: no memory */
    fold_store((uint8_t *)size, (uint32_t)z, 4);
    out->n += 4 + z;
}

int delta_get_u32(const uint8_t *in, size_t n_in, size_t *at, uint32_t *v)
{
    if (n_in - *at < 4)
        return -ERR_DATA;
    *v = fold_load(in + *at, 4);
    *at += 4;
    return 0;
}

/* At most `most` bytes into out; *n of them. */
static int get_section(struct delta_coder *c, const uint8_t *in, size_t n_in,
                       size_t *at, uint8_t *out, size_t most, size_t *n)
{
    uint32_t z;

    if (delta_get_u32(in, n_in, at, &z) || n_in - *at < z)
        return -ERR_DATA;
    if (!c->from)
        c->from = ZSTD_createDCtx();
    if (!c->from)
        xmalloc_failed(most);
    *n = ZSTD_decompressDCtx(c->from, out, most, in + *at, z);
    *at += z;
    return ZSTD_isError(*n) ? -ERR_DATA : 0;
}

/* ---- encoding ------------------------------------------------------- */

/* Where the next value that differs goes. */
struct scan {
    uint8_t *gaps, *planes;
    size_t n; /* of the chunk: a plane's length */
    size_t gap, moved;
};

static void put_value(struct scan *s, uint32_t f, int width)
{
    for (; s->gap >= 255; s->gap -= 255)
        *s->gaps++ = 255;
    *s->gaps++ = (uint8_t)s->gap;
    s->gap = 0;
    for (int p = 0; p < width; p++)
        s->planes[(size_t)p * s->n + s->moved] = (uint8_t)(f >> 8 * p);
    s->moved++;
}

/* A block of which every value differs. */
static inline void put_all(struct scan *s, const uint32_t *f, int width)
{
    put_value(s, f[0], width);
    memset(s->gaps, 0, FOLD_BLOCK - 1);
    s->gaps += FOLD_BLOCK - 1;
    for (int p = 0; p < width; p++) {
        uint8_t *to = s->planes + (size_t)p * s->n + s->moved - 1;

        for (int i = 0; i < FOLD_BLOCK; i++)
            to[i] = (uint8_t)(f[i] >> 8 * p);
    }
    s->moved += FOLD_BLOCK - 1;
}

static inline void scan_values(struct scan *s, const uint8_t *this,
                               const uint8_t *that, size_t n, int width)
{
    uint32_t all = width == 2 ? 0xFFFF : 0xFFFFFFFF, sign = all ^ all >> 1;

    for (size_t i = 0; i < n; i++) {
        uint32_t a = fold_load(this + i * (size_t)width, width);
        uint32_t b = fold_load(that + i * (size_t)width, width);

        if (a == b) {
            s->gap++;
            continue;
        }
        a = fold_order(a, sign, all) - fold_order(b, sign, all);
        put_value(s, fold(a & all, sign, all), width);
    }
}

/* Where most words differ all at once, else a word at a time. */
static inline void scan_block(struct scan *s, const uint8_t *this,
                              const uint8_t *that, int width, int most)
{
    uint32_t f[FOLD_BLOCK];
    size_t n = 8 / (size_t)width;

    if (most && fold_block(f, this, that, width) == FOLD_BLOCK) {
        put_all(s, f, width);
        return;
    }
    for (size_t i = 0; i < FOLD_BLOCK * (size_t)width; i += 8) {
        if (fold_same_word(this + i, that + i))
            s->gap += n;
        else
            scan_values(s, this + i, that + i, n, width);
    }
}

static inline void scan(struct scan *s, const uint8_t *this,
                        const uint8_t *that, int width)
{
    size_t block = FOLD_BLOCK * (size_t)width, i = 0;

    for (; s->n - i >= FOLD_BLOCK; i += FOLD_BLOCK) {
        unsigned words = fold_words(this, that, width);

        if (words)
            scan_block(s, this, that, width, words == block / 8);
        else
            s->gap += FOLD_BLOCK;
        this += block;
        that += block;
    }
    scan_values(s, this, that, s->n - i, width);
}

size_t delta_encode(struct delta_coder *c, struct buf *out, const uint8_t *this,
                    const uint8_t *that, size_t n, int width)
{
    struct scan s = {.n = n};

    make_room(c, n, n * (size_t)width);
    s.gaps = c->gaps;
    s.planes = c->planes;
    if (width == 2)
        scan(&s, this, that, 2);
    else
        scan(&s, this, that, 4);
    delta_put_u32(out, (uint32_t)s.moved);
    if (s.moved)
        put_section(c, out, c->gaps, (size_t)(s.gaps - c->gaps));
    for (int p = 0; s.moved && p < width; p++)
        put_section(c, out, c->planes + (size_t)p * n, s.moved);
    return s.moved;
}

/* ---- decoding ------------------------------------------------------- */

struct apply {
    const uint8_t *gaps, *planes;
    size_t n_gaps, moved; /* moved: a plane's length, too */
    uint8_t *values;
    size_t n;
};

static inline uint32_t folded(const struct apply *a, size_t i, int width)
{
    uint32_t f = 0;

    for (int p = 0; p < width; p++)
        f |= (uint32_t)a->planes[(size_t)p * a->moved + i] << 8 * p;
    return f;
}

/* The next FOLD_BLOCK gaps are 0. */
static int no_gaps(const uint8_t *gaps)
{
    uint64_t x[FOLD_BLOCK / 8], any = 0;

    memcpy(x, gaps, sizeof x);
    for (int i = 0; i < FOLD_BLOCK / 8; i++)
        any |= x[i];
    return !any;
}

static inline void apply_block(const struct apply *a, size_t i, size_t at,
                               int width)
{
    uint32_t f[FOLD_BLOCK];

    for (size_t j = 0; j < FOLD_BLOCK; j++)
        f[j] = folded(a, i + j, width);
    unfold_block(a->values + at * (size_t)width, f, width);
}

static inline int apply(const struct apply *a, int width)
{
    uint32_t all = width == 2 ? 0xFFFF : 0xFFFFFFFF, sign = all ^ all >> 1;
    size_t at = 0, g = 0, i = 0;

    while (i < a->moved) {
        uint8_t *v;
        uint32_t code;

        if (a->moved - i >= FOLD_BLOCK && a->n_gaps - g >= FOLD_BLOCK &&
            at <= a->n && a->n - at >= FOLD_BLOCK && no_gaps(a->gaps + g)) {
            apply_block(a, i, at, width);
            i += FOLD_BLOCK;
            g += FOLD_BLOCK;
            at += FOLD_BLOCK;
            continue;
        }
        while (g < a->n_gaps && a->gaps[g] == 255) {
            at += 255;
            g++;
        }
        if (g == a->n_gaps)
            return -ERR_DATA;
        at += a->gaps[g++];
        if (at >= a->n)
            return -ERR_DATA;
        v = a->values + at * (size_t)width;
        code = fold_order(fold_load(v, width), sign, all);
        code = (code + unfold(folded(a, i, width), all)) & all;
        fold_store(v, fold_unorder(code, sign, all), width);
        i++;
        at++;
    }
    return g == a->n_gaps ? 0 : -ERR_DATA;
}

int delta_decode(struct delta_coder *c, const uint8_t *in, size_t n_in,
                 size_t *at, uint8_t *values, size_t n, int width)
{
    struct apply a = {.values = values, .n = n};
    uint32_t moved;
    size_t got;
    int r = delta_get_u32(in, n_in, at, &moved);

    if (r || !moved)
        return r;
    if (moved > n)
        return -ERR_DATA;
    make_room(c, n, (size_t)moved * (size_t)width);
    a.gaps = c->gaps;
    a.planes = c->planes;
    a.moved = moved;
    r = get_section(c, in, n_in, at, c->gaps, most_gaps(n), &a.n_gaps);
    for (int p = 0; p < width && !r; p++) {
        r = get_section(c, in, n_in, at, c->planes + (size_t)p * moved, moved,
                        &got);
        if (!r && got != moved)
            r = -ERR_DATA;
    }
    if (r)
        return r;
    return width == 2 ? apply(&a, 2) : apply(&a, 4);
}

int delta_skip(const uint8_t *in, size_t n_in, size_t *at, int width)
{
    uint32_t moved, z;
    int r = delta_get_u32(in, n_in, at, &moved);

    for (int i = 0; !r && moved && i <= width; i++) {
        r = delta_get_u32(in, n_in, at, &z);
        if (!r && n_in - *at < z)
            r = -ERR_DATA;
        if (!r)
            *at += z;
    }
    return r;
}
