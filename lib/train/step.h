/* step - one DAPO step: score, then epochs of mini-batch updates (SCIENCE 3)
 *
 * The old log-probabilities are recomputed here before the first update,
 * without dropout; the training forward has the arm's dropout. In canonical
 * order and without dropout the first mini-batch's training forward gives
 * them, bit for bit, and is not run twice. Scoring computes shared prefixes once
 * where training does not. The bits do not depend on micro_tokens in canonical
 * order.
 *
 * Of several ranks each scores and trains on its shards; what metrics are made
 * of goes to rank 0, which sums it as one process does.
 */
#ifndef ULP_TRAIN_STEP_H
#define ULP_TRAIN_STEP_H
#include "adamw.h"
#include "batch.h"
#include "dapo.h"
#include "gap.h"
#include "gradient.h"
#include "mismatch.h"

struct step_opts {
    struct dapo_opts dapo;
    struct gap_bound gap; /* of log-probabilities, sampler to trainer */
    int mini_batch;       /* prompts an update */
    int epochs;
    double temperature;  /* of the rollouts */
    size_t micro_tokens; /* tokens in a forward and backward, about */
    double lr;
    uint64_t seed;   /* of dropout (arm_noise_seed) */
    int score_all;   /* run the first mini-batch twice all the same */
    int keep_before; /* adamw_update_keeping: step_stats has the compute
                        weights of type before_t as they were */
    enum dtype before_t;
};

struct step_stats {
    struct dapo_stats loss; /* over every update of the step */
    uint64_t tokens;        /* response tokens trained on, once each */
    double entropy;         /* sum over those tokens, before the updates */
    double logp_gap;        /* max |logp_old - logp of the sampler| */
    struct mismatch mismatch;
    double norm; /* sum of the finite gradient norms */
    int updates, skipped;
    uint64_t changed; /* stored master values, summed over updates */
    /* keep_before: the compute weights before the first update, lent until the
     * next gradient or trim; NULL: no update changed them */
    const void *before;
    void
        *copied; /* where other updates followed, a copy of them, to be freed */
};

/* All ranks call, with the same b; *st is whole on rank 0. */
/* Trains the model of g (whose compute weights are a's) on b, whose samples have their
 * advantages. An empty batch makes no update. Before any, all log-probabilities
 * of the sampler are held against o->gap, those of b->rest too. */
int step_run(struct gradient *g, struct adamw *a, const struct batch *b,
             const struct step_opts *o, struct step_stats *st,
             struct err *e) MUST_CHECK;

#endif
