/* intrin - the x86 intrinsics that the kernels use
 *
 * <immintrin.h> declares those of every extension, 80,000 lines: two thirds of
 * the time in which a small file of kernels compiles. Its parts refuse to be
 * included without it, which they know by this macro. The parts are those of
 * GCC 12, and other compilers get the whole.
 */
#ifndef ULP_CPU_INTRIN_H
#define ULP_CPU_INTRIN_H
#include "width.h"

#ifdef AVX512_MODEL
#include <immintrin.h>
#include "avx512_model.h"
#elif defined(__clang__) || __GNUC__ != 12
#include <immintrin.h>
#else
#define _IMMINTRIN_H_INCLUDED
#include <smmintrin.h>
/* in this order */
#include <avxintrin.h>
#include <avx2intrin.h>
#include <fmaintrin.h>
#include <f16cintrin.h>
#if VW == 16
#include <avx512fintrin.h>
#include <avx512vlintrin.h>
#include <avx512bwintrin.h>
#include <avx512dqintrin.h>
#include <avx512vlbwintrin.h>
#endif
#undef _IMMINTRIN_H_INCLUDED
#endif

#endif
