/* finite - weights and moments that are NaN or Inf, found while they are read
 *
 * Values are looked at in pieces that stay in a core's cache, just before or
 * after another reader of the same piece (a digest, a copy): the memory is read
 * once.
 */
#ifndef ULP_MODEL_FINITE_H
#define ULP_MODEL_FINITE_H
#include "safetensors.h"

enum { FINITE_PIECE = 1 << 15 }; /* values of a piece */

/* The index of the first of n values that is NaN or Inf; n if there is none. */
size_t finite_until(const void *p, enum dtype t, size_t n);
/* Value i of p, widened. */
float finite_value(const void *p, enum dtype t, size_t i);
/* The error that value i of tensor `name` of `file` (NULL: of none) became NaN
 * or Inf in type t: was is what it is there. */
int finite_bad(const char *file, const char *name, size_t i, float was,
               enum dtype t, struct err *e);

#endif
