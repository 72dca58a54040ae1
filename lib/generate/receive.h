/* receive - the weights that a trainer sends, into the sampler's model
 *
 * All of them; or, where the trainer said that changes may follow, what changed:
 * a copy of the weights as they were sent is then kept in host memory.
 */
#ifndef ULP_GENERATE_RECEIVE_H
#define ULP_GENERATE_RECEIVE_H
#include "../base/pool.h"
#include "../model/engine.h"
#include "changes.h"
#include "sync.h"

enum { RECEIVE_RUNS = 16 }; /* decoded at once */

struct receiver { /* zeroed but for threads: nothing came yet */
    int threads;  /* that decode; 0: one per processor */
    uint8_t *kept;
    enum dtype t;    /* of kept */
    char policy[33]; /* the digest of what came last */
    struct pool *pool;
    struct buf run[RECEIVE_RUNS];
    struct delta_coder *coder[RECEIVE_RUNS];
    /* Instead of model_set_reader, where other ranks take the weights, too. */
    int (*set)(void *ctx, const struct model_reader *in, enum dtype t,
               struct err *e);
    void *set_ctx;
};

/* After SYNC_WEIGHTS or SYNC_CHANGES: takes what follows; the weights of x are
 * then those, and its digest too. fifo: its name. Changes to other weights than
 * those that came last, or weights that do not have the digest announced, are
 * an error. */
int receive_weights(struct receiver *v, struct engine *x, struct sync *s,
                    const char *fifo, const struct sync_msg *msg,
                    struct err *e) MUST_CHECK;
void receive_close(struct receiver *v);

#endif
