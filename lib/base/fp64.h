/* fp64 - functions of doubles on plain arithmetic: no libm, so the same bits
 * on every machine. Header only. */
#ifndef ULP_BASE_FP64_H
#define ULP_BASE_FP64_H
#include <stdint.h>
#include <string.h>

/* ln of a normal positive x: 2 atanh((m-1)/(m+1)) + e ln 2, m within a factor
 * sqrt 2 of 1, so the series in s^2 <= 0.0295 ends below 1e-17. */
static inline double fp64_log(double x)
{
    uint64_t u;
    int e;
    double m, s, s2, sum = 0;

    memcpy(&u, &x, 8);
    e = (int)(u >> 52) - 1023;
    u = (u & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
    memcpy(&m, &u, 8);
    if (m > 1.4142135623730951) {
        m *= 0.5;
        e++;
    }
    s = (m - 1) / (m + 1);
    s2 = s * s;
    for (int k = 23; k >= 1; k -= 2)
        sum = sum * s2 + 1.0 / k;
    return 2 * s * sum + e * 0.69314718055994530942;
}

#endif
