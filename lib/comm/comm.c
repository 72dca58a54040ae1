/* comm - bytes between ranks: every operation as messages of an engine */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "comm_impl.h"

/* A broadcast of more goes out in slices that the ranks pass on to each other,
 * so that root sends them once and not to each. */
#define BCAST_WHOLE ((size_t)64 << 10)

struct comm *comm_of(const struct comm_engine *x)
{
    struct comm *c = xcalloc(1, sizeof *c);
    const char *delay = getenv("ULP_COMM_DELAY_US");

    c->x = *x;
    c->parts = xcalloc(2 * (size_t)x->size, sizeof *c->parts);
    c->lost = -1;
    c->delay_us = delay ? strtol(delay, NULL, 10) : 0;
    c->draws = rng_mix((uint64_t)x->rank + 1);
    return c;
}

struct comm *comm_alone(void)
{
    return comm_of(&(struct comm_engine){.rank = 0, .size = 1});
}

struct comm *comm_beside(const struct comm_engine *x, struct comm *host)
{
    struct comm *c = comm_of(x);

    c->host = host;
    return c;
}

int comm_exchange(struct comm *c, const struct comm_part *q, int n, int *lost,
                  char *why, size_t n_why)
{
    return c->x.exchange(c->x.ctx, q, n, lost, why, n_why);
}

void comm_leave(struct comm *c)
{
    if (!c)
        return;
    c->left = 1;
    if (c->x.leave)
        c->x.leave(c->x.ctx);
}

void comm_close(struct comm **c)
{
    if (!*c)
        return;
    if ((*c)->end)
        (*c)->end(*c);
    if ((*c)->x.close)
        (*c)->x.close((*c)->x.ctx);
    free((*c)->parts);
    free(*c);
    *c = NULL;
}

int comm_rank(const struct comm *c)
{
    return c ? c->x.rank : 0;
}

int comm_size(const struct comm *c)
{
    return c ? c->x.size : 1;
}

int comm_lost(const struct comm *c)
{
    return c ? c->lost : -1;
}

void comm_traffic(const struct comm *c, struct comm_traffic *t)
{
    *t = c ? (struct comm_traffic){c->sent, c->received}
           : (struct comm_traffic){0};
}

/* ---- a set of messages ---- */

void comm_delay(const struct comm *c, uint64_t *draws)
{
    struct timespec t;
    long us;

    if (c->delay_us <= 0)
        return;
    *draws = rng_mix(*draws);
    us = (long)(*draws % (uint64_t)(c->delay_us + 1));
    t = (struct timespec){us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

static int add(struct comm *c, int n, int peer, int sending, const void *p,
               size_t bytes)
{
    struct comm *t = c->host ? c->host : c; /* which counts */

    if (!bytes)
        return n;
    c->parts[n] = (struct comm_part){.peer = peer,
                                     .sending = sending,
                                     .p = (char *)(uintptr_t)p,
                                     .n = bytes};
    if (sending)
        t->sent += bytes;
    else
        t->received += bytes;
    return n + 1;
}

int comm_failed(struct comm *c, int lost, const char *why, struct err *e)
{
    c->lost = lost;
    if (c->host)
        c->host->lost = lost;
    if (lost >= 0)
        return err_set(e, ERR_IO, "rank %d has gone: %s", lost, why);
    return err_set(e, ERR_IO, "between ranks: %s", why);
}

static int run(struct comm *c, int n, struct err *e)
{
    char why[512] = "";
    int lost = -1;

    if (!n)
        return 0;
    comm_delay(c, &c->draws);
    if (!c->x.exchange(c->x.ctx, c->parts, n, &lost, why, sizeof why))
        return 0;
    return comm_failed(c, lost, why, e);
}

static void copy(struct comm *c, void *to, const void *from, size_t n)
{
    if (!n)
        return;
    if (c->x.copy)
        c->x.copy(c->x.ctx, to, from, n);
    else
        memmove(to, from, n);
}

/* ---- the operations ---- */

static int one(struct comm *c, int peer, int sending, const void *p, size_t n,
               struct err *e)
{
    if (peer < 0 || peer >= comm_size(c) || peer == comm_rank(c))
        return err_set(e, ERR_USAGE,
                       "rank %d is none to send to or receive "
                       "from: this is rank %d of %d",
                       peer, comm_rank(c), comm_size(c));
    return run(c, add(c, 0, peer, sending, p, n), e);
}

int comm_send(struct comm *c, int to, const void *p, size_t n, struct err *e)
{
    return one(c, to, 1, p, n, e);
}

int comm_recv(struct comm *c, int from, void *p, size_t n, struct err *e)
{
    return one(c, from, 0, p, n, e);
}

int comm_pass(struct comm *c, int from, int to, void *p, size_t n,
              struct err *e)
{
    int me = comm_rank(c);

    if (from == to || (me != from && me != to))
        return 0;
    return me == from ? comm_send(c, to, p, n, e) : comm_recv(c, from, p, n, e);
}

static int add_allgatherv(struct comm *c, void *all, const size_t *n,
                          const size_t *at)
{
    int me = comm_rank(c), size = comm_size(c), k = 0;
    char *p = all;

    /* each begins at another rank, so that not all send to one at once */
    for (int i = 1; i < size; i++) {
        int from = (me + size - i) % size;

        k = add(c, k, from, 0, p + at[from], n[from]);
    }
    for (int i = 1; i < size; i++)
        k = add(c, k, (me + i) % size, 1, p + at[me], n[me]);
    return k;
}

int comm_allgatherv(struct comm *c, void *all, const size_t *n,
                    const size_t *at, struct err *e)
{
    return comm_size(c) == 1 ? 0 : run(c, add_allgatherv(c, all, n, at), e);
}

static int bcast_whole(struct comm *c, int root, void *p, size_t n,
                       struct err *e)
{
    int k = 0;

    if (comm_rank(c) != root)
        return run(c, add(c, 0, root, 0, p, n), e);
    for (int r = 0; r < comm_size(c); r++)
        if (r != root)
            k = add(c, k, r, 1, p, n);
    return run(c, k, e);
}

int comm_bcast(struct comm *c, int root, void *p, size_t n, struct err *e)
{
    size_t size = (size_t)comm_size(c);
    size_t *part, *at;
    int k = 0, r, me = comm_rank(c);

    if (size == 1)
        return 0;
    if (n <= BCAST_WHOLE || size == 2)
        return bcast_whole(c, root, p, n, e);
    part = xcalloc(2 * size, sizeof *part);
    at = part + size;
    for (size_t i = 0; i < size; i++) {
        at[i] = n / size * i;
        part[i] = i + 1 < size ? n / size : n - at[i];
    }
    if (me == root)
        for (int i = 0; i < (int)size; i++)
            k = i == root ? k : add(c, k, i, 1, (char *)p + at[i], part[i]);
    else
        k = add(c, 0, root, 0, (char *)p + at[me], part[me]);
    r = run(c, k, e);
    if (!r) { /* root has all already: it sends its own slice, gets none */
        k = 0;
        for (int i = 0; i < (int)size; i++)
            if (i != me && me != root)
                k = add(c, k, i, 0, (char *)p + at[i], part[i]);
        for (int i = 0; i < (int)size; i++)
            if (i != me && i != root)
                k = add(c, k, i, 1, (char *)p + at[me], part[me]);
        r = run(c, k, e);
    }
    free(part);
    return r;
}

int comm_gather(struct comm *c, int root, const void *mine, size_t n, void *all,
                struct err *e)
{
    int k = 0;

    if (comm_rank(c) != root)
        return run(c, add(c, 0, root, 1, mine, n), e);
    copy(c, (char *)all + (size_t)root * n, mine, n);
    for (int r = 0; r < comm_size(c); r++)
        if (r != root)
            k = add(c, k, r, 0, (char *)all + (size_t)r * n, n);
    return k ? run(c, k, e) : 0;
}

/* How many parts; or an error. */
static int add_alltoallv(struct comm *c, const void *send, const size_t *n_send,
                         const size_t *at_send, void *recv,
                         const size_t *n_recv, const size_t *at_recv,
                         struct err *e)
{
    int me = comm_rank(c), size = comm_size(c), k = 0;

    if (n_send[me] != n_recv[me])
        return err_set(e, ERR_USAGE,
                       "rank %d sends itself %zu bytes and "
                       "receives %zu",
                       me, n_send[me], n_recv[me]);
    copy(c, (char *)recv + at_recv[me], (const char *)send + at_send[me],
         n_send[me]);
    for (int i = 1; i < size; i++) {
        int from = (me + size - i) % size;

        k = add(c, k, from, 0, (char *)recv + at_recv[from], n_recv[from]);
    }
    for (int i = 1; i < size; i++) {
        int to = (me + i) % size;

        k = add(c, k, to, 1, (const char *)send + at_send[to], n_send[to]);
    }
    return k;
}

int comm_alltoallv(struct comm *c, const void *send, const size_t *n_send,
                   const size_t *at_send, void *recv, const size_t *n_recv,
                   const size_t *at_recv, struct err *e)
{
    int k = add_alltoallv(c, send, n_send, at_send, recv, n_recv, at_recv, e);

    return k <= 0 ? k : run(c, k, e);
}

int comm_barrier(struct comm *c, struct err *e)
{
    char mine = 0, *all;
    int r;

    if (comm_size(c) == 1)
        return 0;
    if (c->host)
        return comm_barrier(c->host, e);
    all = xcalloc((size_t)comm_size(c), 1);
    r = comm_gather(c, 0, &mine, 1, all, e);
    free(all);
    return r ? r : comm_bcast(c, 0, &mine, 1, e);
}

int comm_probe(struct comm *c, int wait_ms, int *from, struct err *e)
{
    char why[512] = "";
    int lost = -1;

    *from = -1;
    if (comm_size(c) > 1 && !c->x.probe)
        return err_set(e, ERR_USAGE,
                       "messages between devices are not "
                       "looked for: they are received");
    if (comm_size(c) == 1 || !c->x.probe(c->x.ctx, CHANNEL_MAIN, wait_ms, from,
                                         &lost, why, sizeof why))
        return 0;
    return comm_failed(c, lost, why, e);
}
