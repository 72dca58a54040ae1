/* rng - a sequential stream of Philox blocks; own log, sin, cos */
#include <math.h>
#include <string.h>
#include "fp64.h"
#include "philox.h"
#include "rng.h"

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
    memset(r, 0, sizeof *r);
    r->key[0] = (uint32_t)seed;
    r->key[1] = (uint32_t)(seed >> 32);
    r->ctr[2] = (uint32_t)stream;
    r->ctr[3] = (uint32_t)(stream >> 32);
}

uint32_t rng_u32(struct rng *r)
{
    if (!r->left) {
        philox4x32(r->ctr, r->key, r->buf);
        if (!++r->ctr[0])
            r->ctr[1]++;
        r->left = 4;
    }
    return r->buf[4 - r->left--];
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t lo = rng_u32(r);

    return lo | (uint64_t)rng_u32(r) << 32;
}

/* Lemire, "Fast random integer generation in an interval" (2019) */
uint32_t rng_below(struct rng *r, uint32_t n)
{
    uint64_t m = (uint64_t)rng_u32(r) * n;

    if ((uint32_t)m < n) {
        uint32_t floor = (0u - n) % n;

        while ((uint32_t)m < floor)
            m = (uint64_t)rng_u32(r) * n;
    }
    return (uint32_t)(m >> 32);
}

int rng_range(struct rng *r, int lo, int hi)
{
    uint32_t span = (uint32_t)hi - (uint32_t)lo + 1;
    uint32_t d = span ? rng_below(r, span) : rng_u32(r);

    return (int)((int64_t)lo + d);
}

double rng_double(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* cos(2 pi u), u in [0, 1): the quarter turn is taken off exactly, the rest
 * is a Taylor series on [-pi/4, pi/4]. */
static double cos_turn(double u)
{
    int q = (int)(u * 4 + 0.5);
    double x = (u - q * 0.25) * 6.28318530717958647693;
    double x2 = x * x, c = 1, s = 1;

    for (int k = 9; k >= 1; k--) {
        c = 1 - x2 * c / ((2 * k - 1) * (2 * k));
        s = 1 - x2 * s / ((2 * k) * (2 * k + 1));
    }
    switch (q & 3) {
    case 0:
        return c;
    case 1:
        return -x * s;
    case 2:
        return -c;
    default:
        return x * s;
    }
}

double rng_normal(struct rng *r)
{
    double u = 1 - rng_double(r);
    double v = rng_double(r);

    return sqrt(-2 * fp64_log(u)) * cos_turn(v);
}

void rng_perm(struct rng *r, uint32_t *perm, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        perm[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = rng_below(r, i), t = perm[j];

        perm[j] = perm[i - 1];
        perm[i - 1] = t;
    }
}
