/* larger - of two sizes */
#ifndef ULP_BASE_LARGER_H
#define ULP_BASE_LARGER_H
#include <stddef.h>

static inline size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
