/* across - bytes between the device memories of ranks, beside what a rank computes
 *
 * Only where there are several ranks and the device has memory of its own. Both
 * work in one stream of the device: what c moves and what k does to it are in
 * the order in which they were asked for. k->after says what they wait for.
 */
#ifndef ULP_TRAIN_ACROSS_H
#define ULP_TRAIN_ACROSS_H
#include "../../kernels/kernels.h"
#include "../comm/device.h"

struct across {
    struct kernels *k; /* beside that of the computation */
    struct comm *c;    /* takes device memory */
    struct comm_device_why why;
};

/* All ranks of c call. *x is NULL, and 0 is returned, where none is needed. c and
 * k are borrowed. */
int across_open(struct across **x, struct comm *c, struct kernels *k,
                struct err *e) MUST_CHECK;
/* All ranks call, at the end, when nothing has failed. Accepts NULL. */
int across_finish(struct across *x, struct err *e) MUST_CHECK;
/* Gives up what is on its way, for which the device would wait as memory is freed.
 * Accepts NULL. */
void across_leave(struct across *x);
void across_close(struct across **x); /* accepts NULL */

#endif
