/* estimate - what the page says of one arm, with its interval
 *
 * An interval is printed only where its coverage holds (tests/calibration):
 * t over seeds for means, chi-square for the variance of a seed's mean, the
 * modified large-sample interval for the seeds' component of one task, and of
 * a mean over tasks from SEED_INTERVAL_SEEDS seeds on.
 */
#ifndef ULP_REPORT_ESTIMATE_H
#define ULP_REPORT_ESTIMATE_H
#include "../stat/ttest.h"
#include "data.h"

/* J minus the base's under the same evaluation stream, mean over the tasks
 * t[0..n); a t interval over seeds. */
struct ttest estimate_delta_j(const struct data *d, long arm, const long *t,
                              int n);

/* Fewer seeds say too little of how tasks correlate: with 10 seeds, by that
 * correlation, the interval covers 92 to 98%. */
enum { SEED_INTERVAL_SEEDS = 20 };

/* Variance of J over seeds and where it comes from, mean over the tasks
 * t[0..n). Variances are of J, in squares of accuracy. */
struct components {
    size_t n_seeds, n_draws;
    double total, lo, hi;    /* of a seed's mean over draws; has_ci: one task,
                              chi-square */
    double sampling;         /* of one draw, by the questions' own spread */
    double seed;             /* what differs between seeds; 0 at least */
    double seed_lo, seed_hi; /* has_seed_ci */
    double noise, noise_se, noise_lo, noise_hi; /* between draws of a seed */
    int has_total, has_ci, has_sampling, has_seed, has_noise, has_noise_ci,
        has_seed_ci;
};
struct components estimate_components(const struct data *d, long arm,
                                      const long *t, int n);
/* noise / (noise + seed); -1 where either is unknown or their sum is 0. */
double estimate_noise_share(const struct components *c);

#endif
