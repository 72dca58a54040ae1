/* code - items to workers, verdicts in order
 *
 * A worker is a thread with two sandboxes, one for programs (U) and one for
 * tests (T). Items wait in a ring; the thread that takes one leaves its
 * verdict in the same slot. The threads are what keeps the items' clocks: they
 * run whatever the caller does. To start one takes the time of dozens of small
 * programs, so that the first is alone until it has worked for some such times
 * and items still wait.
 */
#include "code.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "code_item.h"
#include "code_judge.h"

/* START_WORTH: times that starting one took, before another is started. */
enum { MAX_WORKERS = 16, SLOTS_PER_WORKER = 4, START_WORTH = 3 };

/* AGAIN: the item is that of the slot before, and so is its verdict. */
enum slot_state { EMPTY, WAITING, RUNNING, DONE, AGAIN };

struct slot {
    enum slot_state state;
    struct code_item item; /* owns its texts */
    struct code_verdict verdict;
};

struct worker {
    pthread_t thread;
    int has_thread;
    struct code_verifier *v;
    struct code_pair pair;
    int up; /* 0 starting, 1 ready, -1 failed: why is in err */
    int64_t ready_ms, start_ms; /* since when; how long starting took */
    struct err err;
};

struct code_verifier {
    struct code_opts opts;
    char *bwrap; /* its path */
    int n_workers, n_started, n_slots, broken;
    atomic_int stop;
    struct err broken_why;
    struct worker *worker;
    struct slot *slot;
    uint64_t submitted, taken, collected; /* slot = number % n_slots */
    struct code_item last;                /* submitted; owns its texts */
    struct code_verdict last_verdict;     /* collected */
    pthread_mutex_t lock;
    pthread_cond_t work, done;
};

/* --- workers --- */

static void take_items(struct worker *w)
{
    struct code_verifier *v = w->v;

    while (!v->stop) {
        struct slot *s;
        struct code_verdict out;
        struct err e = {0};
        int r, broken;

        if (v->taken == v->submitted) {
            pthread_cond_wait(&v->work, &v->lock);
            continue;
        }
        s = &v->slot[v->taken++ % (uint64_t)v->n_slots];
        if (s->state == AGAIN)
            continue;
        s->state = RUNNING;
        broken = v->broken;
        pthread_mutex_unlock(&v->lock);
        r = broken ? -1 : code_pair_judge(&w->pair, &s->item, &out, &e);
        if (r)
            code_say(&out, CODE_ERROR, "%.255s",
                     broken ? v->broken_why.msg : e.msg);
        pthread_mutex_lock(&v->lock);
        if (r && !v->broken) {
            v->broken_why = e;
            v->broken = 1;
        }
        s->verdict = out;
        s->state = DONE;
        pthread_cond_broadcast(&v->done);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct code_verifier *v = w->v;
    int64_t began = clock_ms();
    int r = code_pair_start(&w->pair, &w->err);

    pthread_mutex_lock(&v->lock);
    w->ready_ms = clock_ms();
    w->start_ms = w->ready_ms - began;
    w->up = r ? -1 : 1;
    pthread_cond_broadcast(&v->done);
    if (!r)
        take_items(w);
    pthread_mutex_unlock(&v->lock);
    code_pair_stop(&w->pair);
    return NULL;
}

/* --- open and close --- */

static int find_bwrap(const char *name, char **out, struct err *e)
{
    if (strchr(name, '/')) {
        *out = xstrdup(name);
        if (access(name, X_OK) == 0)
            return 0;
        return err_errno(e, ERR_IO, "the sandbox cannot be made: %s", name);
    }
    *out = file_in_path(name);
    if (*out)
        return 0;
    return err_set(e, ERR_IO,
                   "the sandbox cannot be made: %s is not in PATH "
                   "(package bubblewrap)",
                   name);
}

static int start_worker(struct code_verifier *v, struct err *e)
{
    struct worker *w = &v->worker[v->n_started++];
    sigset_t all, old;

    w->v = v;
    w->pair.sandbox = (struct sandbox_opts){
        .bwrap = v->bwrap,
        .python = v->opts.python,
        .mem_bytes = v->opts.mem_bytes,
        .cpu_s = (int)(v->opts.cpu_s + 0.999)};
    w->pair.wait_s = v->opts.wait_s;
    w->pair.stop = &v->stop;
    w->pair.u.ctl = w->pair.u.init = w->pair.u.note = -1;
    w->pair.t = w->pair.u;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    errno = pthread_create(&w->thread, NULL, work, w);
    w->has_thread = !errno;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return errno ? err_errno(e, ERR_IO, "a thread for the sandbox") : 0;
}

/* The first worker, which says whether there can be one at all. */
static int start_first(struct code_verifier *v, struct err *e)
{
    int r = start_worker(v, e);

    pthread_mutex_lock(&v->lock);
    while (!r && !v->worker[0].up)
        pthread_cond_wait(&v->done, &v->lock);
    if (!r && v->worker[0].up < 0) {
        *e = v->worker[0].err;
        r = -e->code;
    }
    pthread_mutex_unlock(&v->lock);
    return r;
}

/* When another worker is to start, if nothing changes; -1: none is. */
static int64_t next_start_ms(const struct code_verifier *v)
{
    const struct worker *last = &v->worker[v->n_started - 1];

    if (v->n_started == v->n_workers || last->up <= 0 ||
        v->taken == v->submitted)
        return -1;
    return last->ready_ms + START_WORTH * last->start_ms;
}

/* One that cannot start leaves the work to the others. */
static void start_when_due(struct code_verifier *v)
{
    int64_t due = next_start_ms(v);
    struct err unused = {0};

    if (due >= 0 && clock_ms() >= due && start_worker(v, &unused))
        v->n_workers = --v->n_started;
}

static void wait_for_verdict(struct code_verifier *v)
{
    int64_t due = next_start_ms(v);
    struct timespec t = {due / 1000, due % 1000 * 1000000};

    if (due < 0)
        pthread_cond_wait(&v->done, &v->lock);
    else if (pthread_cond_timedwait(&v->done, &v->lock, &t) == ETIMEDOUT)
        start_when_due(v);
}

static void open_locks(struct code_verifier *v)
{
    pthread_condattr_t a;

    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC); /* of clock_ms */
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->work, NULL);
    pthread_cond_init(&v->done, &a);
    pthread_condattr_destroy(&a);
}

int code_open(struct code_verifier **out, const struct code_opts *o,
              struct err *e)
{
    struct code_verifier *v = xcalloc(1, sizeof *v);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int r;

    *out = NULL;
    if (o)
        v->opts = *o;
    if (v->opts.workers <= 0)
        v->opts.workers = cpus > 0 ? (int)cpus : 1;
    if (v->opts.workers > MAX_WORKERS)
        v->opts.workers = MAX_WORKERS;
    if (v->opts.wait_s <= 0)
        v->opts.wait_s = 10;
    if (v->opts.cpu_s <= 0)
        v->opts.cpu_s = 5;
    if (!v->opts.mem_bytes)
        v->opts.mem_bytes = (size_t)1 << 30;
    if (!v->opts.python)
        v->opts.python = "/usr/bin/python3";
    v->n_workers = v->opts.workers;
    v->n_slots = v->n_workers * SLOTS_PER_WORKER;
    v->worker = xcalloc((size_t)v->n_workers, sizeof *v->worker);
    v->slot = xcalloc((size_t)v->n_slots, sizeof *v->slot);
    open_locks(v);
    if (!v->opts.bwrap)
        v->opts.bwrap = "bwrap";
    r = find_bwrap(v->opts.bwrap, &v->bwrap, e);
    if (!r)
        r = start_first(v, e);
    if (r) {
        code_close(&v);
        return r;
    }
    *out = v;
    return 0;
}

static void slot_empty(struct slot *s)
{
    code_item_free(&s->item);
    *s = (struct slot){0};
}

void code_close(struct code_verifier **pv)
{
    struct code_verifier *v = *pv;

    *pv = NULL;
    if (!v)
        return;
    pthread_mutex_lock(&v->lock);
    v->stop = 1;
    pthread_cond_broadcast(&v->work);
    pthread_mutex_unlock(&v->lock);
    for (int i = 0; i < v->n_workers; i++)
        if (v->worker[i].has_thread)
            pthread_join(v->worker[i].thread, NULL);
    for (int i = 0; i < v->n_slots; i++)
        slot_empty(&v->slot[i]);
    code_item_free(&v->last);
    pthread_cond_destroy(&v->work);
    pthread_cond_destroy(&v->done);
    pthread_mutex_destroy(&v->lock);
    free(v->worker);
    free(v->slot);
    free(v->bwrap);
    free(v);
}

/* --- the stream of items --- */

int code_submit(struct code_verifier *v, const struct code_item *item,
                struct err *e)
{
    int r = code_item_check(item, e);
    struct slot *s;

    if (r)
        return r;
    pthread_mutex_lock(&v->lock);
    if (v->submitted - v->collected == (uint64_t)v->n_slots) {
        pthread_mutex_unlock(&v->lock);
        return err_set(e, ERR_USAGE, "%d items are to be collected first",
                       v->n_slots);
    }
    s = &v->slot[v->submitted % (uint64_t)v->n_slots];
    s->state = code_item_same(&v->last, item) ? AGAIN : WAITING;
    if (s->state == WAITING) {
        s->item = code_item_copy(item);
        code_item_free(&v->last);
        v->last = code_item_copy(item);
    }
    v->submitted++;
    pthread_cond_signal(&v->work);
    start_when_due(v);
    pthread_mutex_unlock(&v->lock);
    return 0;
}

int code_collect(struct code_verifier *v, struct code_verdict *out)
{
    struct slot *s;

    pthread_mutex_lock(&v->lock);
    if (v->collected == v->submitted) {
        pthread_mutex_unlock(&v->lock);
        return 0;
    }
    s = &v->slot[v->collected % (uint64_t)v->n_slots];
    while (s->state != DONE && s->state != AGAIN)
        wait_for_verdict(v);
    if (s->state == DONE)
        v->last_verdict = s->verdict;
    *out = v->last_verdict;
    slot_empty(s);
    v->collected++;
    pthread_mutex_unlock(&v->lock);
    return 1;
}

int code_outstanding(struct code_verifier *v)
{
    int n;

    pthread_mutex_lock(&v->lock);
    n = (int)(v->submitted - v->collected);
    pthread_mutex_unlock(&v->lock);
    return n;
}

int code_room(struct code_verifier *v)
{
    return v->n_slots - code_outstanding(v);
}

int code_health(struct code_verifier *v, struct err *e)
{
    int broken;

    pthread_mutex_lock(&v->lock);
    broken = v->broken;
    if (broken && e)
        *e = v->broken_why;
    pthread_mutex_unlock(&v->lock);
    return broken ? -ERR_IO : 0;
}
