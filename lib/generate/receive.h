/* receive - the weights that a trainer sends, into the sampler's model
 *
 * All of them; or, where the trainer said that changes may follow, what changed:
 * a copy of the weights as they were sent is then kept in host memory.
 *
 * Of several ranks, rank 0 has the FIFO. It passes on what came, as it came:
 * where changes did, the other ranks get changes, and each keeps a copy.
 */
#ifndef ULP_GENERATE_RECEIVE_H
#define ULP_GENERATE_RECEIVE_H
#include "../base/pool.h"
#include "../comm/comm.h"
#include "../model/engine.h"
#include "changes.h"
#include "sync.h"

enum { RECEIVE_RUNS = 16 }; /* decoded at once */

/* Zeroed but for the first two: nothing came yet. */
struct receiver {
    int threads;       /* that decode; 0: one per processor */
    struct comm *comm; /* borrowed; NULL: this process alone */
    uint8_t *kept;
    enum dtype t;    /* of kept */
    char policy[33]; /* the digest of what came last */
    struct pool *pool;
    struct buf runs; /* of a batch, one behind the other */
    uint64_t n_run[RECEIVE_RUNS];
    struct delta_coder *coder[RECEIVE_RUNS];
};

/* After SYNC_WEIGHTS or SYNC_CHANGES: takes what follows; the weights of x are
 * then those, and its digest too. All ranks call, with the same message; s is
 * rank 0's, and NULL elsewhere. fifo: its name. Changes to other weights than
 * those that came last, or weights that do not have the digest announced, are
 * an error. */
int receive_weights(struct receiver *v, struct engine *x, struct sync *s,
                    const char *fifo, const struct sync_msg *msg,
                    struct err *e) MUST_CHECK;
void receive_close(struct receiver *v);

#endif
