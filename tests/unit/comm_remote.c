/* comm_remote: memory that ranks which share none read of each other by messages, in
 * sizes around every edge, on 2, 3 and 5 ranks, while the main messages go on beside;
 * ranks that read different amounts; what is asked for wrongly ends the run
 *
 * The engine is that of one host without its memory, and more sockets for the other
 * channels, which threads may use at once.
 */
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/base/arena.h"
#include "../../lib/comm/comm_impl.h"
#include "../../lib/comm/local.h"
#include "t.h"

enum { CHANNELS = CHANNEL_REPLY + 1, RANKS = 5, SIZE = 300007 };

static const size_t sizes[] = {0, 1, 7, 8, 9, 1025, 65536, 65537, 200000};
#define N_SIZES (sizeof sizes / sizeof *sizes)
#define OK(call) T_CHECKF(!(call), "%s: %s", #call, e.msg)

/* ---- an engine -------------------------------------------------------- */

static struct comm_engine host;
static int sockets[CHANNELS][RANKS][RANKS]; /* of rank i, to rank j */

static int transfer(const struct comm_part *q)
{
    int fd = sockets[q->channel][host.rank][q->peer];

    for (size_t at = 0; at < q->n;) {
        ssize_t n = q->sending ? send(fd, q->p + at, q->n - at, MSG_NOSIGNAL)
                               : recv(fd, q->p + at, q->n - at, 0);

        if (n <= 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static int exchange(void *ctx, const struct comm_part *q, int n, int *lost,
                    char *why, size_t n_why)
{
    int r = 0;

    if (q[0].channel == CHANNEL_MAIN)
        return host.exchange(ctx, q, n, lost, why, n_why);
    for (int i = 0; i < n && !r; i++)
        r = q[i].sending ? transfer(&q[i]) : 0;
    for (int i = 0; i < n && !r; i++)
        r = q[i].sending ? 0 : transfer(&q[i]);
    return r;
}

static int probe(void *ctx, enum comm_channel channel, int wait_ms, int *from,
                 int *lost, char *why, size_t n_why)
{
    struct pollfd p[RANKS];

    if (channel == CHANNEL_MAIN)
        return host.probe(ctx, channel, wait_ms, from, lost, why, n_why);
    for (int i = 0; i < host.size; i++)
        p[i] = (struct pollfd){
            .fd = i == host.rank ? -1 : sockets[channel][host.rank][i],
            .events = POLLIN};
    *from = -1;
    if (poll(p, (nfds_t)host.size, wait_ms) > 0)
        for (int i = 0; i < host.size; i++)
            *from = p[i].revents & POLLIN ? i : *from;
    return 0;
}

static void join(int size)
{
    for (int k = CHANNEL_REQUEST; k < CHANNELS; k++)
        for (int i = 0; i < size; i++)
            for (int j = 0; j < i; j++) {
                int pair[2];

                T_CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
                sockets[k][i][j] = pair[0];
                sockets[k][j][i] = pair[1];
            }
}

/* The ends of all ranks but this one: -1, none. */
static void part(int size, int but)
{
    for (int k = CHANNEL_REQUEST; k < CHANNELS; k++)
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
                if (i != j && i != but)
                    close(sockets[k][i][j]);
}

static void be_rank(struct local_mesh **mesh, int r,
                    void (*body)(struct comm *c))
{
    struct comm_engine x;
    struct comm *c;
    struct err e = {0};

    local_take(mesh, r, &host);
    part(host.size, r);
    x = host;
    x.channels = 1;
    x.exchange = exchange;
    x.probe = probe;
    x.share = NULL;
    c = comm_of(&x);
    t_failed = 0;
    alarm(60); /* ranks that wait for each other */
    body(c);
    /* nobody ends its thread while another one asks */
    OK(comm_barrier(c, &e));
    if (t_failed)
        fprintf(stderr, "rank %d: %s\n", r, t_why);
    comm_close(&c);
    exit(t_failed ? 1 : 0);
}

/* body on each of `size` ranks, which end with this status. */
static void on_ranks(int size, void (*body)(struct comm *c), int want)
{
    struct local_mesh *mesh;
    struct err e = {0};
    pid_t pid[RANKS];

    OK(local_open(&mesh, size, &e));
    join(size);
    fflush(stdout);
    for (int r = 0; r < size; r++) {
        pid[r] = fork();
        if (!pid[r])
            be_rank(&mesh, r, body);
    }
    local_close(&mesh);
    part(size, -1);
    for (int r = 0; r < size; r++) {
        int status = -1;

        waitpid(pid[r], &status, 0);
        T_CHECKF(WIFEXITED(status) && WEXITSTATUS(status) == want,
                 "rank %d of %d ended with status %d", r, size, status);
    }
}

/* ---- what ranks do --------------------------------------------------- */

static uint8_t byte(int rank, int round, size_t i)
{
    return (uint8_t)((size_t)rank * 151 + (size_t)round * 37 +
                     i * (i >> 8 | 1));
}

static int holds(const uint8_t *p, int rank, int round, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != byte(rank, round, at + i))
            return 0;
    return 1;
}

/* Each round has other bytes. Rank r reads r + 1 times, the others' as its own. */
static void read_all(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    struct comm_window *w, *second;
    struct comm_traffic t;
    struct err e = {0};
    uint8_t *to = xcalloc(1, SIZE), *mine;
    size_t want = 0;

    OK(comm_window_open(&w, c, SIZE, &e));
    T_CHECK(!w);
    OK(comm_window_open_remote(&w, c, SIZE, &e));
    OK(comm_window_open_remote(&second, c, 1, &e));
    T_CHECK(w && second);
    T_EQ_INT(comm_window_bytes(w), SIZE);
    for (int r = 0; r < size; r++)
        T_CHECK((comm_window_of(w, r) != NULL) == (r == me));
    mine = (uint8_t *)comm_window_of(w, me);
    *comm_window_of(second, me) = (char)me;
    for (int round = 0; round < 3; round++) {
        comm_window_settle(w);
        for (size_t i = 0; i < SIZE; i++)
            mine[i] = byte(me, round, i);
        OK(comm_barrier(c, &e));
        for (int again = 0; again <= me; again++)
            for (size_t k = 0; k < N_SIZES * (size_t)size; k++) {
                int from = (me + (int)k) % size;
                size_t n = sizes[k / (size_t)size], at = (k * 977) % 100000;

                memset(to, 0, n);
                OK(comm_window_read(w, from, at, n, to, &e));
                T_CHECK(holds(to, from, round, at, n));
                want += from == me ? 0 : n;
            }
        OK(comm_window_read(second, (me + 1) % size, 0, 1, to, &e));
        T_EQ_INT(*to, (me + 1) % size);
        want++;
        OK(comm_barrier(c, &e));
    }
    comm_traffic(c, &t);
    T_CHECKF(t.received >= want && t.received < want + 1000,
             "received %llu, not %zu", t.received, want);
    T_CHECK(t.sent > 0);
    comm_window_close(&w);
    comm_window_close(&second);
    free(to);
}

/* One reads while the others' main messages go round and round. */
static void beside_messages(struct comm *c)
{
    int me = comm_rank(c), size = comm_size(c);
    struct comm_window *w;
    struct err e = {0};
    uint8_t to[100];
    int go = 1;

    OK(comm_window_open_remote(&w, c, sizeof to, &e));
    for (size_t i = 0; i < sizeof to; i++)
        comm_window_of(w, me)[i] = (char)byte(me, 0, i);
    OK(comm_barrier(c, &e));
    for (int i = 0; go && !t_failed; i++) {
        if (!me)
            for (int r = 0; r < size; r++) {
                OK(comm_window_read(w, r, 0, sizeof to, to, &e));
                T_CHECK(holds(to, r, 0, 0, sizeof to));
            }
        go = i < 50;
        OK(comm_bcast(c, 0, &go, sizeof go, &e));
    }
    OK(comm_barrier(c, &e));
    comm_window_close(&w);
}

static int is_owner; /* this rank is the one that is asked */

/* The other's thread may find first that this one has gone. */
static void fatal(const struct err *e)
{
    if (is_owner &&
        strcmp(e->msg, "between ranks: rank 0 asked for memory that is "
                       "not exposed"))
        _exit(9);
    _exit(7);
}

/* More than there is: the owner ends the run. */
static void too_much(struct comm *c)
{
    struct comm_window *w;
    struct err e = {0};
    char to[16];

    c->fatal = fatal;
    is_owner = comm_rank(c) == 1;
    OK(comm_window_open_remote(&w, c, 10, &e));
    if (!is_owner) {
        T_CHECK(comm_window_read(w, 1, 1, 10, to, &e));
        _exit(7);
    }
    sleep(60);
}

/* Nobody would answer. */
static void of_no_channels(struct comm *c)
{
    struct comm_window *w;
    struct err e = {0};

    c->x.channels = 0;
    OK(comm_window_open_remote(&w, c, 10, &e));
    T_CHECK(!w);
}

/* ---- cases ------------------------------------------------------------ */

static void bytes_of_others(void)
{
    static const int ranks[] = {2, 3, 5};

    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        on_ranks(ranks[i], read_all, 0);
}

static void with_random_delays(void)
{
    setenv("ULP_COMM_DELAY_US", "2000", 1);
    on_ranks(3, read_all, 0);
    unsetenv("ULP_COMM_DELAY_US");
}

static void while_messages_go(void)
{
    on_ranks(4, beside_messages, 0);
}

static void memory_that_is_not_exposed(void)
{
    on_ranks(2, too_much, 7);
}

static void engines_without_channels(void)
{
    on_ranks(2, of_no_channels, 0);
}

int main(void)
{
    T_RUN(bytes_of_others);
    T_RUN(with_random_delays);
    T_RUN(while_messages_go);
    T_RUN(memory_that_is_not_exposed);
    T_RUN(engines_without_channels);
    T_DONE();
}
