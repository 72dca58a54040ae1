/* publish - the sampler's compute weights on their way: checked, digested, and
 * sent over the FIFO
 *
 * The first weights of a process are sent whole, those after them as what
 * changed (lib/generate/changes.h). The weights as they were before are those
 * that the caller gives (adamw_update_keeping), or else a copy of them in host
 * memory. What would be sent is counted without a FIFO too, so that a replay has
 * the metrics of the live run.
 */
#ifndef ULP_TRAIN_PUBLISH_H
#define ULP_TRAIN_PUBLISH_H
#include "../base/pool.h"
#include "../generate/sync.h"
#include "adamw.h"

struct publish_opts {
    const struct adamw *a;
    struct sync *sync; /* or NULL: not sent */
    const char *model; /* for the message: where the run began */
    int threads;       /* that code; 0: one per processor */
    int whole;         /* always sent whole, and not compared */
    int given;         /* publish_weights gets the weights before: no copy */
    int begun;         /* another process has sent: the first weights, which
                          are all sent, are counted as what changed */
};

/* Of the last publish_weights after a step. */
struct publish_stats {
    uint64_t n;          /* weights */
    uint64_t bytes, all; /* sent; of all weights */
    uint64_t changed;    /* in some bit */
    uint64_t visible;    /* whose bf16 cast changed */
    int compared;        /* the last two were counted */
};

struct publisher;

/* o is copied; what it points to is borrowed until publish_close. */
void publish_open(struct publisher **x, const struct publish_opts *o);
/* policy: gets the digest of the weights. after_step: the last step done; -1:
 * none in this process, and they are not sent. before: with opts.given the
 * weights published before this step, in the sampler's type and params order,
 * NULL where no update changed them; borrowed. A weight that is not finite in
 * the types of the arm is an error that names its tensor. */
int publish_weights(struct publisher *x, int64_t after_step, const void *before,
                    char policy[33], struct err *e) MUST_CHECK;
const struct publish_stats *publish_last(const struct publisher *x);
void publish_close(struct publisher **x);

#endif
