/* compute_weights - the compute weights out of the master weights of all ranks */
#ifndef ULP_TRAIN_COMPUTE_WEIGHTS_H
#define ULP_TRAIN_COMPUTE_WEIGHTS_H
#include "adamw.h"

/* After MODEL_LATER: m gets memory for its matrices. Of a process alone they are
 * a's master weights where that is possible; with shard_weights m gathers those
 * of all ranks (model_gather). a outlives m's passes. */
int compute_weights_open(struct model *m, struct adamw *a,
                         struct err *e) MUST_CHECK;
/* m's compute weights become those of a. All ranks call: each casts its slice,
 * and gets the others', or with shard_weights lays it where they read it. What
 * gradients m has are lost. Between passes of all ranks.
 * spare: memory of all ranks (gradient_window) that nobody needs now, in which
 * slices are then read instead of sent; NULL: none. Borrowed until the next pass. */
int compute_weights_update(struct model *m, const struct adamw *a,
                           const struct comm_window *spare,
                           struct err *e) MUST_CHECK;
/* The most values of a matrix that such slices have in several pieces; apart: or
 * that s->rank does not have whole, where ranks read by messages. */
size_t compute_weights_scattered(const struct slices *s, int apart);

#endif
