/* tensorboard - event files that TensorBoard 2 reads, one for each run
 *
 * DIR/RUN/events.out.tfevents.0.ulp holds the run's metrics by training step
 * as train/FIELD, and at its last step scores as eval/TASK/FIELD, KL scores as
 * kl/TASK/FIELD and sparsity as sparsity/WHAT/FIELD. An event's wall time is
 * its step in seconds, so that the bytes depend on the records alone.
 *
 * The file is a series of TFRecords: length (u64), masked CRC-32C of it, an
 * Event in protobuf's encoding, masked CRC-32C of that; all little-endian.
 */
#ifndef ULP_REPORT_TENSORBOARD_H
#define ULP_REPORT_TENSORBOARD_H
#include "../base/cli.h"
#include "../record/filter.h"

/* Records of f's inputs, with the fields of sets, into dir. A record that
 * belongs to no run (it has neither run nor arm) is an error. */
int stage_tensorboard(struct filter *f, const struct cli_list *sets,
                      const char *dir, char **inputs, int n_inputs,
                      struct err *e) MUST_CHECK;

#endif
