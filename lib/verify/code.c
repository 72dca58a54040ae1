/* code - items to workers, verdicts in order
 *
 * A worker is a thread with two sandboxes, one for programs (U) and one for
 * tests (T). Items wait in a ring; the thread that takes one leaves its
 * verdict in the same slot. The threads are what keeps the items' clocks: they
 * run whatever the caller does.
 */
#include "code.h"
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/file.h"
#include "code_judge.h"

enum { MAX_WORKERS = 16, SLOTS_PER_WORKER = 4 };

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
    struct err err;
};

struct code_verifier {
    struct code_opts opts;
    char *bwrap; /* its path */
    int n_workers, n_slots, broken;
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
    int r = code_pair_start(&w->pair, &w->err);

    pthread_mutex_lock(&v->lock);
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

static int start_workers(struct code_verifier *v, struct err *e)
{
    sigset_t all, old;
    int r = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 0; i < v->n_workers && !r; i++) {
        struct worker *w = &v->worker[i];
        struct sandbox_opts o = {.bwrap = v->bwrap,
                                 .python = v->opts.python,
                                 .mem_bytes = v->opts.mem_bytes,
                                 .cpu_s = (int)(v->opts.cpu_s + 0.999)};

        w->v = v;
        w->pair.sandbox = o;
        w->pair.wait_s = v->opts.wait_s;
        w->pair.stop = &v->stop;
        w->pair.u.ctl = w->pair.u.init = w->pair.u.note = -1;
        w->pair.t = w->pair.u;
        errno = pthread_create(&w->thread, NULL, work, w);
        if (errno)
            r = err_errno(e, ERR_IO, "a thread for the sandbox");
        else
            w->has_thread = 1;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_lock(&v->lock);
    for (int i = 0; i < v->n_workers && !r; i++) {
        while (!v->worker[i].up)
            pthread_cond_wait(&v->done, &v->lock);
        if (v->worker[i].up < 0) {
            *e = v->worker[i].err;
            r = -e->code;
        }
    }
    pthread_mutex_unlock(&v->lock);
    return r;
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
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->work, NULL);
    pthread_cond_init(&v->done, NULL);
    if (!v->opts.bwrap)
        v->opts.bwrap = "bwrap";
    r = find_bwrap(v->opts.bwrap, &v->bwrap, e);
    if (!r)
        r = start_workers(v, e);
    if (r) {
        code_close(&v);
        return r;
    }
    *out = v;
    return 0;
}

static void item_free(struct code_item *i)
{
    free((void *)(uintptr_t)i->prompt);
    free((void *)(uintptr_t)i->response);
    free((void *)(uintptr_t)i->test);
    free((void *)(uintptr_t)i->entry_point);
    *i = (struct code_item){0};
}

static void slot_empty(struct slot *s)
{
    item_free(&s->item);
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
    item_free(&v->last);
    pthread_cond_destroy(&v->work);
    pthread_cond_destroy(&v->done);
    pthread_mutex_destroy(&v->lock);
    free(v->worker);
    free(v->slot);
    free(v->bwrap);
    free(v);
}

/* --- the stream of items --- */

static int check_item(const struct code_item *i, struct err *e)
{
    const char *c = i->entry_point;

    if (!c || !*c || isdigit((unsigned char)*c))
        return err_set(e, ERR_DATA, "entry_point is no name of a function");
    for (; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && (unsigned char)*c < 128)
            return err_set(e, ERR_DATA,
                           "entry_point '%.60s' is no name of "
                           "a function",
                           i->entry_point);
    if (i->n_prompt > CODE_MAX_TEXT || i->n_test > CODE_MAX_TEXT)
        return err_set(e, ERR_DATA, "a prompt or test of more than %d bytes",
                       CODE_MAX_TEXT);
    return 0;
}

static char *copy(const char *s, size_t n)
{
    char *c = xmalloc(n + 1);

    memcpy(c, s ? s : "", n);
    c[n] = 0;
    return c;
}

static int same_text(const char *a, size_t n, const char *b, size_t m)
{
    return n == m && (!n || !memcmp(a, b, n));
}

/* The texts alone decide a verdict. */
static int same_item(const struct code_item *a, const struct code_item *b)
{
    return a->entry_point && !strcmp(a->entry_point, b->entry_point) &&
           same_text(a->prompt, a->n_prompt, b->prompt, b->n_prompt) &&
           same_text(a->response, a->n_response, b->response, b->n_response) &&
           same_text(a->test, a->n_test, b->test, b->n_test);
}

/* Owns its texts. */
static struct code_item item_copy(const struct code_item *item)
{
    struct code_item i = *item;

    i.prompt = copy(item->prompt, item->n_prompt);
    if (i.n_response > CODE_MAX_TEXT) /* judge() says so; no need of it */
        i.n_response = CODE_MAX_TEXT + 1;
    i.response = copy(item->response, i.n_response);
    i.test = copy(item->test, item->n_test);
    i.entry_point = xstrdup(item->entry_point);
    return i;
}

int code_submit(struct code_verifier *v, const struct code_item *item,
                struct err *e)
{
    int r = check_item(item, e);
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
    s->state = same_item(&v->last, item) ? AGAIN : WAITING;
    if (s->state == WAITING) {
        s->item = item_copy(item);
        item_free(&v->last);
        v->last = item_copy(item);
    }
    v->submitted++;
    pthread_cond_signal(&v->work);
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
        pthread_cond_wait(&v->done, &v->lock);
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
