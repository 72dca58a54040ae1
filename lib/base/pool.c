/* pool - threads that join a loop when they wake in time, and are not waited
 * for when they do not
 *
 * `state` holds the loop's number, how many helpers are inside, and whether
 * the loop is open. A helper enters by compare-and-swap while it is open; the
 * caller takes indices like everybody, closes the loop when none is left, and
 * waits only for helpers that are inside. So a helper that the system did not
 * schedule costs nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include "arena.h"
#include "pool.h"

enum { SPINS = 100 }; /* a few microseconds of pause instructions */

#define OPEN 1ull
#define INSIDE 2ull
#define INSIDE_MASK 0xFFFFFFFEull
#define LOOP(s) ((s) >> 32)

struct pool {
    int n_threads;
    pthread_t *threads;
    _Atomic uint64_t state;
    _Atomic long next;
    _Atomic int sleepers, caller_waits, stop;
    long n;
    void (*fn)(void *ctx, long i, int worker);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
};

struct helper {
    struct pool *p;
    int worker;
};

static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void take_indices(struct pool *p, int worker)
{
    long i;

    while ((i = atomic_fetch_add_explicit(&p->next, 1,
                                          memory_order_relaxed)) < p->n)
        p->fn(p->ctx, i, worker);
}

static int is_new(uint64_t s, uint64_t last)
{
    return (s & OPEN) && LOOP(s) != last;
}

/* Sleep until a loop newer than `last` opens or the pool closes. */
static void sleep_until_new(struct pool *p, uint64_t last)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while (!atomic_load(&p->stop) && !is_new(atomic_load(&p->state), last))
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
}

static void *help(void *arg)
{
    struct helper h = *(struct helper *)arg;
    struct pool *p = h.p;
    uint64_t last = 0, s;

    free(arg);
    for (;;) {
        for (int i = 0; i < SPINS; i++) {
            if (is_new(atomic_load(&p->state), last))
                break;
            pause_cpu();
        }
        if (!is_new(atomic_load(&p->state), last))
            sleep_until_new(p, last);
        if (atomic_load(&p->stop))
            return NULL;
        s = atomic_load(&p->state);
        if (!is_new(s, last) ||
            !atomic_compare_exchange_strong(&p->state, &s, s + INSIDE))
            continue;
        last = LOOP(s);
        take_indices(p, h.worker);
        s = atomic_fetch_sub(&p->state, INSIDE) - INSIDE;
        if (!(s & (OPEN | INSIDE_MASK)) && atomic_load(&p->caller_waits)) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static int default_threads(void)
{
    const char *s = getenv("ULP_THREADS");
    long n = s ? strtol(s, NULL, 10) : 0;
    cpu_set_t set;

    if (n >= 1 && n <= 4096)
        return (int)n;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    return 1;
}

int pool_count(int n_threads)
{
    return n_threads > 0 ? n_threads : default_threads();
}

struct pool *pool_open(int n_threads)
{
    struct pool *p = xcalloc(1, sizeof *p);

    p->n_threads = pool_count(n_threads);
    p->threads = xcalloc((size_t)p->n_threads, sizeof *p->threads);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    for (int i = 1; i < p->n_threads; i++) {
        struct helper *h = xmalloc(sizeof *h);

        h->p = p;
        h->worker = i;
        if (pthread_create(&p->threads[i], NULL, help, h)) {
            /* fewer threads change no result */
            free(h);
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
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
    *pp = NULL;
}

int pool_threads(const struct pool *p)
{
    return p->n_threads;
}

static void wait_for_helpers(struct pool *p)
{
    for (int i = 0; i < SPINS; i++) {
        if (!(atomic_load(&p->state) & INSIDE_MASK))
            return;
        pause_cpu();
    }
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->caller_waits, 1);
    while (atomic_load(&p->state) & INSIDE_MASK)
        pthread_cond_wait(&p->done, &p->lock);
    atomic_store(&p->caller_waits, 0);
    pthread_mutex_unlock(&p->lock);
}

void pool_for(struct pool *p, long n,
              void (*fn)(void *ctx, long i, int worker), void *ctx)
{
    uint64_t loop;

    if (p->n_threads == 1 || n <= 1) {
        for (long i = 0; i < n; i++)
            fn(ctx, i, 0);
        return;
    }
    p->fn = fn;
    p->ctx = ctx;
    p->n = n;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    /* 0 is what a helper has seen at its start, so no loop has that number */
    loop = (LOOP(atomic_load(&p->state)) + 1) & 0xFFFFFFFFu;
    loop += !loop;
    atomic_store(&p->state, loop << 32 | OPEN);
    if (atomic_load(&p->sleepers)) {
        pthread_mutex_lock(&p->lock);
        if (n - 1 < atomic_load(&p->sleepers))
            for (long i = 1; i < n; i++)
                pthread_cond_signal(&p->wake);
        else
            pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
    }
    take_indices(p, 0);
    atomic_fetch_and(&p->state, ~OPEN);
    wait_for_helpers(p);
}
