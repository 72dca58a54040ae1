/* pool_impl - what the caller (pool.c) and the helpers (pool_help.c) share
 *
 * `state` holds the loop's number and whether it is open. A helper raises its
 * own flag, looks at the state again, and works if the loop is open; the
 * caller works like everybody, closes the loop when no index is left, and
 * waits only for flags that are up. So a helper that the system did not
 * schedule costs nothing, and none touches a line that another writes except
 * to take its indices.
 */
#ifndef ULP_BASE_POOL_IMPL_H
#define ULP_BASE_POOL_IMPL_H
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "clock.h"
#include "pool.h"

/* Nanoseconds of a microsecond and of a millisecond. */
#define US 1000ll
#define MS 1000000ll

/* pool.state: bit 0 is set while a loop is open, the others are its number. */
#define OPEN 1u
#define LOOP(s) ((s) >> 1)

/* Each worker's own lines, two of them: processors fetch lines in pairs. */
struct worker {
    _Alignas(128) _Atomic long next; /* its run of indices */
    long end;
    _Alignas(128) _Atomic int inside;
    _Atomic int64_t harmed; /* nanoseconds that the caller waited in vain */
    int64_t away_for, back; /* the last time away: how long, until when */
    int64_t moved;          /* to another processor, the last time */
    struct pool *p;
    pthread_t thread;
};

struct pool {
    /* read by all, written by the caller when a loop opens and closes */
    _Alignas(128) _Atomic uint32_t state;
    _Atomic int rest; /* the next loop comes late */
    int cpu;          /* the caller's */
    void (*fn)(void *ctx, long i, int worker);
    void *ctx;
    _Alignas(128) _Atomic int awake, asleep; /* helpers; others are away */
    _Atomic int caller_sleeps, stop;
    _Atomic int most_helpers, crowd;
    int n_threads;
    cpu_set_t processors; /* that the pool may use */
    struct worker *worker;
};

/* pool_help.c: a worker's part of the open loop. */
void pool_take(struct pool *p, int worker);
/* pool_help.c: a helper's thread; arg: its struct worker. */
void *pool_help(void *arg);

/* ---- time, and sleeping on a word ---- */
static inline void pause_cpu(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* The monotonic clock in nanoseconds. */
static inline int64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* 0 when woken, else -1: *word was not `seen`, a signal came, or the time
 * (0: no end) is over. */
static inline int futex_sleep(void *word, uint32_t seen, int64_t ns)
{
    struct timespec t = {ns / (1000 * MS), ns % (1000 * MS)};

    return syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, ns ? &t : NULL,
                   NULL, 0)
               ? -1
               : 0;
}

/* How many were woken. */
static inline int futex_wake(void *word, int n)
{
    return (int)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

#endif
