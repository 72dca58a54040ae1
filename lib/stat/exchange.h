/* exchange - exact test of paired differences by exchanging labels in pairs
 *
 * d[i] is arm minus reference of pair i (a training seed). If the two labels of
 * a pair mean nothing, d[i] and -d[i] are equally likely, and the sum over
 * pairs has the distribution of all 2^n sign patterns (Fisher 1935).
 */
#ifndef ULP_STAT_EXCHANGE_H
#define ULP_STAT_EXCHANGE_H
#include <stddef.h>
#include <stdint.h>

/* The largest n of which all patterns are counted; random patterns beyond. */
enum { EXCHANGE_EXACT = 20, EXCHANGE_DRAWS = 100000 };

struct exchange {
    double p_greater, p_less; /* of a sum as large, as small, as observed */
    int exact;       /* all patterns; else EXCHANGE_DRAWS random ones and
                        p = (hits + 1) / (draws + 1) */
    const char *why; /* not computable: p are 1 */
};

/* All sign patterns up to n = EXCHANGE_EXACT, random ones from seed beyond. */
struct exchange exchange_test(const double *d, size_t n, uint64_t seed);
/* The least one-sided p that n pairs can give: 2^-n, or 1 / (draws + 1). */
double exchange_least_p(size_t n);

#endif
