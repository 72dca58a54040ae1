/* comm_device: every operation of comm.h on device memory (the simulator's), over
 * NCCL (the simulator's) and through the host, on several ranks; which of both it
 * is, and why, all ranks agree on; what is asked for is done in the order of its
 * stream; a rank that leaves does not wait for one that has gone */
#include <string.h>
#include "../../kernels/kernels.h"
#include "../../lib/base/arena.h"
#include "../../lib/train/side_stream.h"
#include "comm_rig.h"

/* the last on two ranks alone */
static const size_t sizes[] = {0, 1, 9, 65537, COMM_DEVICE_PIECE + 5};
enum { N_SIZES = sizeof sizes / sizeof *sizes };
#define OK(call) T_CHECKF(!(call), "%s: %s", #call, e.msg)

struct rank {
    struct kernels *k;
    struct side_stream *of; /* lends what follows */
    struct kernels *beside;
    struct comm *c; /* of devices */
    struct comm_device_why why;
};

static void rank_open(struct rank *x, struct comm *host)
{
    struct err e = {0};
    char device[8];

    *x = (struct rank){0};
    snprintf(device, sizeof device, "%d", comm_rank(host));
    setenv("CUDA_VISIBLE_DEVICES", device, 0);
    OK(kernels_open(&x->k, "cuda", 1, (struct k_order){0}, &e));
    OK(side_stream_open(&x->of, host, x->k, &e));
    x->beside = x->of->k;
    x->c = x->of->c;
    x->why = x->of->why;
}

static void rank_close(struct rank *x)
{
    struct err e = {0};

    OK(side_stream_finish(x->of, &e));
    side_stream_close(&x->of);
    kernels_close(&x->k);
}

/* ---- bytes ---- */

static uint8_t byte(int a, int b, size_t i)
{
    return (uint8_t)((size_t)a * 151 + (size_t)b * 37 + i * (i >> 8 | 1));
}

/* Device memory with what rank a has for b at `at`. */
static void fill(struct rank *x, uint8_t *p, size_t at, int a, int b, size_t n)
{
    uint8_t *host = xmalloc(n + 1);

    for (size_t i = 0; i < n; i++)
        host[i] = byte(a, b, i);
    x->k->upload(x->k, p + at, host, n);
    free(host);
}

static int holds(struct rank *x, const uint8_t *p, size_t at, int a, int b,
                 size_t n)
{
    uint8_t *host = xmalloc(n + 1);
    size_t i = 0;

    x->k->download(x->k, host, p + at, n);
    while (i < n && host[i] == byte(a, b, i))
        i++;
    free(host);
    return i == n;
}

static uint8_t *room(struct rank *x, size_t n)
{
    struct err e = {0};
    uint8_t *p = x->k->alloc(x->k, n, &e);

    T_CHECKF(p, "%s", e.msg);
    return p;
}

/* What was asked of one handle is done before what is asked of the other. */
static void begin(struct rank *x)
{
    x->beside->after(x->beside, x->k);
}

static void end(struct rank *x)
{
    x->k->after(x->k, x->beside);
}

/* ---- operations ---- */

static void to_one(struct rank *x, size_t k)
{
    int me = comm_rank(x->c), size = comm_size(x->c);
    uint8_t *p = room(x, sizes[k]);
    struct err e = {0};

    for (int from = 0; from < size; from++) {
        int to = (from + 1) % size;

        fill(x, p, 0, me, (int)k, sizes[k]);
        begin(x);
        if (me == from)
            OK(comm_send(x->c, to, p, sizes[k], &e));
        else if (me == to)
            OK(comm_recv(x->c, from, p, sizes[k], &e));
        end(x);
        T_CHECK(holds(x, p, 0, me == to ? from : me, (int)k, sizes[k]));
        begin(x);
        OK(comm_pass(x->c, to, from, p, sizes[k], &e));
        end(x);
        T_CHECK(holds(x, p, 0, me == to ? from : me, (int)k, sizes[k]));
    }
    x->k->free(x->k, p);
}

static void from_one(struct rank *x, size_t k)
{
    int me = comm_rank(x->c), size = comm_size(x->c);
    uint8_t *p = room(x, sizes[k]), *all = room(x, (size_t)size * sizes[k]);
    struct err e = {0};

    for (int root = 0; root < size; root++) {
        fill(x, p, 0, me, (int)k, sizes[k]);
        begin(x);
        OK(comm_gather(x->c, root, p, sizes[k], all, &e));
        OK(comm_bcast(x->c, root, p, sizes[k], &e));
        end(x);
        T_CHECK(holds(x, p, 0, root, (int)k, sizes[k]));
        for (int r = 0; me == root && r < size; r++)
            T_CHECK(holds(x, all, (size_t)r * sizes[k], r, (int)k, sizes[k]));
    }
    x->k->free(x->k, p);
    x->k->free(x->k, all);
}

/* What rank a has for rank b: nothing for some. */
static size_t between(int a, int b, size_t n)
{
    return (a * 3 + b) % 4 == 0 ? 0 : n / (size_t)(1 + (a + b) % 3) + 1;
}

static void to_all(struct rank *x, size_t k)
{
    int me = comm_rank(x->c), size = comm_size(x->c);
    size_t most = sizes[k] + 1;
    uint8_t *out = room(x, (size_t)size * most),
            *in = room(x, (size_t)size * most);
    size_t n_out[8], at[8], n_in[8], n[8];
    struct err e = {0};

    for (int r = 0; r < size; r++) {
        n_out[r] = between(me, r, sizes[k]);
        n_in[r] = between(r, me, sizes[k]);
        n[r] = between(r, 0, sizes[k]);
        at[r] = (size_t)r * most;
        fill(x, out, at[r], me, r, n_out[r]);
    }
    begin(x);
    OK(comm_alltoallv(x->c, out, n_out, at, in, n_in, at, &e));
    end(x);
    for (int r = 0; r < size; r++)
        T_CHECK(holds(x, in, at[r], r, me, n_in[r]));
    fill(x, in, at[me], me, (int)k, n[me]);
    begin(x);
    OK(comm_allgatherv(x->c, in, n, at, &e));
    end(x);
    for (int r = 0; r < size; r++)
        T_CHECK(holds(x, in, at[r], r, (int)k, n[r]));
    x->k->free(x->k, in);
    x->k->free(x->k, out);
}

static int through_host; /* of the test that runs */

static void every_one(struct comm *host)
{
    struct comm_traffic t;
    struct comm_window *w;
    struct err e = {0};
    struct rank x;
    size_t moved;
    int from;

    rank_open(&x, host);
    T_CHECKF(!*x.why.text == !through_host, "why: %s", x.why.text);
    T_CHECK(comm_rank(x.c) == comm_rank(host) &&
            comm_size(x.c) == comm_size(host));
    for (size_t k = 0; k < N_SIZES - (comm_size(host) > 2); k++) {
        to_one(&x, k);
        from_one(&x, k);
        to_all(&x, k);
    }
    OK(comm_barrier(x.c, &e));
    /* one byte to each other rank: counted once, by the group of the host */
    comm_traffic(host, &t);
    moved = t.sent;
    from_one(&x, 1);
    comm_traffic(host, &t);
    T_CHECK(t.sent > moved && t.sent <= moved + 4 * (size_t)comm_size(host));
    comm_traffic(x.c, &t);
    T_EQ_INT(t.sent + t.received, 0);
    OK(comm_window_open(&w, x.c, 100, &e));
    T_CHECK(!w);
    T_CHECK(comm_probe(x.c, 0, &from, &e) && strstr(e.msg, "devices"));
    rank_close(&x);
}

static void all_operations(void)
{
    for (through_host = 0; through_host < 2; through_host++) {
        if (through_host)
            setenv("CUDASIM_NCCL", "none", 1);
        for (int n = 2; n < 6; n += 1 + (n > 2))
            on_ranks(n, every_one);
    }
    unsetenv("CUDASIM_NCCL");
}

static void delayed(void)
{
    setenv("ULP_COMM_DELAY_US", "3000", 1);
    through_host = 0;
    on_ranks(3, every_one);
    unsetenv("ULP_COMM_DELAY_US");
}

/* A message is no more than asked for when the call returns: who does not wait sees
 * what was there before. */
static void see_order(struct comm *host)
{
    int me = comm_rank(host);
    struct err e = {0};
    struct rank x;
    uint8_t *p;

    rank_open(&x, host);
    p = room(&x, 99);
    fill(&x, p, 0, me, 7, 99);
    begin(&x);
    OK(me ? comm_recv(x.c, 0, p, 99, &e) : comm_send(x.c, 1, p, 99, &e));
    T_CHECK(holds(&x, p, 0, me, 7, 99));
    end(&x);
    T_CHECK(holds(&x, p, 0, 0, 7, 99));
    x.k->free(x.k, p);
    rank_close(&x);
}

static void in_the_order_of_the_stream(void)
{
    on_ranks(2, see_order);
}

/* ---- which of both ---- */

static const char *expected;

/* The environment of one rank differs: NAME=VALUE of `odd`. */
static int odd;
static const char *odd_name, *odd_value;

static void see_why(struct comm *host)
{
    struct err e = {0};
    struct rank x;
    uint8_t *p;

    if (comm_rank(host) == odd)
        setenv(odd_name, odd_value, 1);
    rank_open(&x, host);
    T_CHECKF(strstr(x.why.text, expected), "why: %s", x.why.text);
    p = room(&x, 9);
    fill(&x, p, 0, comm_rank(host), 0, 9);
    begin(&x);
    OK(comm_bcast(x.c, 2, p, 9, &e));
    end(&x);
    T_CHECK(holds(&x, p, 0, 2, 0, 9));
    x.k->free(x.k, p);
    rank_close(&x);
}

static void why(int rank, const char *name, const char *value, const char *text)
{
    odd = rank;
    odd_name = name;
    odd_value = value;
    expected = text;
    on_ranks(3, see_why);
}

static void all_agree_why_there_is_no_nccl(void)
{
    why(1, "CUDASIM_NCCL", "none", "no libnccl.so.2 on the loader's path");
    why(2, "CUDASIM_NCCL", "2708", "version 2.7.8; 2.13.4 is needed");
    why(0, "CUDASIM_NCCL", "21212", "version 2.12.12; 2.13.4 is needed");
    why(2, "CUDASIM_NCCL", "22703",
        "rank 0 has NCCL 2.28.9 and rank 2 has "
        "2.27.3");
    why(2, "CUDA_VISIBLE_DEVICES", "0", "ranks 0 and 2 share a device");
    why(1, "ULP_NCCL", "none", "ULP_NCCL=none");
    why(0, "ULP_NCCL", "/none/x.so", "ULP_NCCL=/none/x.so: cannot open");
    why(0, "ULP_NCCL", "libnccl.so.2", "");
}

/* ---- a rank that goes ---- */

static void leave(struct comm *host)
{
    int me = comm_rank(host);
    struct err e = {0};
    struct rank x;
    uint8_t *p;

    rank_open(&x, host);
    p = room(&x, 9);
    OK(comm_barrier(x.c, &e));
    if (me) /* without a word */
        _exit(t_failed);
    begin(&x);
    OK(comm_recv(x.c, 1, p, 9, &e));
    /* that message is given up, or memory could not go back */
    side_stream_leave(x.of);
    x.k->free(x.k, p);
    side_stream_close(&x.of);
    kernels_close(&x.k);
}

static void who_leaves_waits_for_nobody(void)
{
    on_ranks(2, leave);
}

int main(void)
{
    T_RUN(all_operations);
    T_RUN(delayed);
    T_RUN(in_the_order_of_the_stream);
    T_RUN(all_agree_why_there_is_no_nccl);
    T_RUN(who_leaves_waits_for_nobody);
    T_DONE();
}
