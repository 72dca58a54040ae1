/* work_queue_server - rank 0's side of a work queue: a thread that reads items,
 * replies to the ranks and takes the results in order */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "work_queue_impl.h"

/* How long the thread sleeps while no rank has sent anything: then it looks
 * for items, and for results of its own rank. */
enum { SLEEP_MS = 3 };

/* An item from its reading until its last result was taken. */
struct item {
    struct item *next;
    uint64_t number;
    struct buf bytes;
    int rank; /* that holds it, or -1 */
    int n, n_had, n_taken;
    struct buf *result; /* [n] */
    char *has;          /* [n] */
};

struct work_queue_server {
    struct work_queue_source s;
    int ahead, size;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below, and of items */
    pthread_cond_t changed;
    struct item *first, **last; /* all, in order */
    struct item *pool;          /* the first that no rank holds */
    int n_pool, n_held;
    int *held;     /* [size]: items of a rank */
    char *waiting; /* [size]: its request has no reply yet */
    int *wanted;   /* [size]: items that the last request named */
    uint64_t n_read;
    int ended, n_left, finished, failed;
    struct err err;
};

/* ---- items (all with the lock) ---- */

/* Items that a rank may still be given. No rank holds more than its share of the
 * items that are there, so that few items are spread over all ranks. */
static int share_left(const struct work_queue_server *srv, int rank)
{
    int all = srv->n_held + srv->n_pool,
        cap = (all + srv->size - 1) / srv->size;

    return cap - srv->held[rank];
}

static struct item *hand_out(struct work_queue_server *srv, int rank)
{
    struct item *i = srv->pool;

    if (!i || share_left(srv, rank) <= 0)
        return NULL;
    srv->pool = i->next;
    srv->n_pool--;
    srv->n_held++;
    srv->held[rank]++;
    i->rank = rank;
    return i;
}

static void free_first(struct work_queue_server *srv)
{
    struct item *i = srv->first;

    srv->first = i->next;
    if (!srv->first)
        srv->last = &srv->first;
    for (int j = 0; j < i->n; j++)
        buf_free(&i->result[j]);
    buf_free(&i->bytes);
    free(i->result);
    free(i->has);
    free(i);
}

/* The result goes into *b, whose bytes it takes over. */
static int store(struct work_queue_server *srv, int rank, uint64_t number,
                 int k, struct buf *b, struct err *e)
{
    struct item *i = srv->first;

    while (i && i->number != number)
        i = i->next;
    if (!i || i->rank != rank || k < 0 || k >= i->n || i->has[k])
        return err_set(e, ERR_DATA,
                       "rank %d sent result %d of item %llu, which it was not "
                       "to send",
                       rank, k, (unsigned long long)number);
    i->has[k] = 1;
    i->result[k] = *b;
    *b = (struct buf){0};
    if (++i->n_had == i->n) {
        srv->held[rank]--;
        srv->n_held--;
    }
    return 0;
}

static int is_over(const struct work_queue_server *srv)
{
    return srv->ended && !srv->n_pool;
}

/* ---- the thread ---- */

static int read_one(struct work_queue *q, struct err *e)
{
    struct work_queue_server *srv = q->server;
    struct item *i = xcalloc(1, sizeof *i);
    int r = srv->s.next(srv->s.ctx, &i->bytes, &i->n, e);

    pthread_mutex_lock(&srv->lock);
    if (r > 0) {
        i->number = srv->n_read++;
        i->rank = -1;
        i->result = xcalloc((size_t)i->n, sizeof *i->result);
        i->has = xcalloc((size_t)i->n, 1);
        *srv->last = i;
        srv->last = &i->next;
        srv->n_pool++;
        if (!srv->pool)
            srv->pool = i;
    } else {
        buf_free(&i->bytes);
        free(i);
        srv->ended = 1;
    }
    pthread_cond_broadcast(&srv->changed);
    pthread_mutex_unlock(&srv->lock);
    return r;
}

/* Reads until `ahead` items are there; waits for the writer only when there is
 * nothing else to do. */
static int read_items(struct work_queue *q, struct err *e)
{
    struct work_queue_server *srv = q->server;
    int r = 1;

    while (r > 0) {
        int idle, room;

        pthread_mutex_lock(&srv->lock);
        if (!srv->ended && srv->s.ended(srv->s.ctx)) {
            srv->ended = 1;
            pthread_cond_broadcast(&srv->changed);
        }
        room = !srv->ended && srv->n_pool < srv->ahead;
        idle = !srv->first;
        pthread_mutex_unlock(&srv->lock);
        if (!room || (!idle && !srv->s.ready(srv->s.ctx)))
            return 0;
        r = read_one(q, e);
    }
    return r;
}

/* Replies to a request; not yet where the rank waits and no item is there. */
static int reply(struct work_queue *q, int rank, int wait, struct err *e)
{
    struct work_queue_server *srv = q->server;
    struct work_queue_reply a = {0};
    struct buf b = {0};
    struct item *i;
    int r = 0;

    pthread_mutex_lock(&srv->lock);
    while ((int)a.k < srv->wanted[rank] && (i = hand_out(srv, rank))) {
        struct work_queue_head h = {i->number, i->bytes.n};

        buf_put(&b, &h, sizeof h);
        buf_put(&b, i->bytes.p, i->bytes.n);
        a.k++;
    }
    a.over = (uint32_t)is_over(srv);
    pthread_mutex_unlock(&srv->lock);
    a.n = b.n;
    srv->waiting[rank] = wait && !a.k && !a.over;
    if (!srv->waiting[rank]) {
        r = comm_send(q->c, rank, &a, sizeof a, e);
        if (!r && b.n)
            r = comm_send(q->c, rank, b.p, b.n, e);
    }
    buf_free(&b);
    return r;
}

static int receive_result(struct work_queue *q, int rank,
                          const struct work_queue_msg *m, struct err *e)
{
    struct work_queue_server *srv = q->server;
    struct buf b = {0};
    int r = 0;

    if (m->n) {
        r = comm_recv(q->c, rank, buf_room(&b, m->n), m->n, e);
        b.n = m->n;
    }
    if (!r) {
        pthread_mutex_lock(&srv->lock);
        r = store(srv, rank, m->number, m->k, &b, e);
        pthread_mutex_unlock(&srv->lock);
    }
    buf_free(&b);
    return r;
}

static int receive(struct work_queue *q, int rank, struct err *e)
{
    struct work_queue_server *srv = q->server;
    struct work_queue_msg m;
    int r = comm_recv(q->c, rank, &m, sizeof m, e);

    if (r)
        return r;
    if (m.type == QUEUE_RESULT)
        return receive_result(q, rank, &m, e);
    if (m.type == QUEUE_REQUEST) {
        srv->wanted[rank] = m.k;
        return reply(q, rank, m.number != 0, e);
    }
    pthread_mutex_lock(&srv->lock);
    srv->n_left++;
    pthread_mutex_unlock(&srv->lock);
    return 0;
}

/* Results that are there and whose turn it is; the last of a round only when
 * all ranks have left. */
static int take_results(struct work_queue_server *srv, struct err *e)
{
    int r = 0;

    pthread_mutex_lock(&srv->lock);
    while (!r && srv->first && srv->first->has[srv->first->n_taken]) {
        struct item *i = srv->first;
        int k = i->n_taken, last = is_over(srv) && !i->next && k + 1 == i->n;

        if (last && srv->n_left < srv->size)
            break;
        pthread_mutex_unlock(&srv->lock);
        r = srv->s.take(srv->s.ctx, k, i->result[k].p, i->result[k].n, e);
        pthread_mutex_lock(&srv->lock);
        buf_free(&i->result[k]);
        if (++i->n_taken == i->n)
            free_first(srv);
    }
    pthread_mutex_unlock(&srv->lock);
    return r;
}

static int round_is_done(struct work_queue_server *srv)
{
    int r;

    pthread_mutex_lock(&srv->lock);
    r = is_over(srv) && !srv->first && srv->n_left == srv->size;
    pthread_mutex_unlock(&srv->lock);
    return r;
}

static int serve(struct work_queue *q, struct err *e)
{
    struct work_queue_server *srv = q->server;
    int r = 0, from = -1;

    while (!r && !round_is_done(srv)) {
        r = read_items(q, e);
        for (int i = 1; !r && i < srv->size; i++)
            if (srv->waiting[i])
                r = reply(q, i, 1, e);
        if (!r)
            r = comm_probe(q->c, SLEEP_MS, &from, e);
        if (!r && from >= 0)
            r = receive(q, from, e);
        if (!r)
            r = take_results(srv, e);
    }
    for (int i = 1; !r && i < srv->size; i++)
        r = comm_send(q->c, i, "", 1, e);
    return r;
}

static void *run(void *ctx)
{
    struct work_queue *q = ctx;
    struct work_queue_server *srv = q->server;
    struct err e = {0};
    int r = serve(q, &e);

    pthread_mutex_lock(&srv->lock);
    srv->finished = 1;
    srv->failed = r < 0;
    srv->err = e;
    pthread_cond_broadcast(&srv->changed);
    pthread_mutex_unlock(&srv->lock);
    return NULL;
}

/* ---- the rank's own thread ---- */

int work_queue_server_open(struct work_queue *q,
                           const struct work_queue_source *s, int ahead,
                           struct err *e)
{
    struct work_queue_server *srv = q->server = xcalloc(1, sizeof *srv);
    int r;

    srv->s = *s;
    srv->ahead = ahead;
    srv->size = comm_size(q->c);
    srv->last = &srv->first;
    srv->held = xcalloc((size_t)srv->size, sizeof *srv->held);
    srv->waiting = xcalloc((size_t)srv->size, sizeof *srv->waiting);
    srv->wanted = xcalloc((size_t)srv->size, sizeof *srv->wanted);
    pthread_mutex_init(&srv->lock, NULL);
    pthread_cond_init(&srv->changed, NULL);
    r = pthread_create(&srv->thread, NULL, run, q);
    if (r) {
        srv->finished = 1;
        return err_set(e, ERR_IO, "no thread to hand out records: %s",
                       strerror(r));
    }
    return 0;
}

static int fault(const struct work_queue_server *srv, struct err *e)
{
    if (srv->failed)
        *e = srv->err;
    return srv->failed ? -srv->err.code : 0;
}

int work_queue_server_get(struct work_queue *q, int wait, uint64_t *number,
                          struct buf *item, struct err *e)
{
    struct work_queue_server *srv = q->server;
    struct item *i = NULL;
    int r;

    pthread_mutex_lock(&srv->lock);
    while (!srv->failed && !(i = hand_out(srv, 0)) && wait && !is_over(srv))
        pthread_cond_wait(&srv->changed, &srv->lock);
    r = fault(srv, e);
    if (i) {
        item->n = 0;
        buf_put(item, i->bytes.p, i->bytes.n);
        *number = i->number;
    }
    pthread_mutex_unlock(&srv->lock);
    return r ? r : i != NULL;
}

int work_queue_server_put(struct work_queue *q, uint64_t number, int i,
                          const void *p, size_t n, struct err *e)
{
    struct work_queue_server *srv = q->server;
    struct buf b = {0};
    int r;

    buf_put(&b, p, n);
    pthread_mutex_lock(&srv->lock);
    r = fault(srv, e);
    if (!r)
        r = store(srv, 0, number, i, &b, e);
    pthread_mutex_unlock(&srv->lock);
    buf_free(&b);
    return r;
}

int work_queue_server_leave(struct work_queue *q, struct err *e)
{
    struct work_queue_server *srv = q->server;
    int r;

    pthread_mutex_lock(&srv->lock);
    srv->n_left++;
    while (!srv->finished)
        pthread_cond_wait(&srv->changed, &srv->lock);
    r = fault(srv, e);
    pthread_mutex_unlock(&srv->lock);
    return r;
}

int work_queue_server_is_done(struct work_queue *q)
{
    int r;

    pthread_mutex_lock(&q->server->lock);
    r = q->server->finished;
    pthread_mutex_unlock(&q->server->lock);
    return r;
}

void work_queue_server_close(struct work_queue *q)
{
    struct work_queue_server *srv = q->server;

    if (!srv || !work_queue_server_is_done(q)) /* it may wait for long */
        return;
    if (srv->thread)
        pthread_join(srv->thread, NULL);
    while (srv->first)
        free_first(srv);
    free(srv->held);
    free(srv->waiting);
    free(srv->wanted);
    free(srv);
    q->server = NULL;
}
