/* aggregate - the statistics that stats --stat names
 *
 * n, sum, mean, sd, se, min, max, median, and pN (p90), the quantile at N
 * percent. Quantiles are interpolated between order statistics (type 7, the
 * default of R and numpy).
 */
#ifndef ULP_REPORT_AGGREGATE_H
#define ULP_REPORT_AGGREGATE_H
#include <stddef.h>
#include "../base/err.h"

/* Statistics that --stat may name at a time. */
enum { AGGREGATES = 12 };

struct aggregate {
    char name[8];
    int kind;
    double p; /* of a quantile, 0 to 1 */
};

/* "mean,median,p90", or NULL: n,mean,sd,se,min,max. Gives their number. */
int aggregate_parse(struct aggregate a[AGGREGATES], const char *text,
                    struct err *e) MUST_CHECK;
/* 1 and *out, or 0 where n values do not have it. The result may not be
 * finite, though they are. */
int aggregate_of(const struct aggregate *a, const double *x, size_t n,
                 double *out) MUST_CHECK;
/* Is it a spread, shown with fewer digits? A count? */
int aggregate_is_spread(const struct aggregate *a);
int aggregate_is_count(const struct aggregate *a);

#endif
