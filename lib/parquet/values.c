/* values - the values of a page, by their encoding */
#include "values.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/le32.h"
#include "bits.h"

/* Encoding of parquet.thrift */
enum {
    PLAIN = 0,
    PLAIN_DICTIONARY = 2,
    RLE = 3,
    BIT_PACKED = 4,
    DELTA_BINARY_PACKED = 5,
    DELTA_LENGTH_BYTE_ARRAY = 6,
    DELTA_BYTE_ARRAY = 7,
    RLE_DICTIONARY = 8,
    BYTE_STREAM_SPLIT = 9
};

const char *encoding_name(int encoding)
{
    static const char *const names[] = {
        [PLAIN] = "PLAIN",
        [PLAIN_DICTIONARY] = "PLAIN_DICTIONARY",
        [RLE] = "RLE",
        [BIT_PACKED] = "BIT_PACKED",
        [DELTA_BINARY_PACKED] = "DELTA_BINARY_PACKED",
        [DELTA_LENGTH_BYTE_ARRAY] = "DELTA_LENGTH_BYTE_ARRAY",
        [DELTA_BYTE_ARRAY] = "DELTA_BYTE_ARRAY",
        [RLE_DICTIONARY] = "RLE_DICTIONARY",
        [BYTE_STREAM_SPLIT] = "BYTE_STREAM_SPLIT"};

    return encoding >= 0 && encoding < (int)(sizeof names / sizeof *names)
               ? names[encoding]
               : NULL;
}

static size_t width_of(const struct node *leaf)
{
    static const unsigned char widths[P_TYPES] = {[P_INT32] = 4,
                                                  [P_INT64] = 8,
                                                  [P_INT96] = 12,
                                                  [P_FLOAT] = 4,
                                                  [P_DOUBLE] = 8};

    return leaf->physical == P_FIXED ? (size_t)leaf->width
                                     : widths[leaf->physical];
}

/* A number's bytes as the value that they are. */
static void set_fixed(struct value *out, const uint8_t *p, size_t width)
{
    *out = (struct value){.p = p, .n = width};
    for (size_t i = 0; i < width && i < 8; i++)
        out->bits |= (uint64_t)p[i] << 8 * i;
}

/* ---- opening ------------------------------------------------------------- */

static int open_indices(struct values *v)
{
    if (!v->dictionary || !v->dictionary->data.p)
        return -1;
    if (v->p == v->end) /* no value at all */
        return rle_open(&v->rle, v->p, v->end, 0);
    return rle_open(&v->rle, v->p + 1, v->end, *v->p);
}

/* Booleans: a length of 4 bytes, then runs of width 1. */
static int open_rle(struct values *v)
{
    size_t n = (size_t)(v->end - v->p);

    if (v->physical != P_BOOLEAN)
        return -2;
    if (n < 4 || le32_get(v->p) > n - 4)
        return -1;
    return rle_open(&v->rle, v->p + 4, v->p + 4 + le32_get(v->p), 1);
}

static int open_delta(struct values *v)
{
    const uint8_t *next = v->p;

    if (v->encoding == DELTA_BINARY_PACKED)
        return v->physical != P_INT32 && v->physical != P_INT64
                   ? -2
                   : delta_open(&v->lengths, v->p, v->end);
    if (v->physical != P_BYTE_ARRAY &&
        (v->physical != P_FIXED || v->encoding != DELTA_BYTE_ARRAY))
        return -2;
    if (v->encoding == DELTA_BYTE_ARRAY &&
        (delta_open(&v->prefixes, next, v->end) ||
         !(next = delta_end(&v->prefixes))))
        return -1;
    if (delta_open(&v->lengths, next, v->end) ||
        !(next = delta_end(&v->lengths)))
        return -1;
    v->p = next;
    v->last.n = 0;
    return 0;
}

int values_open(struct values *v, const struct node *leaf, int encoding,
                const uint8_t *p, const uint8_t *end,
                const struct dictionary *d)
{
    struct buf last = v->last;

    *v = (struct values){.physical = leaf->physical,
                         .encoding = encoding,
                         .width = width_of(leaf),
                         .p = p,
                         .end = end,
                         .dictionary = d,
                         .last = last};
    switch (encoding) {
    case PLAIN:
        return 0;
    case PLAIN_DICTIONARY:
    case RLE_DICTIONARY:
        return open_indices(v);
    case RLE:
        return open_rle(v);
    case DELTA_BINARY_PACKED:
    case DELTA_LENGTH_BYTE_ARRAY:
    case DELTA_BYTE_ARRAY:
        return open_delta(v);
    case BYTE_STREAM_SPLIT:
        return v->width && (size_t)(end - p) % v->width == 0 ? 0
               : v->width                                    ? -1
                                                             : -2;
    default:
        return -2;
    }
}

void values_free(struct values *v)
{
    buf_free(&v->last);
    *v = (struct values){0};
}

/* ---- values --------------------------------------------------------------- */

/* n bytes at v->p as a byte array. */
static int take(struct values *v, size_t n, struct value *out)
{
    if (n > (size_t)(v->end - v->p))
        return -1;
    *out = (struct value){.p = v->p, .n = n};
    v->p += n;
    return 0;
}

static int next_plain(struct values *v, struct value *out)
{
    size_t left = (size_t)(v->end - v->p);
    uint32_t n;

    if (v->physical == P_BOOLEAN) {
        if (v->at / 8 >= left)
            return -1;
        *out = (struct value){.bits = bits_get(v->p, left, 1, v->at++)};
        return 0;
    }
    if (v->physical == P_BYTE_ARRAY) {
        if (left < 4)
            return -1;
        n = le32_get(v->p);
        v->p += 4;
        return take(v, n, out);
    }
    if (left < v->width)
        return -1;
    set_fixed(out, v->p, v->width);
    v->p += v->width;
    return 0;
}

static int next_index(struct values *v, struct value *out)
{
    const struct dictionary *d = v->dictionary;
    const uint8_t *data = (const uint8_t *)d->data.p;
    uint32_t i;

    if (rle_next(&v->rle, &i) || i >= d->n)
        return -1;
    if (d->span)
        *out = (struct value){.p = data + d->span[i].at, .n = d->span[i].n};
    else
        set_fixed(out, data + i * v->width, v->width);
    return 0;
}

static int next_delta(struct values *v, struct value *out)
{
    int64_t n, prefix = 0;

    if (delta_next(&v->lengths, &n))
        return -1;
    if (v->encoding == DELTA_BINARY_PACKED) {
        *out = (struct value){.bits = (uint64_t)n};
        return 0;
    }
    if (n < 0 || take(v, (size_t)n, out))
        return -1;
    if (v->encoding == DELTA_LENGTH_BYTE_ARRAY)
        return 0;
    if (delta_next(&v->prefixes, &prefix) || prefix < 0 ||
        (size_t)prefix > v->last.n)
        return -1;
    v->last.n = (size_t)prefix;
    buf_put(&v->last, out->p, out->n);
    if (v->physical == P_FIXED && v->last.n != v->width)
        return -1;
    *out = (struct value){.p = v->last.n ? (const uint8_t *)v->last.p : v->p,
                          .n = v->last.n};
    return 0;
}

/* Byte k of value i stands at k * (number of values) + i. */
static int next_split(struct values *v, struct value *out)
{
    size_t n = (size_t)(v->end - v->p) / v->width;

    if (v->at >= n)
        return -1;
    v->last.n = 0;
    for (size_t k = 0; k < v->width; k++)
        buf_put(&v->last, v->p + k * n + v->at, 1);
    v->at++;
    set_fixed(out, (const uint8_t *)v->last.p, v->width);
    return 0;
}

int values_next(struct values *v, struct value *out)
{
    uint32_t bit;

    switch (v->encoding) {
    case PLAIN:
        return next_plain(v, out);
    case PLAIN_DICTIONARY:
    case RLE_DICTIONARY:
        return next_index(v, out);
    case RLE:
        if (rle_next(&v->rle, &bit))
            return -1;
        *out = (struct value){.bits = bit};
        return 0;
    case BYTE_STREAM_SPLIT:
        return next_split(v, out);
    default:
        return next_delta(v, out);
    }
}

/* fastparquet puts 8 bytes of zeros behind texts. */
static int is_padding(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return 0;
    return n <= 8;
}

int values_ended(const struct values *v)
{
    size_t left = (size_t)(v->end - v->p), taken;

    switch (v->encoding) {
    case PLAIN:
        taken = v->physical == P_BOOLEAN ? (size_t)(v->at + 7) / 8 : 0;
        return is_padding(v->p + taken, left - taken);
    case DELTA_LENGTH_BYTE_ARRAY:
    case DELTA_BYTE_ARRAY:
        return is_padding(v->p, left);
    case BYTE_STREAM_SPLIT:
        return v->at * v->width == left;
    default:
        return 1;
    }
}

/* ---- dictionaries ---------------------------------------------------------- */

int dictionary_open(struct dictionary *d, const struct node *leaf, int encoding,
                    size_t n)
{
    struct values plain = {0};
    struct value x;
    const uint8_t *from = (const uint8_t *)d->data.p;
    size_t width = width_of(leaf);

    free(d->span);
    d->span = NULL;
    d->n = 0;
    if (encoding != PLAIN && encoding != PLAIN_DICTIONARY)
        return -2;
    if (leaf->physical == P_BOOLEAN)
        return -2;
    if (n > d->data.n / (width ? width : 4))
        return -1;
    if (!width) {
        d->span = xcalloc(n + 1, sizeof *d->span);
        if (values_open(&plain, leaf, PLAIN, from, from + d->data.n, NULL))
            return -1;
        for (size_t i = 0; i < n; i++) {
            if (values_next(&plain, &x))
                return -1;
            d->span[i] = (struct span){(uint32_t)(x.p - from), (uint32_t)x.n};
        }
    }
    d->n = n;
    return 0;
}
