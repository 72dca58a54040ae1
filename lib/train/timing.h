/* timing - what a step took: seconds, memory, bytes between ranks (SCHEMA.md,
 * "timing") */
#ifndef ULP_TRAIN_TIMING_H
#define ULP_TRAIN_TIMING_H
#include "../../kernels/kernels.h"
#include "../comm/comm.h"
#include "../record/rec.h"

struct timing {
    double collect, train, train_cpu; /* seconds; the last of all threads */
    struct k_memory memory;           /* of this rank */
    int ranks;
    /* The most of any rank, each by itself: bytes held at once so far; to and
     * from other ranks since timing_begin. On rank 0. */
    uint64_t peak, sent, received;
};

/* Before the update; seconds and memory are the caller's. */
void timing_begin(struct timing *t, const struct comm *c);
/* After it, with t->memory set. All ranks call. */
int timing_end(struct timing *t, struct comm *c, struct err *e) MUST_CHECK;
/* All fields but step and tokens. */
void timing_set(struct rec *r, const struct timing *t);

#endif
