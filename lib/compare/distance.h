/* distance - how far apart the weights of two runs are (SCIENCE 7)
 *
 * |OTHER - CKPT| / |CKPT - BASE|, Euclidean norms over all weights as they are
 * stored: floating-point noise as a part of what training did.
 */
#ifndef ULP_COMPARE_DISTANCE_H
#define ULP_COMPARE_DISTANCE_H
#include <stddef.h>
#include "../base/err.h"

struct distance {
    size_t n;      /* weights */
    double apart;  /* |OTHER - CKPT| */
    double update; /* |CKPT - BASE| */
};

/* Directories or safetensors files with the same tensors. ERR_DATA: a weight
 * is not finite. The same bits from any machine: double sums, in the order of
 * CKPT's tensors. */
int distance_of(struct distance *d, const char *base, const char *ckpt,
                const char *other, struct err *e) MUST_CHECK;

#endif
