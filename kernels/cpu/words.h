/* words - random words for many counters at once
 *
 * The rounds of lib/base/philox.h written out, so that a compiler turns a
 * loop over counters into vectors (it does not unroll the rounds in time by
 * itself). The same bits as philox4x32; tests/unit/kernels_rows.c compares.
 */
#ifndef ULP_CPU_WORDS_H
#define ULP_CPU_WORDS_H
#include "../../lib/base/philox.h"
#include "width.h"

/* Round r of Philox4x32, whose key is k0, k1 plus r times its constants. */
#define WORDS_ROUND(r)                                                        \
    do {                                                                      \
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;                             \
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;                             \
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ (k0 + (r) * 0x9E3779B9u);   \
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ (k1 + (r) * 0xBB67AE85u);   \
                                                                              \
        c1 = (uint32_t)p1;                                                    \
        c3 = (uint32_t)p0;                                                    \
        c0 = n0;                                                              \
        c2 = n2;                                                              \
    } while (0)

/* Counters of a call, at most. */
enum { WORDS_MAX = 128 };

/* w[4 i + j] = word j of counter {a + i * step_a, b, c, d + i * step_d}. */
INLINE void words(uint32_t w[4 * WORDS_MAX], int n, uint32_t a,
                  uint32_t step_a, uint32_t b, uint32_t c, uint32_t d,
                  uint32_t step_d, uint64_t seed)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);

    for (int i = 0; i < n; i++) {
        uint32_t c0 = a + (uint32_t)i * step_a, c1 = b, c2 = c;
        uint32_t c3 = d + (uint32_t)i * step_d;

        WORDS_ROUND(0u);
        WORDS_ROUND(1u);
        WORDS_ROUND(2u);
        WORDS_ROUND(3u);
        WORDS_ROUND(4u);
        WORDS_ROUND(5u);
        WORDS_ROUND(6u);
        WORDS_ROUND(7u);
        WORDS_ROUND(8u);
        WORDS_ROUND(9u);
        w[4 * i + 0] = c0;
        w[4 * i + 1] = c1;
        w[4 * i + 2] = c2;
        w[4 * i + 3] = c3;
    }
}

/* Dropout's words for columns h .. h + n - 1 of a row (h a multiple of 4). */
INLINE void words_dropout(uint32_t w[4 * WORDS_MAX], uint64_t seed,
                          uint32_t step, uint32_t site, uint64_t row_id,
                          long h, long n)
{
    words(w, (int)((n + 3) / 4), (uint32_t)row_id, 0,
          (uint32_t)(row_id >> 32), step, (site << 20) + (uint32_t)(h / 4), 1,
          seed);
}

/* The words for stochastic rounding of values at .. at + n - 1, where all
 * share the high half of their counter. */
INLINE void words_rounding(uint32_t w[4 * WORDS_MAX], uint64_t seed,
                           uint32_t step, uint32_t tensor, uint64_t at,
                           long n)
{
    uint64_t q = at / 4;

    words(w, (int)((at % 4 + (uint64_t)n + 3) / 4), (uint32_t)q, 1,
          (uint32_t)(q >> 32) | 0x80000000u, step, tensor, 0, seed);
}

#endif
