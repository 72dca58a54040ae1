/* pool - threads that join a loop when they are there in time, and are not
 * waited for when they are not
 *
 * `state` holds the loop's number and whether it is open. A helper raises its
 * own flag, looks at the state again, and works if the loop is open; the
 * caller works like everybody, closes the loop when no index is left, and
 * waits only for flags that are up. So a helper that the system did not
 * schedule costs nothing, and none touches a line that another writes except
 * to take its indices. A helper looks for the next loop for some microseconds
 * before it sleeps: longer where loops followed soon, shorter where not.
 *
 * On a busy machine a helper can do harm: it shares the caller's processor, or
 * loses its own with its flag up and keeps the caller waiting for a time slice.
 * Then it stays away for a while, and longer when it happens again.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pool.h"

#define US 1000ll
#define MS 1000000ll
#define SPIN_LEAST (5 * US)
#define SPIN_MOST (200 * US)
#define WAIT_SPIN (50 * US)      /* of the caller, before it sleeps */
#define WAIT_HARMS (200 * US)    /* less is no lost time slice */
#define AWAY_LEAST (2 * MS)
#define AWAY_MOST (256 * MS)

#define OPEN 1u
#define LOOP(s) ((s) >> 1)

/* Each worker's own lines, two of them: processors fetch lines in pairs. */
struct worker {
    _Alignas(128) _Atomic long next; /* its run of indices */
    long end;
    _Alignas(128) _Atomic int inside, harmed;
    int64_t away_for, back; /* the last time away: how long, until when */
    struct pool *p;
    pthread_t thread;
};

struct pool {
    /* read by all, written by the caller when a loop opens and closes */
    _Alignas(128) _Atomic uint32_t state;
    int cpu; /* the caller's */
    void (*fn)(void *ctx, long i, int worker);
    void *ctx;
    _Alignas(128) _Atomic int awake, asleep; /* helpers; others are away */
    _Atomic int caller_sleeps, stop;
    _Atomic int most_helpers, crowd;
    int n_threads;
    struct worker *worker;
};

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 * MS + t.tv_nsec;
}

static int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* 0 when woken, else -1: *word was not `seen`, a signal came, or the time
 * (0: no end) is over. */
static int futex_sleep(void *word, uint32_t seen, int64_t ns)
{
    struct timespec t = {ns / (1000 * MS), ns % (1000 * MS)};

    return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, ns ? &t : NULL,
                   NULL, 0)
               ? -1
               : 0;
}

/* How many were woken. */
static int futex_wake(void *word, int n)
{
    return (int)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

/* ---- work ---- */

/* The own run first, then what is left of the others'. */
static void take_indices(struct pool *p, int worker)
{
    for (int i = 0; i < p->n_threads; i++) {
        int at = worker + i;
        struct worker *w;
        long k;

        w = &p->worker[at < p->n_threads ? at : at - p->n_threads];
        while (atomic_load_explicit(&w->next, memory_order_relaxed) <
                   w->end &&
               (k = atomic_fetch_add_explicit(
                    &w->next, 1, memory_order_relaxed)) < w->end)
            p->fn(p->ctx, k, worker);
    }
}

/* ---- helpers ---- */

static int is_new(uint32_t s, uint32_t last)
{
    return (s & OPEN) && LOOP(s) != last;
}

static int called(struct pool *p, uint32_t last)
{
    return is_new(atomic_load(&p->state), last) || atomic_load(&p->stop);
}

/* 1: a loop came within the time. */
static int look(struct pool *p, uint32_t last, int64_t spin)
{
    int64_t end;

    if (called(p, last))
        return 1;
    if (!p->crowd && atomic_load(&p->awake) > p->most_helpers)
        return 0;
    end = now_ns() + spin;
    do
        for (int i = 0; i < 16; i++) {
            if (called(p, last))
                return 1;
            pause_cpu();
        }
    while (now_ns() < end);
    return 0;
}

/* Sleep until a loop newer than `last` opens or the pool closes. Who wakes a
 * helper counts it awake. */
static void sleep_until_called(struct pool *p, uint32_t last)
{
    uint32_t s = atomic_load(&p->state);

    if (is_new(s, last))
        return;
    atomic_fetch_add(&p->asleep, 1);
    atomic_fetch_sub(&p->awake, 1);
    while (!atomic_load(&p->stop))
        if (!futex_sleep(&p->state, s, 0))
            return;
        else if (errno != EINTR)
            break;
    atomic_fetch_sub(&p->asleep, 1);
    atomic_fetch_add(&p->awake, 1);
}

/* Sleep, and give the new time to look before the next sleep. */
static int64_t rest(struct pool *p, uint32_t last, int64_t spin)
{
    int64_t began = now_ns();

    sleep_until_called(p, last);
    if (now_ns() - began < 2 * SPIN_MOST)
        return spin < SPIN_MOST / 2 ? 2 * spin : SPIN_MOST;
    return spin > 2 * SPIN_LEAST ? spin / 2 : SPIN_LEAST;
}

/* Twice as long as last time where that has just ended. */
static void stay_away(struct worker *w)
{
    struct pool *p = w->p;
    int64_t now = now_ns();

    w->away_for = now - w->back < 2 * w->away_for ? 2 * w->away_for
                                                  : AWAY_LEAST;
    if (w->away_for > AWAY_MOST)
        w->away_for = AWAY_MOST;
    w->back = now + w->away_for;
    atomic_fetch_sub(&p->awake, 1);
    while (!atomic_load(&p->stop) && (now = now_ns()) < w->back)
        futex_sleep(&p->stop, 0, w->back - now);
    atomic_fetch_add(&p->awake, 1);
}

/* The flag is lowered; the caller may sleep for it. */
static void leave(struct pool *p, struct worker *w)
{
    atomic_store(&w->inside, 0);
    if (atomic_load(&p->caller_sleeps)) {
        atomic_store(&p->caller_sleeps, 0);
        futex_wake(&p->caller_sleeps, 1);
    }
}

static void *help(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->p;
    int64_t spin = SPIN_LEAST;
    uint32_t last = 0, s;
    int harm;

    while (!atomic_load(&p->stop)) {
        if (!look(p, last, spin)) {
            spin = rest(p, last, spin);
            continue;
        }
        harm = atomic_exchange(&w->harmed, 0);
        atomic_store(&w->inside, 1);
        s = atomic_load(&p->state);
        if (is_new(s, last)) {
            last = LOOP(s);
            harm |= p->cpu == sched_getcpu();
            if (!harm || p->crowd)
                take_indices(p, (int)(w - p->worker));
        }
        leave(p, w);
        if (harm && !p->crowd)
            stay_away(w);
    }
    return NULL;
}

/* ---- opening ---- */

static int processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static int default_threads(void)
{
    const char *s = getenv("ULP_THREADS");
    long n = s ? strtol(s, NULL, 10) : 0;

    return n >= 1 && n <= 4096 ? (int)n : processors();
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
    *p = (struct pool){.most_helpers = processors() - 1, .worker = w,
                       .n_threads = n};
    for (int i = 0; i < n; i++)
        w[i] = (struct worker){.p = p};
    for (int i = 1; i < p->n_threads; i++) {
        atomic_fetch_add(&p->awake, 1);
        if (pthread_create(&w[i].thread, NULL, help, &w[i])) {
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
        atomic_store(&p->worker[who].harmed, 1);
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

void pool_for(struct pool *p, long n,
              void (*fn)(void *ctx, long i, int worker), void *ctx)
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
    take_indices(p, 0);
    atomic_fetch_and(&p->state, ~OPEN);
    wait_for_helpers(p, began);
}
