/* mcnemar - the exact test by a sum of binomial terms */
#include <math.h>
#include "mcnemar.h"

double mcnemar(size_t b, size_t c)
{
    size_t n = b + c, least = b < c ? b : c;
    double sum = 0, log_term = -(double)n * log(2);

    for (size_t k = 0; k <= least; k++) {
        sum += exp(log_term);
        log_term += log((double)(n - k)) - log((double)(k + 1));
    }
    return fmin(1, 2 * sum);
}
