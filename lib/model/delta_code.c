/* delta_code - values of four bytes: ordered codes, gaps and byte planes through
 * zstd */
#include "delta_code.h"
#include <string.h>
#include "delta_fold.h"
#include "delta_impl.h"

enum { WIDTH = 4 };

#if defined(__x86_64__)
#define HALF_OF(c, name) ((c)->v3 ? name##_v3 : name##_v1)
#else
#define HALF_OF(c, name) name##_v1
#endif

/* ---- encoding ------------------------------------------------------- */

/* Where the next value that differs goes. */
struct scan {
    uint8_t *gaps, *planes;
    size_t n; /* of the chunk: a plane's length */
    size_t gap, moved;
};

static void put_value(struct scan *s, uint32_t f)
{
    for (; s->gap >= 255; s->gap -= 255)
        *s->gaps++ = 255;
    *s->gaps++ = (uint8_t)s->gap;
    s->gap = 0;
    for (int p = 0; p < WIDTH; p++)
        s->planes[(size_t)p * s->n + s->moved] = (uint8_t)(f >> 8 * p);
    s->moved++;
}

/* A block of which every value differs. */
static inline void put_all(struct scan *s, const uint32_t *f)
{
    put_value(s, f[0]);
    memset(s->gaps, 0, FOLD_BLOCK - 1);
    s->gaps += FOLD_BLOCK - 1;
    for (int p = 0; p < WIDTH; p++) {
        uint8_t *to = s->planes + (size_t)p * s->n + s->moved - 1;

        for (int i = 0; i < FOLD_BLOCK; i++)
            to[i] = (uint8_t)(f[i] >> 8 * p);
    }
    s->moved += FOLD_BLOCK - 1;
}

static inline void scan_values(struct scan *s, const uint8_t *this,
                               const uint8_t *that, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t a = fold_load(this + i * (size_t)WIDTH, WIDTH);
        uint32_t b = fold_load(that + i * (size_t)WIDTH, WIDTH);

        if (a == b) {
            s->gap++;
            continue;
        }
        put_value(s, fold_difference(a, b, WIDTH));
    }
}

/* Where most words differ all at once, else a word at a time. */
static inline void scan_block(struct scan *s, const uint8_t *this,
                              const uint8_t *that, int most)
{
    uint32_t f[FOLD_BLOCK];
    size_t n = 8 / (size_t)WIDTH;

    if (most && fold_block(f, this, that, WIDTH) == FOLD_BLOCK) {
        put_all(s, f);
        return;
    }
    for (size_t i = 0; i < FOLD_BLOCK * (size_t)WIDTH; i += 8) {
        if (fold_same_word(this + i, that + i))
            s->gap += n;
        else
            scan_values(s, this + i, that + i, n);
    }
}

static inline void scan(struct scan *s, const uint8_t *this,
                        const uint8_t *that)
{
    size_t block = FOLD_BLOCK * (size_t)WIDTH, i = 0;

    for (; s->n - i >= FOLD_BLOCK; i += FOLD_BLOCK) {
        unsigned words = fold_words(this, that, WIDTH);

        if (words)
            scan_block(s, this, that, words == block / 8);
        else
            s->gap += FOLD_BLOCK;
        this += block;
        that += block;
    }
    scan_values(s, this, that, s->n - i);
}

size_t delta_encode(struct delta_coder *c, struct buf *out, const uint8_t *this,
                    const uint8_t *that, size_t n, int width)
{
    struct scan s = {.n = n};

    if (width == 2)
        return HALF_OF(c, half_encode)(c, out, this, that, n);
    delta_room(c, n, n * WIDTH, 0);
    s.gaps = c->gaps;
    s.planes = c->planes;
    scan(&s, this, that);
    delta_put_u32(out, (uint32_t)s.moved);
    if (s.moved)
        delta_put_section(c, out, c->gaps, (size_t)(s.gaps - c->gaps));
    for (int p = 0; s.moved && p < WIDTH; p++)
        delta_put_section(c, out, c->planes + (size_t)p * n, s.moved);
    return s.moved;
}

/* ---- decoding ------------------------------------------------------- */

struct apply {
    const uint8_t *gaps, *planes;
    size_t n_gaps, moved; /* moved: a plane's length, too */
    uint8_t *values;
    size_t n;
};

static inline uint32_t folded(const struct apply *a, size_t i)
{
    uint32_t f = 0;

    for (int p = 0; p < WIDTH; p++)
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

static inline void apply_block(const struct apply *a, size_t i, size_t at)
{
    uint32_t f[FOLD_BLOCK];

    for (size_t j = 0; j < FOLD_BLOCK; j++)
        f[j] = folded(a, i + j);
    unfold_block(a->values + at * (size_t)WIDTH, f, WIDTH);
}

static inline int apply(const struct apply *a)
{
    size_t at = 0, g = 0, i = 0;

    while (i < a->moved) {
        uint8_t *v;

        if (a->moved - i >= FOLD_BLOCK && a->n_gaps - g >= FOLD_BLOCK &&
            at <= a->n && a->n - at >= FOLD_BLOCK && no_gaps(a->gaps + g)) {
            apply_block(a, i, at);
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
        v = a->values + at * (size_t)WIDTH;
        fold_store(v, fold_apply(fold_load(v, WIDTH), folded(a, i), WIDTH),
                   WIDTH);
        i++;
        at++;
    }
    return g == a->n_gaps ? 0 : -ERR_DATA;
}

static int decode(struct delta_coder *c, const uint8_t *in, size_t n_in,
                  size_t *at, uint8_t *values, size_t n, uint32_t moved)
{
    struct apply a = {.values = values, .n = n, .moved = moved};
    size_t got;
    int r;

    delta_room(c, n, (size_t)moved * WIDTH, 0);
    a.gaps = c->gaps;
    a.planes = c->planes;
    r = delta_get_section(c, in, n_in, at, c->gaps, delta_most_gaps(n),
                          &a.n_gaps);
    for (int p = 0; p < WIDTH && !r; p++) {
        r = delta_get_section(c, in, n_in, at, c->planes + (size_t)p * moved,
                              moved, &got);
        if (!r && got != moved)
            r = -ERR_DATA;
    }
    return r ? r : apply(&a);
}

int delta_decode(struct delta_coder *c, const uint8_t *in, size_t n_in,
                 size_t *at, uint8_t *values, size_t n, int width)
{
    uint32_t moved;
    int r = delta_get_u32(in, n_in, at, &moved);

    if (r || !moved)
        return r;
    if (moved > n)
        return -ERR_DATA;
    return width == 2
               ? HALF_OF(c, half_decode)(c, in, n_in, at, values, n, moved)
               : decode(c, in, n_in, at, values, n, moved);
}

int delta_skip(const uint8_t *in, size_t n_in, size_t *at, int width)
{
    uint32_t moved, z;
    int sections = width == 2 ? HALF_SECTIONS : 1 + WIDTH;
    int r = delta_get_u32(in, n_in, at, &moved);

    if (!r && moved && width == 2)
        r = delta_get_u32(in, n_in, at, &z); /* the bound */
    for (int i = 0; !r && moved && i < sections; i++) {
        r = delta_get_u32(in, n_in, at, &z);
        if (!r && n_in - *at < z)
            r = -ERR_DATA;
        if (!r)
            *at += z;
    }
    return r;
}
