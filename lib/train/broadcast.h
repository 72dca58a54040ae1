/* broadcast - what rank 0 has read, on every rank */
#ifndef ULP_TRAIN_BROADCAST_H
#define ULP_TRAIN_BROADCAST_H
#include "../comm/comm.h"
#include "../model/pack.h"
#include "batch.h"

/* A batch: rank 0's own, or what came from there. */
struct broadcast {
    struct comm *c; /* borrowed */
    char *bytes;    /* elsewhere: what the samples' arrays lie in */
};

/* b is rank 0's, and is filled elsewhere. */
int broadcast_batch(struct broadcast *s, struct batch *b,
                    struct err *e) MUST_CHECK;
/* Instead of batch_free. */
void broadcast_free(struct broadcast *s, struct batch *b);

/* p, of all sequences: rank 0's, filled elsewhere, where it is empty before. */
int broadcast_pack(struct comm *c, struct pack *p, struct err *e) MUST_CHECK;

#endif
