/* width - how wide the vectors of an instruction set level are
 *
 * Apart from simd.h, which has the vectors: the compiler's own headers of
 * intrinsics take most of the time in which a small file compiles.
 * AVX512_MODEL: the vectors of AVX-512 on a processor that has not got them
 * (tests/avx512).
 */
#ifndef ULP_CPU_WIDTH_H
#define ULP_CPU_WIDTH_H

#define INLINE static inline __attribute__((always_inline, unused))
/* In its caller a loop would have fewer registers, or be compiled many times. */
#define NOINLINE static __attribute__((noinline))

/* VW: floats of a vector. NV_MAX: vectors of a row of a register block; MR
 * rows of them and one row of B fit the registers. */
#if defined(AVX512_MODEL) || (defined(__AVX512F__) && defined(__AVX512VL__))
#define VW 16 /* floats */
#define NV_MAX 4
#elif defined(__AVX2__) && defined(__FMA__)
#define VW 8
#define NV_MAX 2
#elif defined(__aarch64__)
#define VW 4
#define NV_MAX 4
#else
#define VW 4
#define NV_MAX 2
#endif
#define HAS_DOTS (VW == 16) /* code for vdpbf16ps, if not the instruction */
#define NR (VW * NV_MAX) /* columns of a full panel */
#define MR 6             /* rows of a full register block */

#endif
