/* meansquares - a component of variance and its interval
 *
 * In a balanced nested design a component of variance is a sum of mean squares,
 * some of them subtracted. Each is df degrees of a chi-square law of its own
 * when values are normal, and all are independent.
 */
#ifndef ULP_STAT_MEANSQUARES_H
#define ULP_STAT_MEANSQUARES_H
#include <stddef.h>

struct mean_square {
    double coef; /* not 0; below 0: subtracted */
    double value;
    double df;
};

struct component {
    double est;      /* sum of coef times value; may be below 0 */
    double lo, hi;   /* two-sided, at the level asked for; may be below 0 */
    const char *why; /* not computable: all values are 0 */
};

/* The modified large-sample interval of Ting, Burdick, Graybill, Jeyaratnam and
 * Lu (1990), "Confidence intervals on linear combinations of variance
 * components that are unrestricted in sign". */
struct component component_of(const struct mean_square *m, size_t n,
                              double level);

#endif
