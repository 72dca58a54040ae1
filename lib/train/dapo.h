/* dapo - advantages, the clipped loss and its gradient (SCIENCE 3)
 *
 * DAPO, arXiv 2503.14476, with the dual clip of verl's recipe. Pure functions
 * of arrays; all arithmetic in double, sums in index order, exp our own: the
 * same bits on every machine.
 */
#ifndef ULP_TRAIN_DAPO_H
#define ULP_TRAIN_DAPO_H
#include <stddef.h>
#include <stdint.h>

struct dapo_opts {
    double clip_low, clip_high; /* 0.2, 0.28: r in [1 - low, 1 + high] */
    double dual_clip;           /* c = 10; 0 = off */
    double tis;                 /* C of the importance weight; 0 = off */
};

/* Sums over tokens; a caller divides by `tokens`. */
struct dapo_stats {
    uint64_t tokens;
    uint64_t low, high, dual; /* tokens whose gradient that clip took away */
    double neg_d;             /* sum of -(logp - logp_old), clamped */
    double loss;              /* sum of L (times the TIS weight) */
};

/* adv[i] = (R_i - mean) / (std + 1e-6) over one group, std unbiased (n - 1; 0
 * for n = 1); by_std = 0 drops the division. Rewards that are equal up to
 * rounding (greatest - least <= 2^-50 max |R|) have advantage exactly 0: the
 * rounding of their mean would else be all there is, and AdamW makes a full
 * step of the smallest gradient. |R| <= DAPO_REWARD_MAX, so that every
 * advantage, and its product with a loss scale, fits a float. */
#define DAPO_REWARD_MAX 1e30
void dapo_advantages(double *adv, const double *reward, int n, int by_std);

/* One response of n tokens with advantage adv. With d = clamp(logp - logp_old,
 * -20, 20) and r = exp(d):
 *   L1 = -A r; L2 = -A clip(r, 1 - low, 1 + high); Lc = max(L1, L2);
 *   L = A < 0 ? min(-c A, Lc) : Lc, times min(exp(logp_old - logp_rollout), C)
 * when tis is on. dlogp[i] = scale * dL/dlogp[i], where scale is 1 / (tokens
 * of the whole mini-batch). Adds to *st. logp_rollout may be NULL when tis is
 * off; dlogp may be NULL. */
void dapo_loss(const struct dapo_opts *o, size_t n, const float *logp,
               const float *logp_old, const float *logp_rollout, double adv,
               double scale, float *dlogp, struct dapo_stats *st);

/* exp in plain double arithmetic (within 2 ulp for |x| <= 700), so that the
 * loss does not depend on the C library. */
double dapo_exp(double x);

#endif
