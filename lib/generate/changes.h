/* changes - a run of weights as what changed in it, or as it is
 *
 * What goes over the FIFO for one run: a byte that says which, then the chunk
 * of delta_code.h or the weights' own bytes, whichever is shorter.
 */
#ifndef ULP_GENERATE_CHANGES_H
#define ULP_GENERATE_CHANGES_H
#include "../model/delta_code.h"

enum { CHANGES_RUN = 1 << 18 }; /* values of a run; the last may have fewer */

/* Replaces what is in out. was, now: n <= CHANGES_RUN values of `width` bytes.
 * Returns how many differ in a bit. */
size_t changes_encode(struct delta_coder *c, struct buf *out,
                      const uint8_t *was, const uint8_t *now, size_t n,
                      int width);
/* values: as they were; they become what they are now. Bytes that make no sense
 * are -ERR_DATA without a message. */
int changes_apply(struct delta_coder *c, const void *in, size_t n_in,
                  uint8_t *values, size_t n, int width) MUST_CHECK;

#endif
