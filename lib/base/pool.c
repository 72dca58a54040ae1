/* pool - threads that join a loop when they are there in time, and are not
 * waited for when they are not: the caller's side (pool_impl.h, pool_help.c) */
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include "pool_impl.h"

#define WAIT_SPIN (50 * US) /* of the caller, before it sleeps */
#define WAIT_HARMS (1 * MS) /* less is no lost time slice */

/* ---- opening ---- */

/* How many this thread may use; *set: which. */
static int processors(cpu_set_t *set)
{
    CPU_ZERO(set);
    return sched_getaffinity(0, sizeof *set, set) == 0 ? CPU_COUNT(set) : 1;
}

static int default_threads(void)
{
    const char *s = getenv("ULP_THREADS");
    long n = s ? strtol(s, NULL, 10) : 0;
    cpu_set_t set;

    return n >= 1 && n <= POOL_MOST ? (int)n : processors(&set);
}

int pool_count(int n_threads)
{
    return n_threads > 0 ? n_threads : default_threads();
}

struct pool *pool_open(int n_threads)
{
    int n = pool_count(n_threads);
    struct pool *p = aligned_alloc(128, sizeof *p);
    struct worker *w = aligned_alloc(128, (size_t)n * sizeof *w);

    if (!p || !w) {
        free(p);
        free(w);
        return NULL;
    }
    *p = (struct pool){.worker = w, .n_threads = n};
    p->most_helpers = processors(&p->processors) - 1;
    for (int i = 0; i < n; i++)
        w[i] = (struct worker){.p = p};
    for (int i = 1; i < p->n_threads; i++) {
        atomic_fetch_add(&p->awake, 1);
        if (pthread_create(&w[i].thread, NULL, pool_help, &w[i])) {
            /* fewer threads change no result */
            atomic_fetch_sub(&p->awake, 1);
            p->n_threads = i;
        }
    }
    return p;
}

void pool_close(struct pool **pp)
{
    struct pool *p = *pp;

    if (!p)
        return;
    atomic_store(&p->stop, 1);
    /* a helper about to sleep finds the state changed */
    atomic_fetch_add(&p->state, 2 * OPEN);
    futex_wake(&p->state, INT_MAX);
    futex_wake(&p->stop, INT_MAX);
    for (int i = 1; i < p->n_threads; i++)
        pthread_join(p->worker[i].thread, NULL);
    free(p->worker);
    free(p);
    *pp = NULL;
}

int pool_threads(const struct pool *p)
{
    return p->n_threads;
}

void pool_rest(struct pool *p)
{
    atomic_store_explicit(&p->rest, 1, memory_order_relaxed);
}

void pool_crowd(struct pool *p)
{
    p->crowd = 1;
    p->most_helpers = p->n_threads - 1;
}

/* ---- the caller ---- */

static int inside(struct pool *p)
{
    for (int i = 1; i < p->n_threads; i++)
        if (atomic_load(&p->worker[i].inside))
            return i;
    return 0;
}

/* Nanoseconds that a helper's thread was on a processor. */
static int64_t ran_ns(const struct worker *w)
{
    clockid_t clock;

    return pthread_getcpuclockid(w->thread, &clock) ? 0 : clock_ns(clock);
}

/* A helper that had no processor while the caller waited, for longer than the
 * loop's work took, did harm. */
static void wait_for_helpers(struct pool *p, int64_t began)
{
    int64_t from, waited, ran;
    int who;

    for (int i = 0; i < 64; i++) {
        if (!inside(p))
            return;
        pause_cpu();
    }
    from = now_ns();
    who = inside(p);
    if (!who)
        return;
    ran = ran_ns(&p->worker[who]);
    while (inside(p)) {
        if (now_ns() - from < WAIT_SPIN) {
            pause_cpu();
            continue;
        }
        atomic_store(&p->caller_sleeps, 1);
        if (inside(p))
            futex_sleep(&p->caller_sleeps, 1, 0);
        atomic_store(&p->caller_sleeps, 0);
    }
    waited = now_ns() - from;
    if (waited > WAIT_HARMS && waited > from - began &&
        ran_ns(&p->worker[who]) - ran < waited / 2)
        atomic_store(&p->worker[who].harmed, waited);
}

static void open_loop(struct pool *p, long n,
                      void (*fn)(void *ctx, long i, int worker), void *ctx)
{
    uint32_t s = atomic_load_explicit(&p->state, memory_order_relaxed);
    int wanted = p->most_helpers < n - 1 ? p->most_helpers : (int)(n - 1);
    int awake;

    p->fn = fn;
    p->ctx = ctx;
    p->cpu = sched_getcpu();
    atomic_store_explicit(&p->rest, 0, memory_order_relaxed);
    for (int i = 0; i < p->n_threads; i++) {
        struct worker *w = &p->worker[i];

        w->end = n * (i + 1) / p->n_threads;
        atomic_store_explicit(&w->next, n * i / p->n_threads,
                              memory_order_relaxed);
    }
    /* 0 is what a helper has seen at its start, so no loop has that number */
    s = (s & ~OPEN) + 2 * OPEN;
    s += LOOP(s) ? 0 : 2 * OPEN;
    atomic_store(&p->state, s | OPEN);
    awake = atomic_load(&p->awake);
    if (awake < wanted && atomic_load(&p->asleep)) {
        int woken = futex_wake(&p->state, wanted - awake);

        atomic_fetch_sub(&p->asleep, woken);
        atomic_fetch_add(&p->awake, woken);
    }
}

void pool_for(struct pool *p, long n, void (*fn)(void *ctx, long i, int worker),
              void *ctx)
{
    int64_t began;

    if (p->n_threads == 1 || n <= 1 || !p->most_helpers ||
        atomic_load(&p->awake) + atomic_load(&p->asleep) == 0) {
        for (long i = 0; i < n; i++)
            fn(ctx, i, 0);
        return;
    }
    began = now_ns();
    open_loop(p, n, fn, ctx);
    pool_take(p, 0);
    atomic_fetch_and(&p->state, ~OPEN);
    wait_for_helpers(p, began);
}
