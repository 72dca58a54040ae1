/* farm_desk - rank 0's side of a farm: a thread that reads items, answers the
 * ranks and takes the results in order */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "farm_impl.h"

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

struct farm_desk {
    struct farm_source s;
    int ahead, size;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below, and of items */
    pthread_cond_t changed;
    struct item *first, **last; /* all, in order */
    struct item *pool;          /* the first that nobody holds */
    int n_pool, n_held;
    int *held;  /* [size]: items of a rank */
    char *asks; /* [size]: it waits for an answer */
    int *k;     /* [size]: of so many items */
    uint64_t n_read;
    int ended, n_left, finished, failed;
    struct err err;
};

/* ---- items (all with the lock) ---- */

/* Nobody holds more than its part of what is there, so that few items are
 * spread over all. */
static int may_hold(const struct farm_desk *d, int rank)
{
    int all = d->n_held + d->n_pool, cap = (all + d->size - 1) / d->size;

    return cap - d->held[rank];
}

static struct item *hand_out(struct farm_desk *d, int rank)
{
    struct item *i = d->pool;

    if (!i || may_hold(d, rank) <= 0)
        return NULL;
    d->pool = i->next;
    d->n_pool--;
    d->n_held++;
    d->held[rank]++;
    i->rank = rank;
    return i;
}

static void free_first(struct farm_desk *d)
{
    struct item *i = d->first;

    d->first = i->next;
    if (!d->first)
        d->last = &d->first;
    for (int j = 0; j < i->n; j++)
        buf_free(&i->result[j]);
    buf_free(&i->bytes);
    free(i->result);
    free(i->has);
    free(i);
}

/* The result goes into *b, whose bytes it takes over. */
static int store(struct farm_desk *d, int rank, uint64_t number, int k,
                 struct buf *b, struct err *e)
{
    struct item *i = d->first;

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
        d->held[rank]--;
        d->n_held--;
    }
    return 0;
}

static int is_over(const struct farm_desk *d)
{
    return d->ended && !d->n_pool;
}

/* ---- the thread ---- */

static int read_one(struct farm *f, struct err *e)
{
    struct farm_desk *d = f->desk;
    struct item *i = xcalloc(1, sizeof *i);
    int r = d->s.next(d->s.ctx, &i->bytes, &i->n, e);

    pthread_mutex_lock(&d->lock);
    if (r > 0) {
        i->number = d->n_read++;
        i->rank = -1;
        i->result = xcalloc((size_t)i->n, sizeof *i->result);
        i->has = xcalloc((size_t)i->n, 1);
        *d->last = i;
        d->last = &i->next;
        d->n_pool++;
        if (!d->pool)
            d->pool = i;
    } else {
        buf_free(&i->bytes);
        free(i);
        d->ended = 1;
    }
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return r;
}

/* Reads while somebody may want it; waits for the writer only when there is
 * nothing else to do. */
static int read_items(struct farm *f, struct err *e)
{
    struct farm_desk *d = f->desk;
    int r = 1;

    while (r > 0) {
        int idle, room;

        pthread_mutex_lock(&d->lock);
        if (!d->ended && d->s.ended(d->s.ctx)) {
            d->ended = 1;
            pthread_cond_broadcast(&d->changed);
        }
        room = !d->ended && d->n_pool < d->ahead;
        idle = !d->first;
        pthread_mutex_unlock(&d->lock);
        if (!room || (!idle && !d->s.ready(d->s.ctx)))
            return 0;
        r = read_one(f, e);
    }
    return r;
}

/* Nothing where the rank waits and there is nothing yet. */
static int answer(struct farm *f, int rank, int wait, struct err *e)
{
    struct farm_desk *d = f->desk;
    struct farm_answer a = {0};
    struct buf b = {0};
    struct item *i;
    int r = 0;

    pthread_mutex_lock(&d->lock);
    while ((int)a.k < d->k[rank] && (i = hand_out(d, rank))) {
        struct farm_head h = {i->number, i->bytes.n};

        buf_put(&b, &h, sizeof h);
        buf_put(&b, i->bytes.p, i->bytes.n);
        a.k++;
    }
    a.over = (uint32_t)is_over(d);
    pthread_mutex_unlock(&d->lock);
    a.n = b.n;
    d->asks[rank] = wait && !a.k && !a.over;
    if (!d->asks[rank]) {
        r = comm_send(f->c, rank, &a, sizeof a, e);
        if (!r && b.n)
            r = comm_send(f->c, rank, b.p, b.n, e);
    }
    buf_free(&b);
    return r;
}

static int hear_result(struct farm *f, int rank, const struct farm_msg *m,
                       struct err *e)
{
    struct farm_desk *d = f->desk;
    struct buf b = {0};
    int r = 0;

    if (m->n) {
        r = comm_recv(f->c, rank, buf_room(&b, m->n), m->n, e);
        b.n = m->n;
    }
    if (!r) {
        pthread_mutex_lock(&d->lock);
        r = store(d, rank, m->number, m->k, &b, e);
        pthread_mutex_unlock(&d->lock);
    }
    buf_free(&b);
    return r;
}

static int hear(struct farm *f, int rank, struct err *e)
{
    struct farm_desk *d = f->desk;
    struct farm_msg m;
    int r = comm_recv(f->c, rank, &m, sizeof m, e);

    if (r)
        return r;
    if (m.type == FARM_RESULT)
        return hear_result(f, rank, &m, e);
    if (m.type == FARM_ASK) {
        d->k[rank] = m.k;
        return answer(f, rank, m.number != 0, e);
    }
    pthread_mutex_lock(&d->lock);
    d->n_left++;
    pthread_mutex_unlock(&d->lock);
    return 0;
}

/* Results that are there and whose turn it is; the last of a round only when
 * all ranks have left. */
static int take_results(struct farm_desk *d, struct err *e)
{
    int r = 0;

    pthread_mutex_lock(&d->lock);
    while (!r && d->first && d->first->has[d->first->n_taken]) {
        struct item *i = d->first;
        int k = i->n_taken, last = is_over(d) && !i->next && k + 1 == i->n;

        if (last && d->n_left < d->size)
            break;
        pthread_mutex_unlock(&d->lock);
        r = d->s.take(d->s.ctx, k, i->result[k].p, i->result[k].n, e);
        pthread_mutex_lock(&d->lock);
        buf_free(&i->result[k]);
        if (++i->n_taken == i->n)
            free_first(d);
    }
    pthread_mutex_unlock(&d->lock);
    return r;
}

static int round_is_done(struct farm_desk *d)
{
    int r;

    pthread_mutex_lock(&d->lock);
    r = is_over(d) && !d->first && d->n_left == d->size;
    pthread_mutex_unlock(&d->lock);
    return r;
}

static int serve(struct farm *f, struct err *e)
{
    struct farm_desk *d = f->desk;
    int r = 0, from = -1;

    while (!r && !round_is_done(d)) {
        r = read_items(f, e);
        for (int i = 1; !r && i < d->size; i++)
            if (d->asks[i])
                r = answer(f, i, 1, e);
        if (!r)
            r = comm_probe(f->c, SLEEP_MS, &from, e);
        if (!r && from >= 0)
            r = hear(f, from, e);
        if (!r)
            r = take_results(d, e);
    }
    for (int i = 1; !r && i < d->size; i++)
        r = comm_send(f->c, i, "", 1, e);
    return r;
}

static void *run(void *ctx)
{
    struct farm *f = ctx;
    struct farm_desk *d = f->desk;
    struct err e = {0};
    int r = serve(f, &e);

    pthread_mutex_lock(&d->lock);
    d->finished = 1;
    d->failed = r < 0;
    d->err = e;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* ---- the rank's own thread ---- */

int farm_desk_open(struct farm *f, const struct farm_source *s, int ahead,
                   struct err *e)
{
    struct farm_desk *d = f->desk = xcalloc(1, sizeof *d);
    int r;

    d->s = *s;
    d->ahead = ahead;
    d->size = comm_size(f->c);
    d->last = &d->first;
    d->held = xcalloc((size_t)d->size, sizeof *d->held);
    d->asks = xcalloc((size_t)d->size, sizeof *d->asks);
    d->k = xcalloc((size_t)d->size, sizeof *d->k);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    r = pthread_create(&d->thread, NULL, run, f);
    if (r) {
        d->finished = 1;
        return err_set(e, ERR_IO, "no thread to hand out records: %s",
                       strerror(r));
    }
    return 0;
}

static int fault(const struct farm_desk *d, struct err *e)
{
    if (d->failed)
        *e = d->err;
    return d->failed ? -d->err.code : 0;
}

int farm_desk_get(struct farm *f, int wait, uint64_t *number, struct buf *item,
                  struct err *e)
{
    struct farm_desk *d = f->desk;
    struct item *i = NULL;
    int r;

    pthread_mutex_lock(&d->lock);
    while (!d->failed && !(i = hand_out(d, 0)) && wait && !is_over(d))
        pthread_cond_wait(&d->changed, &d->lock);
    r = fault(d, e);
    if (i) {
        item->n = 0;
        buf_put(item, i->bytes.p, i->bytes.n);
        *number = i->number;
    }
    pthread_mutex_unlock(&d->lock);
    return r ? r : i != NULL;
}

int farm_desk_give(struct farm *f, uint64_t number, int i, const void *p,
                   size_t n, struct err *e)
{
    struct farm_desk *d = f->desk;
    struct buf b = {0};
    int r;

    buf_put(&b, p, n);
    pthread_mutex_lock(&d->lock);
    r = fault(d, e);
    if (!r)
        r = store(d, 0, number, i, &b, e);
    pthread_mutex_unlock(&d->lock);
    buf_free(&b);
    return r;
}

int farm_desk_leave(struct farm *f, struct err *e)
{
    struct farm_desk *d = f->desk;
    int r;

    pthread_mutex_lock(&d->lock);
    d->n_left++;
    while (!d->finished)
        pthread_cond_wait(&d->changed, &d->lock);
    r = fault(d, e);
    pthread_mutex_unlock(&d->lock);
    return r;
}

int farm_desk_is_done(struct farm *f)
{
    int r;

    pthread_mutex_lock(&f->desk->lock);
    r = f->desk->finished;
    pthread_mutex_unlock(&f->desk->lock);
    return r;
}

void farm_desk_close(struct farm *f)
{
    struct farm_desk *d = f->desk;

    if (!d || !farm_desk_is_done(f)) /* it may wait for long */
        return;
    if (d->thread)
        pthread_join(d->thread, NULL);
    while (d->first)
        free_first(d);
    free(d->held);
    free(d->asks);
    free(d->k);
    free(d);
    f->desk = NULL;
}
