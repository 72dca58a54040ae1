/* comm_local: operations between ranks over sockets, on 1, 2, 3, 5 and 8 ranks,
 * in sizes around every edge, with and without random delays; ranks that go
 * away or disagree are errors that name them */
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include "../../lib/base/arena.h"
#include "comm_rig.h"

static const size_t sizes[] = {0, 1, 7, 8, 9, 1025, 65536, 65537, 300007};
#define N_SIZES (sizeof sizes / sizeof *sizes)
#define MOST 300007

static uint8_t byte(int a, int b, size_t i)
{
    return (uint8_t)((size_t)a * 151 + (size_t)b * 37 + i * (i >> 8 | 1));
}

static void fill(uint8_t *p, int a, int b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = byte(a, b, i);
}

static int holds(const uint8_t *p, int a, int b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte(a, b, i))
            return 0;
    return 1;
}

#define OK(call) T_CHECKF(!(call), "%s: %s", #call, e.msg)

static void send_and_receive(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    uint8_t *p = xcalloc(1, MOST);
    struct err e = {0};

    for (size_t k = 0; k < N_SIZES; k++)
        for (int from = 0; from < size; from++) {
            int to = (from + 1) % size;

            if (size == 1)
                continue;
            if (me == from) {
                fill(p, from, (int)k, sizes[k]);
                OK(comm_send(c, to, p, sizes[k], &e));
            } else if (me == to) {
                OK(comm_recv(c, from, p, sizes[k], &e));
                T_CHECK(holds(p, from, (int)k, sizes[k]));
            }
        }
    free(p);
}

static void pass(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    uint8_t *p = xcalloc(1, MOST);
    struct err e = {0};

    for (size_t k = 0; k < N_SIZES; k++)
        for (int from = 0; from < size; from++) {
            int to = from * 3 % size;

            fill(p, me, (int)k, sizes[k]);
            OK(comm_pass(c, from, to, p, sizes[k], &e));
            T_CHECK(holds(p, me == to ? from : me, (int)k, sizes[k]));
        }
    free(p);
}

static void broadcast(struct comm *c)
{
    uint8_t *p = xcalloc(1, MOST);
    struct err e = {0};

    for (size_t k = 0; k < N_SIZES; k++)
        for (int root = 0; root < comm_size(c); root++) {
            if (comm_rank(c) == root)
                fill(p, root, (int)k, sizes[k]);
            else
                memset(p, 0, sizes[k]);
            OK(comm_bcast(c, root, p, sizes[k], &e));
            T_CHECK(holds(p, root, (int)k, sizes[k]));
        }
    free(p);
}

static void gather(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    uint8_t *p = xcalloc(1, MOST), *all = xcalloc((size_t)size, MOST);
    struct err e = {0};

    for (size_t k = 0; k < N_SIZES; k++)
        for (int root = 0; root < size; root++) {
            fill(p, me, (int)k, sizes[k]);
            OK(comm_gather(c, root, p, sizes[k], all, &e));
            for (int r = 0; me == root && r < size; r++)
                T_CHECK(holds(all + (size_t)r * sizes[k], r, (int)k, sizes[k]));
        }
    free(p);
    free(all);
}

/* What rank a has for rank b. */
static size_t between(int a, int b, size_t n)
{
    return (a * 3 + b) % 4 == 0 ? 0 : n / (size_t)(1 + (a + b) % 3) + 1;
}

static void all_gather(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    uint8_t *all = xcalloc((size_t)size, MOST + 1);
    struct err e = {0};
    size_t n[64], at[64];

    for (size_t k = 0; k < N_SIZES; k++) {
        for (int r = 0; r < size; r++) {
            n[r] = between(r, 0, sizes[k]);
            at[r] = r ? at[r - 1] + n[r - 1] : 0;
        }
        memset(all, 0, at[size - 1] + n[size - 1]);
        fill(all + at[me], me, (int)k, n[me]);
        OK(comm_allgatherv(c, all, n, at, &e));
        for (int r = 0; r < size; r++)
            T_CHECK(holds(all + at[r], r, (int)k, n[r]));
    }
    free(all);
}

static void all_to_all(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    uint8_t *out = xcalloc((size_t)size, MOST + 1);
    uint8_t *in = xcalloc((size_t)size, MOST + 1);
    struct err e = {0};
    size_t n_out[64], at[64], n_in[64];

    for (size_t k = 0; k < N_SIZES; k++) {
        for (int r = 0; r < size; r++) {
            n_out[r] = between(me, r, sizes[k]);
            n_in[r] = between(r, me, sizes[k]);
            at[r] = (size_t)r * (MOST + 1);
            fill(out + at[r], me, r, n_out[r]);
            memset(in + at[r], 0, n_in[r]);
        }
        OK(comm_alltoallv(c, out, n_out, at, in, n_in, at, &e));
        for (int r = 0; r < size; r++)
            T_CHECK(holds(in + at[r], r, me, n_in[r]));
    }
    free(in);
    free(out);
}

/* Rank 0 takes messages as they come, each rank's in order. */
static void probe(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c), next[64] = {0}, from, v;
    struct err e = {0};

    for (int i = 0; me && i < 20; i++)
        OK(comm_send(c, 0, &(int){me * 100 + i}, sizeof(int), &e));
    for (int left = me ? 0 : 20 * (size - 1); left && !t_failed;) {
        OK(comm_probe(c, 1000, &from, &e));
        if (from < 0)
            continue;
        OK(comm_recv(c, from, &v, sizeof v, &e));
        T_EQ_INT(v, from * 100 + next[from]++);
        left--;
    }
    /* nobody sends anything else before all was taken */
    OK(comm_bcast(c, 0, &me, sizeof me, &e));
    OK(comm_barrier(c, &e));
    if (size == 1) {
        OK(comm_probe(c, 1000, &from, &e));
        T_EQ_INT(from, -1);
    }
}

/* Each rank sees what the others wrote, twice in the same memory, while another
 * window is open; a third one is none; where one is closed, there is another. */
static void window(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    struct comm_window *w, *second, *third;
    struct comm_traffic t;
    struct err e = {0};

    for (int i = 0; i < 3; i++) {
        size_t n = sizes[N_SIZES - 1 - (size_t)i] + (size_t)i;

        OK(comm_window_open(&w, c, n, &e));
        T_CHECK((w == NULL) == (size == 1));
        T_EQ_INT(comm_window_bytes(w), size == 1 ? 0 : n);
        if (!w)
            return;
        OK(comm_window_open(&second, c, 1, &e));
        T_CHECK(second);
        *comm_window_of(second, me) = (char)(i + me);
        OK(comm_window_open(&third, c, 1, &e));
        T_CHECK(!third);
        for (int k = 0; k < 2; k++) {
            fill((uint8_t *)comm_window_of(w, me), me, k, n);
            OK(comm_barrier(c, &e));
            for (int r = 0; r < size; r++)
                T_CHECK(holds((const uint8_t *)comm_window_of(w, r), r, k, n) &&
                        *comm_window_of(second, r) == (char)(i + r));
            OK(comm_barrier(c, &e));
        }
        comm_window_traffic(w, 3, 5);
        comm_window_close(i % 2 ? &w : &second);
        comm_window_close(i % 2 ? &second : &w);
        T_CHECK(!w && !second);
        comm_window_close(&w);
    }
    comm_traffic(c, &t);
    T_CHECK(t.sent >= 9 && t.received >= 15);
}

/* One rank may not write files of that size: nobody has a window. */
static void no_window(struct comm *c)
{
    const struct rlimit most = {100, 100};
    struct comm_window *w;
    struct err e = {0};

    if (comm_rank(c) == 1)
        T_CHECK(!setrlimit(RLIMIT_FSIZE, &most));
    OK(comm_window_open(&w, c, 101, &e));
    T_CHECK(!w);
    OK(comm_window_open(&w, c, 100, &e));
    T_CHECK(w);
    comm_window_close(&w);
}

static void traffic_is_counted(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    struct comm_traffic t;
    struct err e = {0};
    char all[64] = {0};
    size_t n[64], at[64];

    for (int r = 0; r < size; r++) {
        n[r] = 1;
        at[r] = (size_t)r;
    }
    all[me] = 1;
    OK(comm_allgatherv(c, all, n, at, &e));
    comm_traffic(c, &t);
    T_EQ_INT(t.sent, size - 1);
    T_EQ_INT(t.received, size - 1);
}

static void disagree(struct comm *c)
{
    struct err e = {0};
    char p[16] = {0};

    if (comm_rank(c) == 1)
        (void)!comm_send(c, 0, p, 9, &e); /* rank 0 may have ended */
    else if (comm_rank(c) == 0) {
        T_EQ_INT(comm_recv(c, 1, p, 8, &e), -ERR_IO);
        T_EQ_STR(e.msg, "between ranks: rank 1 sent 9 bytes, 8 were expected");
        T_EQ_INT(comm_lost(c), -1);
    }
}

static void one_goes(struct comm *c)
{
    struct err e = {0};
    char p[16] = {0};

    if (comm_rank(c) == 2)
        _exit(0);
    if (comm_rank(c) == 0) {
        T_EQ_INT(comm_recv(c, 2, p, 8, &e), -ERR_IO);
        T_CHECKF(!strncmp(e.msg, "rank 2 has gone: ", 17), "%s", e.msg);
        T_EQ_INT(comm_lost(c), 2);
    }
    if (comm_rank(c) == 1) {
        int r = 0;

        for (int i = 0; !r && i < 1000; i++)
            r = comm_send(c, 2, p, 16, &e);
        T_EQ_INT(r, -ERR_IO);
        T_EQ_INT(comm_lost(c), 2);
    }
}

static void to_nobody(struct comm *c)
{
    struct err e = {0};
    char p = 0;

    T_EQ_INT(comm_send(c, comm_rank(c), &p, 1, &e), -ERR_USAGE);
    T_EQ_INT(comm_recv(c, comm_size(c), &p, 1, &e), -ERR_USAGE);
    T_EQ_INT(comm_send(c, -1, &p, 1, &e), -ERR_USAGE);
}

static void no_comm_is_one_rank(void)
{
    struct comm_traffic t;

    T_EQ_INT(comm_rank(NULL), 0);
    T_EQ_INT(comm_size(NULL), 1);
    comm_traffic(NULL, &t);
    T_EQ_INT(t.sent, 0);
}

static void (*const bodies[])(struct comm *c) = {
    send_and_receive,   pass,       broadcast, gather,
    all_gather,         all_to_all, probe,     to_nobody,
    traffic_is_counted, window};

static void on_any_number(void)
{
    static const int ranks[] = {1, 2, 3, 5, 8};

    for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++)
        for (size_t i = 0; i < 5; i++)
            on_ranks(ranks[i], bodies[b]);
}

static void with_random_delays(void)
{
    setenv("ULP_COMM_DELAY_US", "2000", 1);
    for (size_t b = 0; b < sizeof bodies / sizeof *bodies; b++)
        on_ranks(5, bodies[b]);
    unsetenv("ULP_COMM_DELAY_US");
}

static void memory_that_one_cannot_share(void)
{
    on_ranks(3, no_window);
}

static void sizes_that_disagree(void)
{
    on_ranks(2, disagree);
}

static void a_rank_that_goes(void)
{
    on_ranks(3, one_goes);
}

int main(void)
{
    T_RUN(no_comm_is_one_rank);
    T_RUN(on_any_number);
    T_RUN(with_random_delays);
    T_RUN(memory_that_one_cannot_share);
    T_RUN(sizes_that_disagree);
    T_RUN(a_rank_that_goes);
    T_DONE();
}
