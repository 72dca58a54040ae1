/* mcnemar - paired yes/no answers: are changes one way as likely as the other?
 */
#ifndef ULP_STAT_MCNEMAR_H
#define ULP_STAT_MCNEMAR_H
#include <stddef.h>

/* Two-sided exact p of McNemar's test (1947) from the discordant pairs alone:
 * twice the binomial tail P(X <= min(b, c)), X of b + c trials at 1/2, at most
 * 1. 1 without discordant pairs. */
double mcnemar(size_t b, size_t c);

#endif
