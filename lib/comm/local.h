/* local - the engine of ranks that are processes of one host: a pair of Unix
 * sockets between any two of them. Internal to lib/comm. */
#ifndef ULP_COMM_LOCAL_H
#define ULP_COMM_LOCAL_H
#include "../base/err.h"
#include "engine.h"

struct local_mesh; /* the sockets of all ranks, before they fork */

/* Opens the sockets and shared memory of `size` ranks. On error *m is NULL. */
int local_open(struct local_mesh **m, int size, struct err *e) MUST_CHECK;
/* In the process of a rank: its engine; the other sockets are closed. */
void local_take(struct local_mesh **m, int rank, struct comm_engine *x);
/* In the process that started the ranks. */
void local_close(struct local_mesh **m);

#endif
