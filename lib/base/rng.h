/* rng - a sequential random stream on top of Philox, for code that is not a
 * kernel: task generation, epoch shuffles, bootstraps, initial weights.
 *
 * The stream is a function of (seed, stream) alone. Distinct streams with one
 * seed are independent.
 */
#ifndef ULP_BASE_RNG_H
#define ULP_BASE_RNG_H
#include <stdint.h>

/* The next counter, the key, and a block of words of which the last `left` are
 * still to be given. */
struct rng {
    uint32_t ctr[4], key[2], buf[4];
    int left;
};

/* The beginning of stream `stream` of seed. r owns no memory. */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
/* The next 32 bits; the next 64, the first 32 of them low. */
uint32_t rng_u32(struct rng *r);
uint64_t rng_u64(struct rng *r);
/* Uniform in [0, n), unbiased; n >= 1. */
uint32_t rng_below(struct rng *r, uint32_t n);
/* Uniform integer in [lo, hi]. */
int rng_range(struct rng *r, int lo, int hi);
/* Uniform in [0, 1), 53 bits. */
double rng_double(struct rng *r);
/* Standard normal (Box-Muller on our own log, sin, cos: no libm, so the same
 * bits on every machine). */
double rng_normal(struct rng *r);
/* Fisher-Yates of 0..n-1 into perm. */
void rng_perm(struct rng *r, uint32_t *perm, uint32_t n);

/* splitmix64's step: of numbers that are near each other, ones that are not. */
static inline uint64_t rng_mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}

#endif
