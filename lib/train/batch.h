/* batch - groups of rollouts into the batch of a training step
 *
 * Dynamic sampling (SCIENCE 3) keeps a group iff its samples are neither all
 * correct nor all wrong; more groups are asked for until the batch is full,
 * for at most max_rounds rounds. Kept groups beyond the batch are surplus:
 * dropped and counted.
 */
#ifndef ULP_TRAIN_BATCH_H
#define ULP_TRAIN_BATCH_H
#include "rollouts.h"

struct batch {
    struct group *v; /* kept groups, in order of arrival */
    int n;
    struct group *rest; /* of a replay: the others read, to be checked */
    int n_rest;
    int asked; /* groups read; what the step consumed of the prompts */
    int dropped, surplus, rounds;
    int one_response; /* groups read whose responses are all the same */
    int64_t skipped;  /* prompts drawn that never came */
    int changed;      /* groups that had other advantages when they were kept */
    int no_advantage; /* groups kept whose advantages are all 0 */
    /* over every sample read, dropped groups included */
    uint64_t n_samples, n_correct, response_tokens;
    double reward;
};

/* Tells the sampler to make n more groups for step; NULL when replaying. */
struct batch_ask {
    int (*fn)(void *ctx, int64_t step, int n, struct err *e);
    void *ctx;
};

/* How many groups the next round asks for: what is missing at the rate of
 * keeping so far, at least 1 and at most o->prompts. */
int batch_next_ask(const struct batch_opts *o, int kept, int seen);
/* Fills b (which was zeroed); what there is, when rounds run out, or off policy
 * the input. A replay that lacks groups which a sampler would have made is
 * refused; one without any of the step leaves b->asked at 0. */
int batch_collect(struct batch *b, struct rollouts *s, int64_t step,
                  const char *policy, const struct batch_ask *ask,
                  struct err *e) MUST_CHECK;
void batch_free(struct batch *b);

#endif
