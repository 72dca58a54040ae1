/* delta_code - differences of values, as their bits stand in order
 *
 * The bits of a bf16, fp16 or fp32 value become an unsigned number whose order
 * is that of the values (-0 before +0, NaNs at the ends): a bijection, so that
 * every bit pattern comes back. The difference of two such codes, modulo 2^16
 * or 2^32, is folded (0, -1, 1, -2, ... to 0, 1, 2, 3, ...): one step of the
 * grid is 1 or 2, whatever the value.
 *
 * A chunk is a run of values of one width: how many differ, a u32, and of these
 * what follows. Each section is a zstd frame after its u32 size.
 *
 *   four bytes a value
 *     gaps      the numbers of equal values before each that differs (bytes of
 *               255 are continued)
 *     planes    four sections: the bytes of the folded differences, all lowest
 *               ones first
 *   two bytes a value
 *     bound     u32, 0 to 0x8000. Values whose bits without the sign are below
 *               it in the successor are small: a step of the optimizer moves
 *               most of them by many steps of their grid. They have a place
 *               each, changed or not; large values are listed where they differ
 *     gaps      of the listed values, small ones counted as equal
 *     signs     a bit for each listed value, lowest bits first: the lowest of its
 *               folded difference less 1
 *     planes    two sections: bytes of the other bits of that, low then high
 *     small     two sections: bytes of the folded differences of all small
 *               values, low then high
 *
 * Chunks do not depend on each other: each may be coded by a thread of its own.
 */
#ifndef ULP_MODEL_DELTA_CODE_H
#define ULP_MODEL_DELTA_CODE_H
#include <stddef.h>
#include <stdint.h>
#include "../base/buf.h"
#include "../base/err.h"

enum { DELTA_CHUNK = 1 << 20 }; /* values at most */

/* Memory that is used chunk after chunk, by one thread at a time. It grows with
 * the chunks. */
struct delta_coder;

/* An empty coder; delta_coder_close frees it. */
struct delta_coder *delta_coder_open(void);
void delta_coder_close(struct delta_coder **c); /* accepts NULL */

/* this, that: n <= DELTA_CHUNK values of `width` bytes (2 or 4), aligned or
 * not. Appends the chunk to out; returns the number of values that differ. */
size_t delta_encode(struct delta_coder *c, struct buf *out, const uint8_t *this,
                    const uint8_t *that, size_t n, int width);
/* values: those of that, to become those of this. Takes the chunk at *at of
 * the n_in bytes. A chunk that makes no sense is -ERR_DATA without a message. */
int delta_decode(struct delta_coder *c, const uint8_t *in, size_t n_in,
                 size_t *at, uint8_t *values, size_t n, int width) MUST_CHECK;
/* Steps over the chunk without decoding it. */
int delta_skip(const uint8_t *in, size_t n_in, size_t *at,
               int width) MUST_CHECK;

/* Numbers of the file; what delta_decode says of in and at holds here too. */
void delta_put_u32(struct buf *out, uint32_t v);
int delta_get_u32(const uint8_t *in, size_t n_in, size_t *at,
                  uint32_t *v) MUST_CHECK;

#endif
