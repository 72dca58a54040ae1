/* plugin - an engine of MPI, compiled once with each MPI and opened at run time
 *
 * Point-to-point messages alone: no reductions. Waits sleep, so that ranks which
 * share a processor do not take it from each other. Several threads may wait, one
 * at a time is within MPI.
 */
#include <mpi.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "../../base/clock.h"
#include "../engine.h"

enum {
    TAG = 1, /* and the channel's number */
    /* an int counts the bytes of a message: longer ones go in pieces */
    PIECE = 1 << 30,
    /* of more than this the transport may have to be turned often */
    MANY = 64 << 10,
    SHORT_US = 50,
    LONG_US = 1000
};

struct piece {
    MPI_Request *request;
    MPI_Status *status;
    int *peer, *want; /* want: bytes to receive, or -1 */
    int n, cap;
};

comm_plugin_fn comm_plugin_4;

/* ---- one thread at a time -------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int over; /* nobody calls MPI any more */

/* 0: MPI is this thread's until out(). */
static int in(char *why, size_t n_why)
{
    pthread_mutex_lock(&lock);
    if (!over)
        return 0;
    pthread_mutex_unlock(&lock);
    snprintf(why, n_why, "this rank has failed");
    return -1;
}

static void out(void)
{
    pthread_mutex_unlock(&lock);
}

static void leave(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&lock);
    over = 1;
    pthread_mutex_unlock(&lock);
}

/* ---- messages -------------------------------------------------------- */

static void nap(int us)
{
    nanosleep(&(struct timespec){0, us * 1000L}, NULL);
}

static int failed(int code, char *why, size_t n_why)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int n = 0;

    MPI_Error_string(code, text, &n);
    snprintf(why, n_why, "MPI: %.300s", text);
    return -1;
}

static int more(struct piece *p)
{
    size_t cap = p->cap ? 2 * (size_t)p->cap : 32;
    void *q = realloc(p->request, cap * sizeof *p->request);

    if (!q)
        return -1;
    p->request = q;
    q = realloc(p->status, cap * sizeof *p->status);
    if (!q)
        return -1;
    p->status = q;
    q = realloc(p->peer, cap * sizeof *p->peer);
    if (!q)
        return -1;
    p->peer = q;
    q = realloc(p->want, cap * sizeof *p->want);
    if (!q)
        return -1;
    p->want = q;
    p->cap = (int)cap;
    return 0;
}

static int begin(struct piece *p, const struct comm_part *q, char *why,
                 size_t n_why)
{
    int tag = TAG + (int)q->channel;

    for (size_t at = 0; at < q->n;) {
        int n = q->n - at < PIECE ? (int)(q->n - at) : PIECE, r;

        if (p->n == p->cap && more(p)) {
            snprintf(why, n_why, "out of memory");
            return -1;
        }
        r = q->sending ? MPI_Isend(q->p + at, n, MPI_BYTE, q->peer, tag,
                                   MPI_COMM_WORLD, &p->request[p->n])
                       : MPI_Irecv(q->p + at, n, MPI_BYTE, q->peer, tag,
                                   MPI_COMM_WORLD, &p->request[p->n]);
        if (r != MPI_SUCCESS)
            return failed(r, why, n_why);
        p->peer[p->n] = q->peer;
        p->want[p->n++] = q->sending ? -1 : n;
        at += (size_t)n;
    }
    return 0;
}

static int begin_all(struct piece *p, const struct comm_part *q, int n,
                     char *why, size_t n_why)
{
    int r = 0;

    if (in(why, n_why))
        return -1;
    for (int i = 0; i < n && !r; i++)
        r = begin(p, &q[i], why, n_why);
    out();
    return r;
}

static int check(const struct piece *p, int result, char *why, size_t n_why)
{
    for (int i = 0; i < p->n; i++) {
        int code = MPI_SUCCESS, n = 0;

        /* only then has each status a code of its own */
        if (result == MPI_ERR_IN_STATUS)
            code = p->status[i].MPI_ERROR;
        if (code == MPI_ERR_PENDING)
            continue;
        if (code != MPI_SUCCESS)
            return failed(code, why, n_why);
        if (p->want[i] < 0)
            continue;
        MPI_Get_count(&p->status[i], MPI_BYTE, &n);
        if (n == p->want[i])
            continue;
        snprintf(why, n_why, "rank %d sent %d bytes, %d were expected",
                 p->peer[i], n, p->want[i]);
        return -1;
    }
    return result == MPI_SUCCESS ? 0 : failed(result, why, n_why);
}

/* 1: all are done. */
static int turn(struct piece *p, char *why, size_t n_why)
{
    int done = 0, r;

    if (in(why, n_why))
        return -1;
    r = MPI_Testall(p->n, p->request, &done, p->status);
    if (r != MPI_SUCCESS || done)
        r = check(p, r, why, n_why) ? -1 : 1;
    else
        r = 0;
    out();
    return r;
}

static int all(struct piece *p, size_t bytes, char *why, size_t n_why)
{
    int64_t began = clock_ns(CLOCK_MONOTONIC);
    int us = SHORT_US;

    for (;;) {
        int r = turn(p, why, n_why);

        if (r)
            return r < 0 ? r : 0;
        if (clock_ns(CLOCK_MONOTONIC) - began < 200000) {
            sched_yield();
            continue;
        }
        nap(us);
        if (bytes < MANY && us < LONG_US)
            us += us / 4;
    }
}

static int exchange(void *ctx, const struct comm_part *q, int n, int *lost,
                    char *why, size_t n_why)
{
    struct piece p = {0};
    size_t bytes = 0;
    int r;

    (void)ctx;
    *lost = -1;
    for (int i = 0; i < n; i++)
        bytes += q[i].n;
    r = begin_all(&p, q, n, why, n_why);
    if (!r)
        r = all(&p, bytes, why, n_why);
    free(p.request);
    free(p.status);
    free(p.peer);
    free(p.want);
    return r;
}

static int look(enum comm_channel channel, int *from, char *why, size_t n_why)
{
    MPI_Status s;
    int is = 0, r;

    if (in(why, n_why))
        return -1;
    r = MPI_Iprobe(MPI_ANY_SOURCE, TAG + (int)channel, MPI_COMM_WORLD, &is, &s);
    if (r == MPI_SUCCESS && is)
        *from = s.MPI_SOURCE;
    r = r == MPI_SUCCESS ? 0 : failed(r, why, n_why);
    out();
    return r;
}

static int probe(void *ctx, enum comm_channel channel, int wait_ms, int *from,
                 int *lost, char *why, size_t n_why)
{
    int64_t end = clock_ns(CLOCK_MONOTONIC) + 1000000 * (int64_t)wait_ms;
    int us = SHORT_US;

    (void)ctx;
    *from = *lost = -1;
    for (;;) {
        if (look(channel, from, why, n_why))
            return -1;
        if (*from >= 0 || clock_ns(CLOCK_MONOTONIC) >= end)
            return 0;
        nap(us);
        if (us < LONG_US)
            us += us / 4;
    }
}

static void finish(void *ctx)
{
    (void)ctx;
    MPI_Finalize();
}

int comm_plugin_4(struct comm_engine *x, char *why, size_t n_why)
{
    int got = 0, r = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &got);

    if (r != MPI_SUCCESS)
        return failed(r, why, n_why);
    if (got < MPI_THREAD_SERIALIZED) {
        snprintf(why, n_why, "this MPI serves one thread alone");
        return -1;
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    *x = (struct comm_engine){.channels = 1,
                              .exchange = exchange,
                              .probe = probe,
                              .leave = leave,
                              .close = finish};
    MPI_Comm_rank(MPI_COMM_WORLD, &x->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &x->size);
    return 0;
}
