/* values - the values of a page, by their encoding
 *
 * PLAIN, dictionary indices, RLE, the DELTA encodings, BYTE_STREAM_SPLIT.
 * Source: parquet-format, Encodings.md.
 */
#ifndef ULP_PARQUET_VALUES_H
#define ULP_PARQUET_VALUES_H
#include "../base/buf.h"
#include "delta.h"
#include "rle.h"
#include "schema.h"

struct value {
    uint64_t bits;    /* of a number, little-endian; a boolean */
    const uint8_t *p; /* of a byte array; lent until the next value */
    size_t n;
};

/* n bytes at an offset of dictionary.data. */
struct span {
    uint32_t at, n;
};

struct dictionary {
    struct buf data;   /* PLAIN values; the column's to drop */
    struct span *span; /* of byte arrays, n of them */
    size_t n;
};

struct values {
    enum physical physical;
    int encoding;
    size_t width; /* bytes of a value; 0 for byte arrays and booleans */
    const uint8_t *p, *end;
    uint64_t at; /* of the next value */
    const struct dictionary *dictionary;
    struct rle rle;
    struct delta lengths, prefixes;
    struct buf last; /* of DELTA_BYTE_ARRAY */
};

/* Name of an encoding of parquet.thrift, NULL for one that does not exist. */
const char *encoding_name(int encoding);
/* 0; -1 for damaged data; -2 for an encoding that is not read, or not for
 * such values. v->last is kept from page to page: values_free. */
int values_open(struct values *v, const struct node *leaf, int encoding,
                const uint8_t *p, const uint8_t *end,
                const struct dictionary *d);
/* 0 and the next value; -1 when there is none. */
int values_next(struct values *v, struct value *out);
/* Behind the last value: 0 when bytes of the page are left over, which then
 * held something else than was read. A few zeros are padding; where the
 * encoding itself pads, always 1. */
int values_ended(const struct values *v);
void values_free(struct values *v);

/* n PLAIN values in d->data; the same codes. */
int dictionary_open(struct dictionary *d, const struct node *leaf, int encoding,
                    size_t n);

#endif
