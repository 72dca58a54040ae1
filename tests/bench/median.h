/* median - of measured times, for the benches */
#ifndef ULP_BENCH_MEDIAN_H
#define ULP_BENCH_MEDIAN_H
#include <stdlib.h>
#include <string.h>
#include "../../lib/base/arena.h"

static inline int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double median(const double *v, int n)
{
    double *s = xrealloc(NULL, (size_t)n, sizeof *s), m;

    memcpy(s, v, (size_t)n * sizeof *s);
    qsort(s, (size_t)n, sizeof *s, by_value);
    m = (s[(n - 1) / 2] + s[n / 2]) / 2;
    free(s);
    return m;
}
#endif
