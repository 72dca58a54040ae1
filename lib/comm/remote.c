/* remote - see remote.h */
#include "remote.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "comm_impl.h"

enum {
    MOST = 8,    /* exposed at a time */
    WAIT_MS = 20 /* how soon the thread sees that it is to end */
};

struct request {
    uint64_t which, at, n;
};

struct remote {
    struct comm *c;
    uint64_t draws; /* of the rank that asks */
    pthread_t thread;
    _Atomic int quit;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t settled;
    int sending;
    int n;
    struct {
        char *p;
        size_t bytes;
    } v[MOST];
};

/* ---- the thread of a rank whose memory is read ----------------- */

/* The request of rank `from`. */
static int receive(struct remote *l, int from, struct request *a, struct err *e)
{
    struct comm *c = l->c;
    struct comm_part q = {.peer = from,
                          .p = (char *)a,
                          .n = sizeof *a,
                          .channel = CHANNEL_REQUEST};
    char why[512] = "";
    int lost = -1;

    return comm_exchange(c, &q, 1, &lost, why, sizeof why)
               ? comm_failed(c, lost, why, e)
               : 0;
}

static int reply_to(struct remote *l, int to, const struct request *a,
                    struct comm_part *q, struct err *e)
{
    char *p = NULL;

    pthread_mutex_lock(&l->lock);
    if (a->which < (uint64_t)l->n && a->n <= l->v[a->which].bytes &&
        a->at <= l->v[a->which].bytes - a->n)
        p = l->v[a->which].p + a->at;
    pthread_mutex_unlock(&l->lock);
    *q = (struct comm_part){.peer = to,
                            .sending = 1,
                            .p = p,
                            .n = (size_t)a->n,
                            .channel = CHANNEL_REPLY};
    return p ? 0
             : err_set(e, ERR_IO,
                       "between ranks: rank %d asked for memory that is not "
                       "exposed",
                       to);
}

/* The rank whose request waits, or -1 after wait_ms. */
static int look(struct remote *l, int wait_ms, int *from, struct err *e)
{
    struct comm *c = l->c;
    char why[512] = "";
    int lost = -1;

    return c->x.probe(c->x.ctx, CHANNEL_REQUEST, wait_ms, from, &lost, why,
                      sizeof why)
               ? comm_failed(c, lost, why, e)
               : 0;
}

static void set_sending(struct remote *l, int yes)
{
    pthread_mutex_lock(&l->lock);
    l->sending = yes;
    pthread_cond_broadcast(&l->settled);
    pthread_mutex_unlock(&l->lock);
}

static int send_all(struct remote *l, const struct comm_part *q, int n,
                    struct err *e)
{
    struct comm *c = l->c;
    char why[512] = "";
    int lost = -1;

    for (int i = 0; i < n; i++)
        c->sent += q[i].n;
    return comm_exchange(c, q, n, &lost, why, sizeof why)
               ? comm_failed(c, lost, why, e)
               : 0;
}

/* All ranks whose requests wait; q: [size]. */
static int serve(struct remote *l, struct comm_part *q, uint64_t *draws,
                 struct err *e)
{
    int n = 0, from, r = look(l, WAIT_MS, &from, e);

    if (r || from < 0)
        return r;
    set_sending(l, 1);
    comm_delay(l->c, draws);
    /* each rank has one request at a time */
    while (!r && from >= 0 && n < comm_size(l->c)) {
        struct request a;

        r = receive(l, from, &a, e);
        if (!r)
            r = reply_to(l, from, &a, &q[n++], e);
        if (!r)
            r = look(l, 0, &from, e);
    }
    if (!r)
        r = send_all(l, q, n, e);
    set_sending(l, 0);
    return r;
}

static void *work(void *ctx)
{
    struct remote *l = ctx;
    struct comm_part *q = xcalloc((size_t)comm_size(l->c), sizeof *q);
    uint64_t draws = rng_mix(l->draws);
    struct err e = {0};
    int r = 0;

    while (!l->quit && !r)
        r = serve(l, q, &draws, &e);
    free(q);
    /* the others wait for what does not come */
    if (r && !l->quit && !l->c->left && l->c->fatal)
        l->c->fatal(&e);
    return NULL;
}

/* ---- its beginning and end ------------------------------------------- */

static void end(struct comm *c)
{
    struct remote *l = c->remote;

    l->quit = 1;
    pthread_join(l->thread, NULL);
    for (int i = 0; i < l->n; i++)
        munmap(l->v[i].p, l->v[i].bytes);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->settled);
    free(l);
    c->remote = NULL;
}

static int begin(struct comm *c)
{
    struct remote *l = xcalloc(1, sizeof *l);
    sigset_t all, old;
    int r;

    l->c = c;
    l->draws = rng_mix((uint64_t)c->x.rank + 1000);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->settled, NULL);
    /* signals are for the thread that computes */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&l->thread, NULL, work, l);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (r) {
        free(l);
        return -1;
    }
    c->remote = l;
    c->end = end;
    return 0;
}

int remote_expose(struct comm *c, size_t bytes, char **p)
{
    struct remote *l;
    void *at;
    int which;

    *p = NULL;
    if (!c->remote && begin(c))
        return -1;
    l = c->remote;
    if (l->n == MOST)
        return -1;
    at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
              -1, 0);
    if (at == MAP_FAILED)
        return -1;
    *p = at;
    pthread_mutex_lock(&l->lock);
    which = l->n++;
    l->v[which].p = *p;
    l->v[which].bytes = bytes;
    pthread_mutex_unlock(&l->lock);
    return which;
}

/* ---- a rank that reads ----------------------------------------------- */

int remote_read(struct comm *c, int which, int r, size_t at, size_t n, void *to,
                struct err *e)
{
    struct request a = {(uint64_t)which, at, n};
    struct comm_part q[] = {
        {.peer = r, .p = to, .n = n, .channel = CHANNEL_REPLY},
        {.peer = r,
         .sending = 1,
         .p = (char *)&a,
         .n = sizeof a,
         .channel = CHANNEL_REQUEST}};
    char why[512] = "";
    int lost = -1;

    if (!n)
        return 0;
    comm_delay(c, &c->remote->draws);
    c->received += n;
    return comm_exchange(c, q, 2, &lost, why, sizeof why)
               ? comm_failed(c, lost, why, e)
               : 0;
}

void remote_settle(struct comm *c)
{
    struct remote *l = c->remote;

    pthread_mutex_lock(&l->lock);
    while (l->sending)
        pthread_cond_wait(&l->settled, &l->lock);
    pthread_mutex_unlock(&l->lock);
}
