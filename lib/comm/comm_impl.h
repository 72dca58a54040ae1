/* comm_impl - making a comm of an engine. Internal to lib/comm. */
#ifndef ULP_COMM_IMPL_H
#define ULP_COMM_IMPL_H
#include "comm.h"
#include "engine.h"

/* x is copied; the comm closes it. */
struct comm *comm_of(const struct comm_engine *x);
/* The same of memory that is not the host's; of the same ranks as `host`, which
 * is borrowed, and counts its bytes. */
struct comm *comm_beside(const struct comm_engine *x, struct comm *host);
/* As the engine's function, of c's engine. */
int comm_exchange(struct comm *c, const struct comm_part *q, int n, int *lost,
                  char *why, size_t n_why) MUST_CHECK;
/* The rank that a failed call found to have gone, or -1. */
int comm_lost(const struct comm *c);

#endif
