/* reduce_thread - see reduce_thread.h */
#include "reduce_thread.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

struct round {
    int *turn; /* [ranks] */
    const char *grads;
    size_t at;
};

struct reduce_thread {
    struct reduce_scatter *t;
    int n;           /* rounds in all */
    struct round *v; /* [n] */
    int began;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t moved;
    int given, done, failed, quit;
    struct err err;
};

/* The round to carry, when it is there. 0: there is none any more. */
static int next(struct reduce_thread *c, struct round *x)
{
    int there;

    pthread_mutex_lock(&c->lock);
    while (c->given <= c->done && !c->quit)
        pthread_cond_wait(&c->moved, &c->lock);
    there = !c->quit;
    if (there)
        *x = c->v[c->done];
    pthread_mutex_unlock(&c->lock);
    return there;
}

static void end(struct reduce_thread *c, int r, const struct err *e)
{
    pthread_mutex_lock(&c->lock);
    if (r) {
        c->failed = r;
        c->err = *e;
    } else {
        c->done++;
    }
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->lock);
}

static void *carry(void *ctx)
{
    struct reduce_thread *c = ctx;
    struct err e = {0};
    struct round x;
    int r = 0;

    for (int i = 0; i < c->n && !r && next(c, &x); i++) {
        r = reduce_scatter_round(c->t, x.turn, x.grads, x.at, &e);
        end(c, r, &e);
    }
    return NULL;
}

struct reduce_thread *reduce_thread_open(struct reduce_scatter *t, int n)
{
    struct reduce_thread *c = xcalloc(1, sizeof *c);
    size_t ranks = (size_t)t->s->n;

    c->t = t;
    c->n = n;
    c->v = xcalloc((size_t)n, sizeof *c->v);
    for (int i = 0; i < n; i++)
        c->v[i].turn = xcalloc(ranks, sizeof *c->v[i].turn);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->moved, NULL);
    c->began = !pthread_create(&c->thread, NULL, carry, c);
    if (!c->began)
        reduce_thread_close(&c);
    return c;
}

void reduce_thread_post(struct reduce_thread *c, const int *turn,
                        const char *grads, size_t at)
{
    pthread_mutex_lock(&c->lock);
    memcpy(c->v[c->given].turn, turn, (size_t)c->t->s->n * sizeof *turn);
    c->v[c->given].grads = grads;
    c->v[c->given++].at = at;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->lock);
}

int reduce_thread_wait(struct reduce_thread *c, int n, struct err *e)
{
    int r;

    pthread_mutex_lock(&c->lock);
    while (c->done < n && !c->failed)
        pthread_cond_wait(&c->moved, &c->lock);
    r = c->failed;
    if (r)
        *e = c->err;
    pthread_mutex_unlock(&c->lock);
    return r;
}

/* 1 when all rounds are done; else no other one begins. */
static int stop(struct reduce_thread *c)
{
    int done;

    pthread_mutex_lock(&c->lock);
    done = c->done == c->n;
    c->quit = !done;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->lock);
    return done;
}

void reduce_thread_close(struct reduce_thread **out)
{
    struct reduce_thread *c = *out;

    if (!c)
        return;
    if (c->began) {
        if (!stop(c)) /* after an error: it may wait for a rank for ever */
            comm_leave(c->t->s->c);
        pthread_join(c->thread, NULL);
    }
    for (int i = 0; i < c->n; i++)
        free(c->v[i].turn);
    free(c->v);
    pthread_cond_destroy(&c->moved);
    pthread_mutex_destroy(&c->lock);
    free(c);
    *out = NULL;
}
