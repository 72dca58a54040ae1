/* publish - the sampler's compute weights on their way: checked, digested, and
 * sent over the FIFO */
#ifndef ULP_TRAIN_PUBLISH_H
#define ULP_TRAIN_PUBLISH_H
#include "adamw.h"
#include "../generate/sync.h"

struct publish {
    const struct adamw *a;
    struct sync *sync;  /* or NULL: not sent */
    const char *model;  /* for the message: where the run began, */
    int64_t after_step; /* and the last step done, or -1 */
};

/* policy: gets the digest of the weights. One that is not finite in the types
 * of the arm is an error that names its tensor. */
int publish_weights(const struct publish *o, char policy[33],
                    struct err *e) MUST_CHECK;

#endif
