/* staged - an engine for device memory whose bytes go through the host's, over
 * the engine of the host. Internal to lib/comm. */
#ifndef ULP_COMM_STAGED_H
#define ULP_COMM_STAGED_H
#include "comm_impl.h"
#include "device.h"

/* c and what v points to are borrowed. */
void staged_open(struct comm_engine *x, struct comm *c,
                 const struct comm_device *v);

#endif
