/* pool_help - a worker's part of a loop, and what a helper does between loops:
 * it looks for the next one for some microseconds before it sleeps, longer
 * where loops followed soon, shorter where not, and not at all where the caller
 * said that it comes late
 *
 * The system may run a helper on the caller's processor, where it does harm and
 * no good: then it moves to the others, and may not come back before the caller
 * has moved too. On a busy machine a helper can lose its processor with its
 * flag up, and keep the caller waiting for a time slice. Then it stays away for
 * a while, and longer when it happens again.
 */
#include <errno.h>
#include <sched.h>
#include "pool_impl.h"

#define SPIN_LEAST (5 * US)
#define SPIN_MOST (200 * US)
#define AWAY_LEAST (2 * MS)
#define AWAY_MOST (2000 * MS)
#define MUCH 32 /* a wait is much of less than 32 times its length */
#define MOVE_LEAST (1 * MS)

/* The own run first, then what is left of the others'. */
void pool_take(struct pool *p, int worker)
{
    for (int i = 0; i < p->n_threads; i++) {
        int at = worker + i;
        struct worker *w;
        long k;

        w = &p->worker[at < p->n_threads ? at : at - p->n_threads];
        while (atomic_load_explicit(&w->next, memory_order_relaxed) < w->end &&
               (k = atomic_fetch_add_explicit(&w->next, 1,
                                              memory_order_relaxed)) < w->end)
            p->fn(p->ctx, k, worker);
    }
}

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
            if (atomic_load_explicit(&p->rest, memory_order_relaxed))
                return 0;
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

/* 1: this thread has left `cpu` for the pool's other processors. Not where it
 * moved a moment ago: then the two follow each other. */
static int move_off(struct worker *w, int cpu)
{
    int64_t now = now_ns();
    cpu_set_t set = w->p->processors;

    CPU_CLR((size_t)cpu, &set);
    if (now - w->moved < MOVE_LEAST || !CPU_COUNT(&set))
        return 0;
    w->moved = now;
    return !sched_setaffinity(0, sizeof set, &set);
}

/* Four times as long as the caller has waited, and four times as long as last
 * time where that wait is much of the time since then. */
static void stay_away(struct worker *w, int64_t waited)
{
    struct pool *p = w->p;
    int64_t now = now_ns(), most = waited > AWAY_LEAST ? waited : AWAY_LEAST;

    w->away_for = now - w->back < MUCH * most ? 4 * w->away_for : 0;
    if (w->away_for < 4 * waited)
        w->away_for = 4 * waited;
    if (w->away_for < AWAY_LEAST)
        w->away_for = AWAY_LEAST;
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

void *pool_help(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->p;
    int64_t spin = SPIN_LEAST;
    uint32_t last = 0, s;
    int64_t harm; /* nanoseconds of it */
    int cpu;

    while (!atomic_load(&p->stop)) {
        if (!look(p, last, spin)) {
            spin = rest(p, last, spin);
            continue;
        }
        harm = atomic_exchange(&w->harmed, 0);
        cpu = -1;
        atomic_store(&w->inside, 1);
        s = atomic_load(&p->state);
        if (is_new(s, last)) {
            cpu = p->crowd || p->cpu != sched_getcpu() ? -1 : p->cpu;
            if (cpu < 0 && (!harm || p->crowd)) {
                last = LOOP(s);
                pool_take(p, (int)(w - p->worker));
            }
        }
        leave(p, w);
        if (!p->crowd && (harm || (cpu >= 0 && !move_off(w, cpu))))
            stay_away(w, harm);
    }
    return NULL;
}
