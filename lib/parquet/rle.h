/* rle - runs and bit-packed groups of small integers (RLE/bit-packing hybrid)
 *
 * For levels, dictionary indices and booleans. Source: parquet-format,
 * Encodings.md.
 */
#ifndef ULP_PARQUET_RLE_H
#define ULP_PARQUET_RLE_H
#include <stdint.h>
#include "thrift.h"

struct rle {
    const uint8_t *p, *end;
    unsigned width;        /* bits of a value, 0 to 32 */
    uint64_t left;         /* values left in the run or group */
    uint32_t value;        /* of a run */
    const uint8_t *packed; /* of a group; NULL in a run */
    size_t n_packed;
    uint64_t at; /* of the next value in the group */
};

/* 0; -1 when the width is above 32. */
int rle_open(struct rle *r, const uint8_t *p, const uint8_t *end,
             unsigned width);
/* 0 and the next value; -1 when there is none. */
int rle_next(struct rle *r, uint32_t *v);

#endif
