/* clip - the norm of a mini-batch's gradient, and what it is multiplied by
 * (NUMERICS.md, "Optimizer") */
#ifndef ULP_TRAIN_CLIP_H
#define ULP_TRAIN_CLIP_H
#include "../../kernels/kernels.h"
#include "slices.h"

struct clip {
    double max;        /* largest norm; 0: no clip */
    double loss_scale; /* of the loss whose gradients these are */
    double norm, coef; /* found here; the same on every rank */
};

/* g: device, values of s->grads from this rank's first on to its slices_sum_end.
 * All ranks call. */
int clip_norm(struct clip *x, struct kernels *k, const struct slices *s,
              const void *g, struct err *e) MUST_CHECK;

#endif
