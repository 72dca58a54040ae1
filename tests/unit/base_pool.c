/* pool: every index once, results seen by the caller, helpers that come when
 * called, however loops and pauses follow each other */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "t.h"
#include "../../lib/base/clock.h"
#include "../../lib/base/pool_impl.h"

enum { MOST = 70, THREADS = 9 };

/* ---- plain memory: what helpers wrote is what the caller reads ---- */

struct sheet {
    int hit[MOST], by[MOST], value;
};

static void mark(void *ctx, long i, int worker)
{
    struct sheet *s = ctx;

    s->hit[i] += s->value;
    s->by[i] = worker;
}

static void loops_of(struct pool *p, int n_loops, unsigned pause)
{
    struct sheet s = {{0}, {0}, 0};
    int want[MOST] = {0};

    for (int k = 1; k <= n_loops; k++) {
        int n = k * 7 % (MOST + 1);

        s.value = k;
        pool_for(p, n, mark, &s);
        for (int i = 0; i < n; i++) {
            want[i] += k;
            T_CHECK(s.by[i] >= 0 && s.by[i] < pool_threads(p));
        }
        for (int i = 0; i < MOST; i++)
            T_CHECK(s.hit[i] == want[i]);
        if (pause && k % 50 == 0)
            usleep(k / 50 % 3 ? pause : 5 * pause);
    }
}

static void every_index_once_in_many_short_loops(void)
{
    for (int threads = 1; threads <= THREADS; threads += 2)
        for (int crowd = 0; crowd < 2; crowd++) {
            struct pool *p = pool_open(threads);

            T_EQ_INT(pool_threads(p), threads);
            if (crowd)
                pool_crowd(p);
            loops_of(p, 1500, 0);
            loops_of(p, 1000, 300); /* helpers sleep in between */
            pool_close(&p);
            T_CHECK(!p);
        }
}

/* ---- wakeups ---- */

struct meeting {
    _Atomic int here;
    int want, late;
};

/* Nobody leaves before all are there: the pool must bring that many threads
 * into the loop. */
static void meet(void *ctx, long i, int worker)
{
    struct meeting *m = ctx;
    int64_t end = clock_ms() + 5000;

    (void)i;
    (void)worker;
    atomic_fetch_add(&m->here, 1);
    while (atomic_load(&m->here) < m->want && clock_ms() < end)
        sched_yield();
    if (atomic_load(&m->here) < m->want)
        m->late = 1;
}

static void no_wakeup_is_lost(int rest)
{
    int late = 0;

    for (int threads = 2; threads <= 5 && !late; threads++) {
        struct pool *p = pool_open(threads);

        pool_crowd(p);
        for (int k = 0; k < 600 && !late; k++) {
            struct meeting m = {0, k % 4 ? threads : 2, 0};

            pool_for(p, m.want, meet, &m);
            late = m.late;
            if (rest && k % 2)
                pool_rest(p);
            if (k % 3 == 0)
                usleep((unsigned)(k % 7) * 100);
        }
        pool_close(&p);
    }
    T_CHECK(!late);
}

static void no_wakeup_is_lost_between_loops(void)
{
    no_wakeup_is_lost(0);
}

static void no_wakeup_is_lost_after_a_rest(void)
{
    no_wakeup_is_lost(1);
}

static void the_next_loop_ends_a_rest(void)
{
    struct pool *p = pool_open(2);
    struct sheet s = {{0}, {0}, 1};

    pool_crowd(p);
    pool_rest(p);
    T_EQ_INT(p->rest, 1);
    pool_for(p, 2, mark, &s);
    T_EQ_INT(p->rest, 0);
    pool_close(&p);
}

/* ---- opening, closing, many pools ---- */

static void *one_user(void *arg)
{
    struct pool *p = pool_open(3);

    (void)arg;
    pool_crowd(p);
    loops_of(p, 300, 50);
    pool_close(&p);
    return NULL;
}

static void pools_do_not_meet(void)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        T_CHECK(!pthread_create(&t[i], NULL, one_user, NULL));
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}

static void closing_while_helpers_come_or_sleep(void)
{
    for (int i = 0; i < 300; i++) {
        struct pool *p = pool_open(1 + i % 6);
        struct sheet s = {{0}, {0}, 1};

        if (i % 3)
            pool_for(p, MOST, mark, &s);
        if (i % 5 == 0)
            usleep(700);
        pool_close(&p);
        if (i % 3)
            for (int k = 0; k < MOST; k++)
                T_EQ_INT(s.hit[k], 1);
    }
}

/* ---- a share of its own ---- */

static void slow_mark(void *ctx, long i, int worker)
{
    struct timespec t = {0, 200000};

    nanosleep(&t, NULL);
    mark(ctx, i, worker);
}

/* When all have time to come, each begins with its own run of indices. */
static void a_worker_keeps_its_indices(void)
{
    struct pool *p = pool_open(3);
    struct sheet s = {{0}, {0}, 1};
    int kept = 0;

    pool_crowd(p);
    for (int k = 0; k < 20; k++) {
        pool_for(p, 12, slow_mark, &s);
        kept += s.by[0] == 0 && s.by[4] == 1 && s.by[8] == 2;
    }
    T_CHECKF(kept > 0, "in none of 20 loops");
    pool_close(&p);
}

/* ---- where helpers run ---- */

struct lure {
    int cpu;           /* where to sit down, or -1 */
    _Atomic int there; /* a helper worked */
};

static int only(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    return sched_setaffinity(0, sizeof one, &one);
}

static void sit_down(void *ctx, long i, int worker)
{
    struct lure *l = ctx;
    int64_t end = clock_ms() + 2;

    (void)i;
    if (worker) {
        if (l->cpu >= 0)
            T_CHECK(!only(l->cpu));
        atomic_store(&l->there, 1);
    }
    while (!atomic_load(&l->there) && clock_ms() < end)
        ;
}

static int comes(struct pool *p, struct lure *l)
{
    int64_t end = clock_ms() + 60000;

    for (l->there = 0; !l->there && clock_ms() < end;)
        pool_for(p, 2, sit_down, l);
    return l->there;
}

/* One that is left on the caller's processor alone goes to another. */
static void a_helper_leaves_the_callers_processor(void)
{
    cpu_set_t all;
    struct lure l = {-1, 0};
    struct pool *p;

    T_CHECK(!sched_getaffinity(0, sizeof all, &all));
    if (CPU_COUNT(&all) < 2) {
        printf("skip a_helper_leaves_the_callers_processor: one processor\n");
        return;
    }
    p = pool_open(2);
    l.cpu = sched_getcpu();
    T_CHECK(!only(l.cpu));
    T_CHECK(comes(p, &l)); /* and sits down here */
    l.cpu = -1;
    T_CHECK(comes(p, &l));
    pool_close(&p);
    T_CHECK(!sched_setaffinity(0, sizeof all, &all));
}

int main(void)
{
    T_RUN(every_index_once_in_many_short_loops);
    T_RUN(no_wakeup_is_lost_between_loops);
    T_RUN(no_wakeup_is_lost_after_a_rest);
    T_RUN(the_next_loop_ends_a_rest);
    T_RUN(pools_do_not_meet);
    T_RUN(closing_while_helpers_come_or_sleep);
    T_RUN(a_worker_keeps_its_indices);
    T_RUN(a_helper_leaves_the_callers_processor);
    T_DONE();
}
