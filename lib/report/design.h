/* design - how many seeds, draws and samples would decide each hypothesis
 *
 * From the records of an experiment: the spread that they show says what power
 * a larger one would have, the measured costs of its stages what it takes. The
 * effects that are to be found with 80% power are fixed: H1, a true difference
 * of 0; H2, a variance between seeds DESIGN_H2 times the reference's; H2-noise,
 * noise of DESIGN_NOISE times the seed variance; H3, a ratio of DESIGN_H3.
 */
#ifndef ULP_REPORT_DESIGN_H
#define ULP_REPORT_DESIGN_H
#include "verdict.h"

/* The power and the effects above. */
#define DESIGN_POWER 0.8
#define DESIGN_H2 4.0
#define DESIGN_NOISE 0.5
#define DESIGN_H3 1.25

/* Variance of a seed's paired difference of on-task J, arm minus reference: its
 * mean over R draws with m times the samples has
 * seed + noise / R + (common + own / R) / m. */
struct paired {
    size_t n_seeds, n_draws; /* 0: no halves, or fewer than two seeds */
    double seed, noise;      /* 0 at least; noise 0 with one draw */
    double common, own;      /* sampling: of all draws alike, of each its own */
};
struct paired paired_of(const struct data *d, int arm, long task);
double paired_sampling(const struct paired *p, double draws, double samples);
double paired_variance(const struct paired *p, double draws, double samples);

/* Seconds of stages, by what is made. */
struct costs {
    double train; /* a run's training */
    double eval; /* its evaluation, of the base as well, at the samples given */
    double rest; /* its KL, sparsity and averages */
    int fresh; /* the records are a pilot's: its runs are none of the design */
};

struct design {
    size_t seeds, draws; /* 0 seeds: none of those tried reaches the power */
    double samples;      /* times those of the records */
    double seconds;      /* beyond what is there */
};

/* Draws and samples that are tried. */
enum { DESIGN_DRAWS = 4, DESIGN_SAMPLES = 4 };

/* For each hypothesis, then for all of them at once: the cheapest of the
 * designs tried, and the one with the fewest seeds of each draws and samples. */
struct designs {
    struct design best[N_HYPOTHESES + 1];
    struct design tried[N_HYPOTHESES + 1][DESIGN_DRAWS][DESIGN_SAMPLES];
    size_t n_draws; /* of DESIGN_DRAWS */
};

/* Fills *found by simulation and, for H1, its formula. margin: H1's. */
void design_find(const struct verdicts *v, const struct data *d, double margin,
                 const struct costs *c, struct designs *found);

#endif
