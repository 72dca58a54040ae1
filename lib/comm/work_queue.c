/* work_queue - a rank's side: requests items, sends results */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "work_queue_impl.h"
#include "link.h"
#include "ranks.h"
#include "../base/clock.h"

/* A rank that still has work, and got a reply without items, sends the next
 * request after so long. */
enum { RETRY_MS = 5 };

int work_queue_open(struct work_queue **q, struct comm *c,
                    const struct work_queue_source *source, int at_once,
                    int ahead, struct err *e)
{
    struct work_queue *x = *q = xcalloc(1, sizeof *x);

    x->c = c;
    x->rank = comm_rank(c);
    x->at_once = at_once;
    return x->rank ? 0 : work_queue_server_open(x, source, ahead, e);
}

static int request(struct work_queue *q, int wait, struct err *e)
{
    struct work_queue_msg m = {QUEUE_REQUEST, q->at_once, (uint64_t)wait, 0};
    struct work_queue_reply a;
    int r = comm_send(q->c, 0, &m, sizeof m, e);

    if (!r)
        r = comm_recv(q->c, 0, &a, sizeof a, e);
    if (r)
        return r;
    q->reply.n = q->at = 0;
    q->over = (int)a.over;
    if (!a.k)
        q->none_ms = clock_ms();
    if (!a.n)
        return 0;
    r = comm_recv(q->c, 0, buf_room(&q->reply, a.n), a.n, e);
    q->reply.n = a.n;
    return r;
}

int work_queue_get(struct work_queue *q, int wait, uint64_t *number,
                   struct buf *item, struct err *e)
{
    struct work_queue_head h;

    if (!q->rank)
        return work_queue_server_get(q, wait, number, item, e);
    while (q->at == q->reply.n) {
        int r;

        if (q->over || (!wait && clock_ms() - q->none_ms < RETRY_MS))
            return 0;
        r = request(q, wait, e);
        if (r)
            return r;
        if (q->at == q->reply.n && !wait)
            return 0;
    }
    memcpy(&h, q->reply.p + q->at, sizeof h);
    q->at += sizeof h;
    item->n = 0;
    buf_put(item, q->reply.p + q->at, h.n);
    q->at += h.n;
    *number = h.number;
    return 1;
}

int work_queue_put(struct work_queue *q, uint64_t number, int i, const void *p,
                   size_t n, struct err *e)
{
    struct work_queue_msg m = {QUEUE_RESULT, i, number, n};
    int r;

    if (!q->rank)
        return work_queue_server_put(q, number, i, p, n, e);
    r = comm_send(q->c, 0, &m, sizeof m, e);
    return r ? r : comm_send(q->c, 0, p, n, e);
}

int work_queue_leave(struct work_queue *q, struct err *e)
{
    struct work_queue_msg m = {QUEUE_LEAVE, 0, 0, 0};
    char all_left;
    int r;

    if (!q->rank)
        return work_queue_server_leave(q, e);
    r = comm_send(q->c, 0, &m, sizeof m, e);
    /* what is sent then is no longer for the queue */
    return r ? r : comm_recv(q->c, 0, &all_left, 1, e);
}

void work_queue_fail(struct work_queue *q, const struct err *e)
{
    if (q && q->server && !work_queue_server_is_done(q) && ranks_tell(e))
        _exit(e->code ? e->code : ERR_IO);
}

void work_queue_close(struct work_queue **q)
{
    if (!*q)
        return;
    work_queue_server_close(*q);
    if ((*q)->server) { /* its thread works on */
        *q = NULL;
        return;
    }
    buf_free(&(*q)->reply);
    free(*q);
    *q = NULL;
}
