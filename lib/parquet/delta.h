/* delta - DELTA_BINARY_PACKED integers
 *
 * Source: parquet-format, Encodings.md: a header, then blocks of miniblocks of
 * bit-packed differences, each block with the least of its own.
 */
#ifndef ULP_PARQUET_DELTA_H
#define ULP_PARQUET_DELTA_H
#include <stdint.h>
#include "thrift.h"

struct delta {
    struct thrift t;
    uint64_t per_miniblock, n_miniblocks;
    uint64_t total, given; /* values */
    uint64_t value;        /* the last one, modulo 2^64 */
    uint64_t min;          /* of the block's differences */
    const uint8_t *widths; /* of the block's miniblocks */
    uint64_t miniblock;    /* the current one in its block */
    uint64_t at;           /* of the next difference in it */
    const uint8_t *packed;
};

/* 0; -1 for a header that cannot be. */
int delta_open(struct delta *d, const uint8_t *p, const uint8_t *end);
/* 0 and the next value; -1 when there is none. */
int delta_next(struct delta *d, int64_t *v);
/* Where the encoded integers end; NULL when they are cut. d is as delta_open
 * left it, and stays so. */
const uint8_t *delta_end(const struct delta *d);

#endif
