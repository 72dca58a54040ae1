/* health - does the run learn at all? What went wrong in steps, as warnings
 *
 * Of a step: its batch lacked groups; an update was skipped though the arm has
 * no loss scaling, which skips on purpose; the policy has collapsed; prompts
 * never came; groups of a replay had other advantages in the run that kept them.
 * Of all steps: no update was made; no group had an advantage; no update changed
 * a weight.
 *
 * Collapsed means one of two things. All groups read in a step had one
 * response, the same for all samples, and not all were right: such a policy
 * explores no more, and no group can be mixed again. Or accuracy, or the share
 * of mixed groups, fell as lib/stat/collapse.h says.
 */
#ifndef ULP_TRAIN_HEALTH_H
#define ULP_TRAIN_HEALTH_H
#include "../stat/collapse.h"
#include "batch.h"
#include "step.h"

struct health {
    int prompts; /* groups that a batch should have */
    int scaling; /* the arm has loss scaling */
    int64_t steps, updates, skipped;
    uint64_t changed_weights;
    int64_t short_steps, missing;   /* batches that lacked groups, how many */
    int64_t kept, no_advantage;     /* groups trained on; of no advantage */
    int64_t changed, changed_steps; /* groups of other advantages, steps with
                                       some */
    int64_t one_response;           /* steps of one response a group */
    struct answers *of;             /* [steps] */
    size_t cap;
};

/* Where the warnings go; text is lent for the call. */
struct health_say {
    void (*fn)(void *ctx, const char *text);
    void *ctx;
};

/* prompts, scaling: as in the struct. health_close frees what h comes to
 * hold. */
void health_open(struct health *h, int prompts, int scaling);
void health_close(struct health *h);
/* Adds a step; says what is wrong for the first time. */
void health_step(struct health *h, int64_t step, const struct batch *b,
                 const struct step_stats *st, const struct health_say *say);
/* After the last step: what is wrong with all of them. */
void health_end(const struct health *h, const struct health_say *say);

#endif
