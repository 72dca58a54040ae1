/* comm_work_queue: items spread over ranks, results in order, whatever the number of
 * ranks, of items, of results of an item, and however long each rank takes */
#include <time.h>
#include "../../lib/base/arena.h"
#include "../../lib/base/rng.h"
#include "../../lib/comm/work_queue.h"
#include "comm_rig.h"

static int n_items, slow_rank, at_once;

struct rig {
    int read, taken, results; /* results taken of the item */
    int n_of[1000];           /* item: results */
    int bad;
};

static int n_results(int item)
{
    return 1 + item % 4;
}

static int ready(void *ctx)
{
    (void)ctx;
    return 1;
}

static int ended(void *ctx)
{
    (void)ctx;
    return 0;
}

static int next(void *ctx, struct buf *item, int *n, struct err *e)
{
    struct rig *r = ctx;
    int i = r->read;

    (void)e;
    if (i == n_items)
        return 0;
    r->read++;
    buf_put(item, &i, sizeof i);
    for (int k = 0; k < i % 7; k++) /* of several sizes */
        buf_put(item, &i, sizeof i);
    *n = n_results(i);
    return 1;
}

static int take(void *ctx, int i, const void *p, size_t n, struct err *e)
{
    struct rig *r = ctx;
    const int *v = p;

    (void)e;
    if (n != (size_t)(2 + i) * sizeof *v || v[0] != r->taken || v[1] != i ||
        i != r->results)
        r->bad++;
    if (++r->results == n_results(r->taken)) {
        r->results = 0;
        r->taken++;
    }
    return 0;
}

static void work(struct comm *c, struct work_queue *q)
{
    struct buf item = {0};
    struct err e = {0};
    uint64_t number, draw = (uint64_t)comm_rank(c);
    int r;

    while ((r = work_queue_get(q, 1, &number, &item, &e)) > 0) {
        int v[16] = {0};

        memcpy(v, item.p, sizeof *v);
        T_EQ_INT(v[0], number);
        T_EQ_INT(item.n, sizeof(int) * (size_t)(1 + v[0] % 7));
        draw = rng_mix(draw);
        if (comm_rank(c) == slow_rank || draw % 5 == 0)
            nanosleep(&(struct timespec){0, (long)(draw % 3000000)}, NULL);
        /* the last result first */
        for (int k = n_results(v[0]) - 1; k >= 0 && !t_failed; k--) {
            v[1] = k;
            T_CHECKF(!work_queue_put(q, number, k, v,
                                     (size_t)(2 + k) * sizeof *v, &e),
                     "%s", e.msg);
        }
    }
    T_CHECKF(r == 0, "%s", e.msg);
    buf_free(&item);
}

static void rounds(struct comm *c)
{
    for (int round = 0; round < 3; round++) {
        struct rig rig = {0};
        struct work_queue_source s = {&rig, ready, ended, next, take};
        struct err e = {0};
        struct work_queue *q;

        T_CHECKF(!work_queue_open(&q, c, &s, at_once, 20, &e), "%s", e.msg);
        work(c, q);
        T_CHECKF(!work_queue_leave(q, &e), "%s", e.msg);
        work_queue_close(&q);
        T_CHECKF(!comm_barrier(c, &e), "%s", e.msg);
        if (comm_rank(c))
            continue;
        T_EQ_INT(rig.taken, n_items);
        T_EQ_INT(rig.bad, 0);
    }
}

static void any_ranks_and_items(void)
{
    static const int ranks[] = {2, 3, 5, 8}, items[] = {0, 1, 2, 7, 200};

    slow_rank = -1;
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 5; k++) {
            n_items = items[k];
            at_once = 1 + (i + k) % 3 * 4;
            on_ranks(ranks[i], rounds);
        }
}

static void one_rank_is_slow(void)
{
    n_items = 100;
    at_once = 2;
    for (slow_rank = 0; slow_rank < 3; slow_rank++)
        on_ranks(3, rounds);
    slow_rank = -1;
}

static void random_delays(void)
{
    n_items = 60;
    at_once = 3;
    setenv("ULP_COMM_DELAY_US", "2000", 1);
    on_ranks(4, rounds);
    unsetenv("ULP_COMM_DELAY_US");
}

/* What a rank has no right to send is refused, and named. */
static void liar(struct comm *c)
{
    struct rig rig = {0};
    struct work_queue_source s = {&rig, ready, ended, next, take};
    struct err e = {0};
    struct work_queue *q;
    int r = work_queue_open(&q, c, &s, 1, 20, &e);

    if (comm_rank(c)) {
        (void)!work_queue_put(q, 77, 0, "x", 1, &e);
    } else {
        struct buf item = {0};
        uint64_t number;

        while (!r && work_queue_get(q, 0, &number, &item, &e) >= 0)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
        T_EQ_STR(e.msg, "rank 1 sent result 0 of item 77, which it was not to "
                        "send");
        buf_free(&item);
    }
    work_queue_close(&q);
}

static void a_result_of_nothing(void)
{
    n_items = 5;
    on_ranks(2, liar);
}

int main(void)
{
    T_RUN(any_ranks_and_items);
    T_RUN(one_rank_is_slow);
    T_RUN(random_delays);
    T_RUN(a_result_of_nothing);
    T_DONE();
}
