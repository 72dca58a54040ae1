/* work_queue - items handed to ranks as they become free, results in order
 *
 * Rank 0 reads items and takes results in a thread of its own, and works in the
 * calling thread as the other ranks do. An item has a number of results, which
 * come in any order; they are taken in the order of items, and of an item in
 * theirs. So results do not show which rank worked on what.
 *
 * A rank requests items when it is free, and holds no more than its share of
 * those that are there. A rank sends requests and results alone, and rank 0
 * replies alone: no two ranks wait for each other.
 *
 * A round ends when the source has ended and all results were taken. All ranks
 * call work_queue_open, work_queue_leave and work_queue_close of a round, and use the comm for
 * nothing else in between.
 */
#ifndef ULP_COMM_WORK_QUEUE_H
#define ULP_COMM_WORK_QUEUE_H
#include <stdint.h>
#include "../base/buf.h"
#include "comm.h"

struct work_queue;

/* Rank 0's side; called in the queue's thread, one at a time. */
struct work_queue_source {
    void *ctx;
    /* As rec_ready: 1 when next would not wait for the first byte of an item. */
    int (*ready)(void *ctx);
    /* 1 when no item is to come any more. */
    int (*ended)(void *ctx);
    /* 1: the next item, put behind item->p + item->n, and how many results it
     * has; 0: the end. */
    int (*next)(void *ctx, struct buf *item, int *n_results, struct err *e);
    /* Result i of an item, in order. */
    int (*take)(void *ctx, int i, const void *p, size_t n, struct err *e);
};

/* at_once: items of a request. ahead: items that rank 0 reads before they are
 * requested. source: of rank 0, not looked at elsewhere. The last
 * result of a round is taken when all ranks have left. */
int work_queue_open(struct work_queue **q, struct comm *c,
                    const struct work_queue_source *source, int at_once,
                    int ahead, struct err *e) MUST_CHECK;
/* 1: an item and its number, the bytes in *item (emptied first); 0: none now,
 * or with wait: none any more. */
int work_queue_get(struct work_queue *q, int wait, uint64_t *number,
                   struct buf *item, struct err *e) MUST_CHECK;
/* Result i of an item. */
int work_queue_put(struct work_queue *q, uint64_t number, int i, const void *p,
                   size_t n, struct err *e) MUST_CHECK;
/* This rank has given all its results; waits for the round's end. */
int work_queue_leave(struct work_queue *q, struct err *e) MUST_CHECK;
/* After an error: where rank 0's thread still reads and writes, nothing may be
 * closed under it. The error is told (ranks.h), and the process ends. */
void work_queue_fail(struct work_queue *q, const struct err *e);
void work_queue_close(struct work_queue **q);

#endif
