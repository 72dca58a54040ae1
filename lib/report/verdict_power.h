/* verdict_power - what the tests that decide would find
 *
 * At the spread that the reference shows, at the level of Holm's first step
 * (alpha by the number of tests), for a number of seeds an arm.
 */
#ifndef ULP_REPORT_VERDICT_POWER_H
#define ULP_REPORT_VERDICT_POWER_H
#include "verdict.h"

/* H1: finding equivalence when the true difference is 0. -1: not known. */
double power_h1(const struct verdicts *v, const struct data *d, int arm,
                double margin, size_t n_seeds);
/* H3: the ratio that is found with 80% power (approximately); 0: not known. */
double power_h3_ratio(const struct verdicts *v, const struct data *d, int arm,
                      size_t n_seeds);

/* Spread of the reference over the off-tasks kept. */
struct spread {
    int n;            /* tasks; 0: not known */
    double *seed;     /* [n] variance of J between seeds, without sampling */
    double *sampling; /* [n] variance of J that sampling adds */
    double rho;       /* mean correlation between tasks, 0 at least */
    size_t n_draws;
};
struct spread spread_of(const struct verdicts *v, const struct data *d);
void spread_free(struct spread *s);

/* H2: finding a variance between seeds that is `ratio` times the
 * reference's. By simulation of normal values. */
double power_h2(const struct verdicts *v, const struct spread *s, double ratio,
                size_t n_seeds);
/* H2-noise: finding noise of `share` times the seed variance in an arm where
 * the reference has none, with more samples a question by `samples`. */
double power_noise(const struct verdicts *v, const struct spread *s,
                   double share, double samples, size_t n_seeds,
                   size_t n_draws);

#endif
