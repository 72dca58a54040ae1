/* mismatch - how far the sampler's log-probabilities are from the trainer's
 *
 * Over the response tokens of a step, before its first update: p = exp(logp)
 * of the trainer, q of the sampler. As verl logs them (0.9.1,
 * rollout_corr_helper.py and debug/metrics.py); x = log p - log q, taken within
 * [-20, 20] where it enters exp:
 *   dp       |p - q|, its mean and the largest
 *   pearson  the correlation of p and q
 *   kl       mean of -x, k3 mean of exp(x) - x - 1: KL(sampler || trainer)
 *   chi2     mean of exp(2 x), minus 1
 *   ess      1 / mean((w / mean w)^2), w = exp(x), at most C under --tis C
 * Sums in double, in the order of the tokens.
 */
#ifndef ULP_TRAIN_MISMATCH_H
#define ULP_TRAIN_MISMATCH_H
#include "../record/rec.h"

/* Zeroed at the start of a step. */
struct mismatch {
    uint64_t compared;   /* tokens with two finite log-probabilities */
    uint64_t differing;  /* of those, different in any bit */
    uint64_t non_finite; /* the others: in no figure below */
    double dp_max, dp, kl, k3, rho2, w, w2; /* sums but for the first */
    double mean_p, mean_q, var_p, var_q,
        cov; /* sums of squares of deviations */
};

/* tis: C, or 0. */
void mismatch_add(struct mismatch *m, float logp, float logp_sampler,
                  double tis);
/* The fields mismatch_... of a metrics record (SCHEMA.md). */
void mismatch_set(struct rec *r, const struct mismatch *m);

#endif
