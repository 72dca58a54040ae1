/* dtype - the types in which values are stored */
#ifndef ULP_BASE_DTYPE_H
#define ULP_BASE_DTYPE_H
#include <stddef.h>

/* IEEE binary32, bfloat16 (8 bits of exponent, 7 of mantissa), IEEE
 * binary16. */
enum dtype { DT_F32 = 0, DT_BF16 = 1, DT_F16 = 2 };

/* Bytes of a value. */
static inline size_t dtype_size(enum dtype t)
{
    return t == DT_F32 ? 4 : 2;
}

#endif
