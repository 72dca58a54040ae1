/* philox - the counter-based random generator, Philox4x32-10
 *
 * Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). A
 * draw is a pure function of (counter, key): this is what makes a sample
 * independent of its batch mates. Header only, compiled alike by gcc and nvcc.
 */
#ifndef ULP_BASE_PHILOX_H
#define ULP_BASE_PHILOX_H
#include <stdint.h>

#ifdef __CUDACC__
#define PHILOX_FN static __host__ __device__ inline
#else
#define PHILOX_FN static inline
#endif

/* out = the four random words of counter ctr under key (ten rounds). */
PHILOX_FN void philox4x32(const uint32_t ctr[4], const uint32_t key[2],
                          uint32_t out[4])
{
    uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        uint32_t n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;

        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Uniform in [0, 1) on a grid of 2^-24, exact in fp32. */
PHILOX_FN float philox_unit(uint32_t bits)
{
    return (float)(bits >> 8) * 5.9604644775390625e-8f; /* 2^-24 */
}

#endif
