/* halves - what the two halves of the samples say of seeds and noise draws
 *
 * The even and the odd samples of a question are independent streams. With M
 * the mean of a run's two halves and D half their difference, M holds what the
 * run's policy does and the error of sampling, D that error alone, with the
 * same variance. So the policies' part is what M varies more than D, between
 * the draws of a seed and between seeds.
 */
#ifndef ULP_REPORT_HALVES_H
#define ULP_REPORT_HALVES_H
#include "../stat/meansquares.h"
#include "panel.h"

/* Mean squares of one draw, mean over tasks: between draws of a seed, and between
 * the seeds' means over draws (times 1; not times the number of draws); with
 * their degrees of freedom, which depend on how the tasks correlate. */
struct squares {
    double seeds, draws;
    double seeds_df, draws_df;
};
struct halves {
    size_t n_seeds, n_draws;
    struct squares m, d;
};

/* Both halves of the same tasks, seeds and draws; two seeds or more. With one
 * draw .draws is 0. */
struct halves halves_of(const struct panel *even, const struct panel *odd);

/* Variance between seeds of what is neither noise of draws nor sampling, with a
 * 95% interval; two draws or more. */
struct component halves_seed(const struct halves *h);

#endif
