/* delta_half_v3 - delta_half.c for processors with AVX2: the same bytes */
#if defined(__x86_64__)
#define HALF(name) name##_v3
#define HALF_AVX2
#if defined(__clang__)
#include <immintrin.h>
#include <string.h>
#include <zstd.h>
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))),  \
                             apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2,popcnt")
#endif
#include "delta_half.c"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int delta_half_v3_is_empty; /* ISO C wants a declaration */
#endif
