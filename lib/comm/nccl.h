/* nccl - an engine for device memory by NCCL, which is opened at run time.
 * Internal to lib/comm.
 *
 * ULP_NCCL=FILE names the library; ULP_NCCL=none is without it. */
#ifndef ULP_COMM_NCCL_H
#define ULP_COMM_NCCL_H
#include "comm_impl.h"
#include "device.h"

/* All ranks of c call; c and what v points to are borrowed. Where NCCL is not to
 * be had by all of them, *x stays as it is and why says it. */
int nccl_open(struct comm_engine *x, struct comm *c,
              const struct comm_device *v, struct comm_device_why *why,
              struct err *e) MUST_CHECK;

#endif
