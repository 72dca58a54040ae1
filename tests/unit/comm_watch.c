/* comm_watch - which of several faults of ranks is said: the one that the others
 * followed from, in whatever order they are seen */
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../lib/comm/comm.h"
#include "../../lib/comm/link.h"
#include "../../lib/comm/start.h"
#include "../../lib/comm/watch.h"
#include "t.h"

struct end {
    int code; /* of what the rank tells; 0: it goes without a word */
    int no_memory, reader_left, lost;
};

/* A rank that goes before it is done, with its line's last words. */
static void go(struct watch *w, int rank, const struct end *x)
{
    struct link_msg m = {.type = LINK_FAIL,
                         .u.fail = {.code = x->code,
                                    .no_memory = x->no_memory,
                                    .reader_left = x->reader_left,
                                    .lost = x->lost,
                                    .msg = "its own words"}};
    int pair[2];

    T_CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    watch_add(w, pair[0], rank, 0, 0, NULL);
    if (x->code)
        T_CHECK(write(pair[1], &m, sizeof m) == (ssize_t)sizeof m);
    close(pair[1]);
}

/* Two ranks go at once: what is said, and with which code. */
static void said(struct end a, struct end b, int code, const char *text)
{
    const struct watch_start s = {.fd = {-1, -1, -1}};
    struct watch *w = watch_open(2, &s);
    struct err e = {0};

    go(w, 0, &a);
    go(w, 1, &b);
    T_EQ_INT(watch_run(w, &e), -code);
    T_EQ_INT(e.code, code);
    T_CHECKF(strstr(e.msg, text), "'%s' is not in '%s'", text, e.msg);
    watch_close(&w);
}

static const struct end died = {.lost = -1};

static void a_failure_before_the_deaths_that_follow(void)
{
    static const struct end causes[] = {{ERR_USAGE, 0, 0, -1},
                                        {ERR_DATA, 0, 0, -1},
                                        {ERR_IO, 1, 0, -1},
                                        {ERR_IO, 0, 1, -1}};

    for (int i = 0; i < 4; i++) {
        said(died, causes[i], causes[i].code, "rank 1 on ");
        said(died, causes[i], causes[i].code, "its own words");
        said(causes[i], died, causes[i].code, "its own words");
    }
}

static void a_death_before_the_failures_that_follow(void)
{
    static const struct end broken = {ERR_IO, 0, 0, -1},
                            lost = {ERR_IO, 0, 0, 1};

    said(broken, died, ERR_IO, "rank 1 on ");
    said(died, broken, ERR_IO, "rank 0 on ");
    said(lost, died, ERR_IO, "has died");
}

/* In a process of its own, whose standard output the watcher leaves: 0 where of
 * two ranks that had done their work the second ended so. */
static int said_of_the_end(int sig, int status, const char *text)
{
    struct comm *c = NULL;
    struct err e = {0};
    int r = start_local(2, &c, &e);

    if (!c)
        return !(r == -ERR_IO && strstr(e.msg, text));
    link_done();
    if (comm_rank(c) && sig)
        raise(sig);
    _exit(comm_rank(c) ? status : 0);
}

static void a_rank_that_fails_at_the_end(void)
{
    static const struct {
        int sig, status;
        const char *text;
    } end[] = {{SIGTERM, 0, "has died at the end: signal 15"},
               {0, 3, "has died at the end: it exited with status 3"}};

    for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
        pid_t p = fork();
        int status;

        if (!p)
            _exit(said_of_the_end(end[i].sig, end[i].status, end[i].text));
        T_CHECK(waitpid(p, &status, 0) == p);
        T_CHECKF(!status, "it was not said: %s", end[i].text);
    }
}

int main(void)
{
    T_RUN(a_failure_before_the_deaths_that_follow);
    T_RUN(a_death_before_the_failures_that_follow);
    T_RUN(a_rank_that_fails_at_the_end);
    T_DONE();
}
