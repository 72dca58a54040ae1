/* delta_impl - what the coders of values of two and of four bytes share
 *
 * Internal to lib/model.
 */
#ifndef ULP_MODEL_DELTA_IMPL_H
#define ULP_MODEL_DELTA_IMPL_H
#include <zstd.h>
#include "delta_code.h"

struct delta_coder {
    ZSTD_CCtx *to;
    ZSTD_DCtx *from;
    uint8_t *gaps, *planes;
    uint32_t *places;
    size_t most_gaps, most_planes, most_places; /* bytes */
    int v3; /* the processor has AVX2, and ULP_ISA does not name less */
};

/* Room for the gaps of n values, for `planes` bytes of planes and for `places`
 * numbers of values. What was there is lost where it grows. */
void delta_room(struct delta_coder *c, size_t n, size_t planes, size_t places);
/* Bytes that the gaps of n values take at most. */
size_t delta_most_gaps(size_t n);
/* u32 size and a zstd frame of the n bytes at p. */
void delta_put_section(struct delta_coder *c, struct buf *out, const uint8_t *p,
                       size_t n);
/* At most `most` bytes into out; *n of them. */
int delta_get_section(struct delta_coder *c, const uint8_t *in, size_t n_in,
                      size_t *at, uint8_t *out, size_t most,
                      size_t *n) MUST_CHECK;

/* Sections of a chunk of values of two bytes (delta_code.h). */
enum { HALF_SECTIONS = 6 };

/* Values of two bytes: all of a chunk after its first number. v3 is for
 * processors that have AVX2, and gives the same bytes. */
size_t half_encode_v1(struct delta_coder *c, struct buf *out,
                      const uint8_t *this, const uint8_t *that, size_t n);
int half_decode_v1(struct delta_coder *c, const uint8_t *in, size_t n_in,
                   size_t *at, uint8_t *values, size_t n,
                   uint32_t moved) MUST_CHECK;
size_t half_encode_v3(struct delta_coder *c, struct buf *out,
                      const uint8_t *this, const uint8_t *that, size_t n);
int half_decode_v3(struct delta_coder *c, const uint8_t *in, size_t n_in,
                   size_t *at, uint8_t *values, size_t n,
                   uint32_t moved) MUST_CHECK;

#endif
