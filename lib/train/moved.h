/* moved - how many weights an update moved, in their bits and as bf16 shows it
 */
#ifndef ULP_TRAIN_MOVED_H
#define ULP_TRAIN_MOVED_H
#include <stddef.h>
#include "../../kernels/kernels.h"

/* was, now: n finite values of type t. Those that differ in a bit; */
uint64_t moved_bits(const void *was, const void *now, enum dtype t, size_t n);
/* those whose casts to bf16 differ (SCIENCE 6); +0 and -0 are equal. */
uint64_t moved_visibly(const void *was, const void *now, enum dtype t,
                       size_t n);

#endif
