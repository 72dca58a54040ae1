/* metrics - a training step's numbers as a record (SCIENCE 3, "log each
 * step"). Wall-clock time is not among them: equal runs give equal bytes. */
#ifndef ULP_TRAIN_METRICS_H
#define ULP_TRAIN_METRICS_H
#include "batch.h"
#include "publish.h"
#include "step.h"

/* Sets every field of r. */
void metrics_set(struct rec *r, int64_t step, const struct batch *b,
                 const struct step_stats *st, const struct adamw *a, double lr,
                 const struct batch_opts *o);
/* What the step's weights took to send, and which of them moved. */
void metrics_set_sync(struct rec *r, const struct publish_stats *s);

#endif
