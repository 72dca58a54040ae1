/* side_stream - bytes between the device memories of ranks, in a stream of the
 * device beside that of the computation
 *
 * Only where there are several ranks and the device has memory of its own. Both
 * work in one stream of the device: what c moves and what k does to it are in
 * the order in which they were asked for. k->after says what they wait for.
 */
#ifndef ULP_TRAIN_SIDE_STREAM_H
#define ULP_TRAIN_SIDE_STREAM_H
#include "../../kernels/kernels.h"
#include "../comm/device.h"

struct side_stream {
    struct kernels *k; /* beside that of the computation */
    struct comm *c;    /* takes device memory */
    struct comm_device_why why;
};

/* All ranks of c call. *x is NULL, and 0 is returned, where none is needed. c and
 * k are borrowed. */
int side_stream_open(struct side_stream **x, struct comm *c, struct kernels *k,
                     struct err *e) MUST_CHECK;
/* All ranks call, at the end, when nothing has failed. Accepts NULL. */
int side_stream_finish(struct side_stream *x, struct err *e) MUST_CHECK;
/* Gives up what is on its way, for which the device would wait as memory is freed.
 * Accepts NULL. */
void side_stream_leave(struct side_stream *x);
void side_stream_close(struct side_stream **x); /* accepts NULL */

#endif
