/* comm_impl - making a comm of an engine. Internal to lib/comm. */
#ifndef ULP_COMM_IMPL_H
#define ULP_COMM_IMPL_H
#include "comm.h"
#include "engine.h"

/* x is copied; the comm closes it. */
struct comm *comm_of(const struct comm_engine *x);
/* The rank that a failed call found to have gone, or -1. */
int comm_lost(const struct comm *c);

#endif
