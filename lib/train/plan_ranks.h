/* plan_ranks - what of a run is a rank's: its slice, and what is exchanged; for
 * plan.c */
#ifndef ULP_TRAIN_PLAN_RANKS_H
#define ULP_TRAIN_PLAN_RANKS_H
#include "plan.h"

/* Of the rank that has most: values of its slice, and that it sums; and of the
 * largest matrix that lies in several slices, or of ranks apart in another one's. */
struct plan_slice {
    size_t values, sum, scattered;
};
struct plan_slice plan_slice(const struct config *c, const struct arm *a,
                             int ranks, int apart);
/* Memory of what ranks exchange of which one has at most such a slice:
 * on the device, and in the host's memory where that is another. */
struct plan_exchange {
    size_t device, host;
};
struct plan_exchange plan_exchange(const struct config *c, const struct arm *a,
                                   struct plan_slice slice, int ranks,
                                   const struct k_sizes *s,
                                   const struct plan_shape *o);
/* The same of compute weights under shard_weights, beside what is gathered
 * (MODEL_GATHER). */
struct plan_exchange plan_weights(const struct arm *a, struct plan_slice slice,
                                  int ranks, const struct k_sizes *s,
                                  const struct plan_shape *o);

#endif
