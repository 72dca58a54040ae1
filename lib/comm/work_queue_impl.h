/* work_queue_impl - what the two sides of a work queue share. Internal to
 * lib/comm. */
#ifndef ULP_COMM_WORK_QUEUE_IMPL_H
#define ULP_COMM_WORK_QUEUE_IMPL_H
#include <pthread.h>
#include "work_queue.h"

/* Of messages to rank 0: a rank requests items, sends a result, or has given
 * all its results. */
enum work_queue_type { QUEUE_REQUEST = 1, QUEUE_RESULT, QUEUE_LEAVE };

/* To rank 0; a result's bytes follow. */
struct work_queue_msg {
    uint32_t type;
    int32_t k;       /* REQUEST: items; RESULT: which of the item's */
    uint64_t number; /* REQUEST: 1 when it waits for one; RESULT: the item */
    uint64_t n;      /* bytes */
};

/* From rank 0; n bytes of items follow, each a struct work_queue_head and its bytes.
 */
struct work_queue_reply {
    uint32_t k, over; /* items; no more will come */
    uint64_t n;
};
struct work_queue_head {
    uint64_t number, n;
};

struct work_queue {
    struct comm *c;
    int rank, at_once;
    /* not on rank 0: the items of the last reply, of which `at` bytes were got */
    struct buf reply;
    size_t at;
    int over;
    int64_t none_ms; /* when the last reply without items came */
    struct work_queue_server *server; /* rank 0's */
};

/* ---- work_queue_server.c: rank 0 ----
 * open starts the thread that reads, hands out and takes; q->server is set, on
 * error too. get, put and leave are those of work_queue.h, called by rank 0's own
 * worker. */

int work_queue_server_open(struct work_queue *q,
                           const struct work_queue_source *s, int ahead,
                           struct err *e) MUST_CHECK;
int work_queue_server_get(struct work_queue *q, int wait, uint64_t *number,
                          struct buf *item, struct err *e) MUST_CHECK;
int work_queue_server_put(struct work_queue *q, uint64_t number, int i,
                          const void *p, size_t n, struct err *e) MUST_CHECK;
int work_queue_server_leave(struct work_queue *q, struct err *e) MUST_CHECK;
/* Its thread has ended. */
int work_queue_server_is_done(struct work_queue *q);
void work_queue_server_close(struct work_queue *q);

#endif
