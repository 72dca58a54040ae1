/* verdict - the hypotheses, each arm against the reference (SCIENCE 7)
 *
 * H1        on-task accuracy is equivalent: TOST on seed-paired differences
 * H2        off-task accuracy varies more over seeds: exact exchange test
 * H2-noise  the floating-point part of that variance is larger: the same test
 *           on each seed's noise variance, from its draws
 * H3        KL grows off-task relative to on-task: t test on seed-paired
 *           differences of log ratios
 *
 * A hypothesis has two opposite words, each with a p value that is compared
 * with the whole level: the level of a direction is half of it. The family of
 * all tests is adjusted by Holm's method, and the adjusted p decides. With
 * several looks at a growing number of seeds the level is divided by their
 * number, and between looks there is no verdict. Nor is there one in a report of
 * an experiment under way, which would be a look that nobody planned.
 */
#ifndef ULP_REPORT_VERDICT_H
#define ULP_REPORT_VERDICT_H
#include "data.h"

/* The rows above. */
enum hypothesis { H1, H2, H2_NOISE, H3, N_HYPOTHESES };
enum word {
    NOT_TESTED, /* the records lack what the test needs; why says what */
    BETWEEN_LOOKS,
    TOO_FEW_SEEDS, /* no data of so many seeds could reach the level */
    NOT_SHOWN,
    SUPPORTED,
    CONTRADICTED,
};

struct finding {
    enum word word;
    const char *why; /* not computable, or NULL */
    size_t n;        /* seeds compared */
    /* H1: difference of J. H2: ratio of variances. H2-noise: difference of
     * variances of J. H3: ratio of KL ratios. */
    double est;
    double lo, hi; /* interval: 90% (H1) or 95%; has_lo, has_hi */
    int has_est, has_lo, has_hi;
    double p_for, p_against; /* against the whole level */
    double p, holm;          /* the smaller one, and adjusted; -1: none */
    double p_least;          /* the least p that n seeds can give */
};

struct verdicts {
    double alpha; /* of this look */
    int n_tests;  /* in the family */
    int between_looks;
    struct finding *v; /* [arm * N_HYPOTHESES + hypothesis] */
    long *off;         /* off-tasks kept, as numbers of tasks */
    int n_off;
    const char **left_out; /* [task]: why an off-task was left out, or NULL */
};

/* Tests every arm of d against the reference. d is sorted; verdicts_free frees
 * *v. */
void verdicts_make(struct verdicts *v, const struct data *d,
                   const struct setting *s);
void verdicts_free(struct verdicts *v);
/* arm: index into data.arm. Of the reference no test is made, and why says
 * so. */
const struct finding *verdicts_get(const struct verdicts *v, int arm,
                                   enum hypothesis h);
/* "not shown"; "H2-noise": as they are printed. */
const char *verdict_word(enum word w);
const char *verdict_name(enum hypothesis h);

/* The tests, one by one (verdict_h*.c); word, p and holm are set later. off:
 * the off-tasks kept. */
struct finding verdict_h1(const struct data *d, int arm, double margin);
struct finding verdict_h2(const struct data *d, int arm, const long *off,
                          int n_off, double alpha);
struct finding verdict_h2_noise(const struct data *d, int arm, const long *off,
                                int n_off);
struct finding verdict_h3(const struct data *d, int arm);

/* Noise variance of J of each seed, averaged over the tasks t[0..n): the sum
 * over draws of the products of both halves' deviations from the seed's mean,
 * by draws - 1. Unbiased, and free of the noise of sampling, since the halves
 * are independent streams. Empty without two draws or without halves. */
struct series noise_of_seeds(const struct data *d, long arm, const long *t,
                             int n);
/* The mean over fewer tasks is too skewed for a t interval. */
enum { NOISE_INTERVAL_TASKS = 4 };

/* Of all random numbers of the page. */
enum { REPORT_SEED = 20250708 };

#endif
