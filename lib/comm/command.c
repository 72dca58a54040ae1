/* command - ranks that a launcher starts (mpirun, srun), on this host or others
 *
 * The launcher gets /dev/null to read, and what it writes is passed on to
 * standard error: late, so that what it says of a rank that died is not said
 * beside our own message. Rank 0 has this process's standard input and output
 * themselves, handed over by a Unix socket: it must be on this host. Messages of
 * ranks here go to this process's standard error by the same way (say.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "comm_impl.h"
#include "start.h"
#include "rendezvous.h"
#include "watch.h"
#include "../base/clock.h"
#include "../base/say.h"

enum {
    /* what the launcher writes is held back so long: Open MPI kills the other
     * ranks a second after its message that one failed */
    LATE_MS = 5000,
    GRACE_MS = 1500, /* for messages of its ranks after it ended */
    END_MS = 5000,   /* for it to end when they have */
    /* for the next rank to call once one has: MPICH goes on without a rank that
     * ended before, and the others would wait for it for ever */
    CALL_S = 600
};

struct command {
    const char *launcher;
    struct rendezvous rendezvous;
    pid_t pid;
    int out; /* what it writes */
    int status, ended;
    int failed; /* our own message is printed, and the launcher's is not */
    int n;      /* ranks */
    int n_came; /* of them have called, the last at came_ms */
    int64_t ended_ms, said_ms, came_ms;
    struct buf said;
};

/* What a rank gets of this process: nothing on another host, else standard error
 * for its messages, and rank 0 what is read and written. A rank's own standard
 * error stays the launcher's, for what MPI's library writes. */
static const int streams[] = {STDERR_FILENO, STDIN_FILENO, STDOUT_FILENO};

static int n_streams(int rank, int is_here)
{
    return !is_here ? 0 : rank ? 1 : 3;
}

/* ---- the command line ---- */

/* Words of the launcher, '...' and "..." around blanks; then this program's
 * own command line. */
static char **words(const char *launcher, struct err *e)
{
    char *copy = xstrdup(launcher), *at = copy, exe[PATH_MAX], *args = NULL;
    char **argv = NULL;
    size_t n = 0, n_args = 0;
    ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    FILE *f = fopen("/proc/self/cmdline", "r");
    size_t cap = 0;

    while (*at) {
        char *to, quote = 0;

        at += strspn(at, " \t\n");
        if (!*at)
            break;
        argv = xrealloc(argv, n + 2, sizeof *argv);
        argv[n++] = to = at;
        for (; *at && (quote || !strchr(" \t\n", *at)); at++) {
            if (quote ? *at == quote : *at == '\'' || *at == '"')
                quote = quote ? 0 : *at;
            else
                *to++ = *at;
        }
        at += *at != 0;
        *to = 0;
    }
    if (!n || len < 0 || !f) {
        free(argv);
        free(copy);
        if (f)
            fclose(f);
        err_set(e, ERR_USAGE,
                n ? "no /proc/self, which --launcher needs"
                  : "--launcher: an empty command");
        return NULL;
    }
    exe[len] = 0;
    argv[n++] = xstrdup(exe);
    while (getdelim(&args, &cap, 0, f) > 0) {
        argv = xrealloc(argv, n + 2, sizeof *argv);
        if (n_args++)
            argv[n++] = xstrdup(args);
    }
    free(args);
    fclose(f);
    argv[n] = NULL;
    return argv; /* until exec or exit */
}

/* Defaults that are of use to us; what the user has set stays. Open MPI refuses
 * to run as root, which containers and continuous integration do, and binds
 * each rank to one core, where ours have threads. */
static void set_environment(const struct rendezvous *s)
{
    setenv(RENDEZVOUS_ENV, s->word, 1);
    if (!geteuid()) {
        setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
        setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    }
    setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
    setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
    /* mpirun carries to other hosts what is named there */
    setenv("OMPI_MCA_mca_base_env_list", RENDEZVOUS_ENV, 0);
    /* a step in this process's own step, and beside that of another program of
     * the pipe; without it srun waits for ever for what these have */
    if (getenv("SLURM_JOB_ID"))
        setenv("SLURM_OVERLAP", "1", 0);
}

static int spawn(struct command *x, struct err *e)
{
    int pipe_fd[2], report[2], failed = 0, r;
    char **argv = words(x->launcher, e);
    pid_t parent = getpid();

    if (!argv)
        return -e->code;
    if (pipe2(pipe_fd, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
        return err_errno(e, ERR_IO, "a pipe for --launcher");
    x->pid = fork();
    if (x->pid < 0)
        return err_errno(e, ERR_IO, "starting '%s'", x->launcher);
    if (!x->pid) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(ERR_IO);
        setpgid(0, 0);
        start_leave_streams();
        dup2(pipe_fd[1], STDOUT_FILENO);
        dup2(pipe_fd[1], STDERR_FILENO);
        set_environment(&x->rendezvous);
        signal(SIGPIPE, SIG_DFL);
        execvp(argv[0], argv);
        failed = errno;
        (void)!write(report[1], &failed, sizeof failed);
        _exit(127);
    }
    close(pipe_fd[1]);
    close(report[1]);
    x->out = pipe_fd[0];
    fcntl(x->out, F_SETFL, O_NONBLOCK);
    r = read(report[0], &failed, sizeof failed) == sizeof failed;
    close(report[0]);
    if (!r)
        return 0;
    waitpid(x->pid, NULL, 0);
    x->pid = 0;
    return err_set(e, ERR_USAGE, "--launcher '%s': %s: %s", x->launcher,
                   argv[0], strerror(failed));
}

/* ---- while it runs ---- */

static void pass_on(struct command *x)
{
    for (size_t at = 0; at < x->said.n;) {
        ssize_t w = write(STDERR_FILENO, x->said.p + at, x->said.n - at);

        if (w <= 0)
            break;
        at += (size_t)w;
    }
    x->said.n = 0;
}

static void listen_to(struct command *x)
{
    char b[4096];
    ssize_t n;

    while (x->out >= 0 && (n = read(x->out, b, sizeof b)) != 0) {
        if (n < 0)
            break;
        if (!x->said.n)
            x->said_ms = clock_ms();
        buf_put(&x->said, b, (size_t)n);
    }
    if (x->said.n && clock_ms() - x->said_ms > LATE_MS && !x->ended &&
        !x->failed)
        pass_on(x);
}

static void look(struct command *x)
{
    if (!x->ended && waitpid(x->pid, &x->status, WNOHANG) == x->pid) {
        x->ended = 1;
        x->ended_ms = clock_ms();
    }
}

static void how(const struct command *x, char *text, size_t n)
{
    if (WIFSIGNALED(x->status))
        snprintf(text, n, "by signal %d", WTERMSIG(x->status));
    else
        snprintf(text, n, "with status %d", WEXITSTATUS(x->status));
}

static void came(struct command *x, struct watch *w, int fd, int is_here)
{
    watch_add(w, fd, -1, 0, is_here, x->rendezvous.key);
    x->n_came++;
    x->came_ms = clock_ms();
}

static int turn(void *ctx, struct watch *w, struct err *e)
{
    struct command *x = ctx;
    char text[64];
    int fd;

    while ((fd = rendezvous_accept(x->rendezvous.here, 1)) >= 0)
        came(x, w, fd, 1);
    while (x->rendezvous.net >= 0 &&
           (fd = rendezvous_accept(x->rendezvous.net, 0)) >= 0)
        came(x, w, fd, 0);
    listen_to(x);
    look(x);
    if (x->n_came && x->n_came < x->n &&
        clock_ms() - x->came_ms > CALL_S * 1000)
        return err_set(e, ERR_IO,
                       "the launcher '%s': %d of %d ranks have started, and no "
                       "other in %d s",
                       x->launcher, x->n_came, x->n, CALL_S);
    if (!x->ended || clock_ms() - x->ended_ms < GRACE_MS)
        return 0;
    how(x, text, sizeof text);
    if (!x->n_came) /* its own words are what there is to say */
        pass_on(x);
    return err_set(e, ERR_IO, "the launcher '%s' ended %s%s", x->launcher, text,
                   x->n_came ? " before its ranks were done"
                             : " and started none");
}

static int ranked(void *ctx, int fd, const struct link_hello *h, int is_here,
                  struct err *e)
{
    (void)ctx;
    if (!h->rank && !is_here)
        return err_set(e, ERR_USAGE,
                       "--launcher: rank 0 is on %.100s, and must be on this "
                       "host, %.100s: it reads and writes for all",
                       h->host, link_host());
    if (rendezvous_send_fds(fd, streams, n_streams(h->rank, is_here)))
        return err_errno(e, ERR_IO, "rank %d on %.100s", h->rank, h->host);
    if (!h->rank)
        start_leave_streams();
    return 0;
}

/* Ends the launcher: by itself, by request, by force. */
static void end_launcher(struct command *x)
{
    int64_t began = clock_ms();
    int told = 0;

    while (!x->ended) {
        int64_t ms = clock_ms() - began;

        listen_to(x);
        look(x);
        if (x->ended)
            break;
        if (ms > END_MS / (x->failed ? 4 : 1) && !told++)
            kill(-x->pid, SIGTERM);
        if (ms > 2 * END_MS)
            kill(-x->pid, SIGKILL);
        usleep(10000);
    }
    if (x->failed)
        kill(-x->pid, SIGKILL); /* what it left */
}

int start_command(int n, const char *launcher, struct comm **c, struct err *e)
{
    struct command x = {.launcher = launcher, .n = n, .out = -1};
    struct watch_start s = {.ctx = &x, .turn = turn, .ranked = ranked};
    struct watch *w;
    char text[64];
    int r = rendezvous_open(&x.rendezvous, e);

    *c = NULL;
    if (!r)
        r = spawn(&x, e);
    if (r) {
        rendezvous_close(&x.rendezvous);
        return r;
    }
    s.fd[0] = x.rendezvous.here;
    s.fd[1] = x.rendezvous.net;
    s.fd[2] = x.out;
    w = watch_open(n, &s);
    r = watch_run(w, e);
    rendezvous_close(&x.rendezvous);
    x.failed = r != 0;
    end_launcher(&x);
    listen_to(&x);
    if (!r && x.status) {
        how(&x, text, sizeof text);
        r = err_set(e, ERR_IO, "the launcher '%s' ended %s", launcher, text);
    }
    if (!r)
        pass_on(&x);
    watch_close(&w);
    close(x.out);
    buf_free(&x.said);
    return r ? r : 1;
}

/* ---- in a rank ---- */

const char *start_word(void)
{
    return getenv(RENDEZVOUS_ENV);
}

/* The rank's number in the launcher's environment, before MPI gives it; for
 * messages. */
static int guess(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",
                                        "PMI_RANK", "SLURM_PROCID"};

    for (int i = 0; i < 4; i++)
        if (getenv(names[i]))
            return atoi(getenv(names[i]));
    return -1;
}

static int take_streams(int fd, int rank, int is_here, struct err *e)
{
    int got[3], n = n_streams(rank, is_here);

    if (rendezvous_recv_fds(fd, got, n))
        return err_set(e, ERR_IO,
                       "the process that started the ranks has gone");
    if (rank)
        start_leave_streams();
    if (n)
        say_through(got[0]);
    for (int i = 1; i < n; i++) {
        dup2(got[i], streams[i]);
        close(got[i]);
    }
    return 0;
}

int start_as_rank(const char *word, int n, struct comm **c, struct err *e)
{
    struct link_msg m = {0};
    struct comm_engine x;
    int is_here, r,
        fd = rendezvous_connect(word, m.u.hello.key, sizeof m.u.hello.key,
                                &is_here, e);

    if (fd < 0)
        return fd;
    link_open(fd);
    m.u.hello.rank = guess();
    m.u.hello.pid = getpid();
    snprintf(m.u.hello.host, sizeof m.u.hello.host, "%s", link_host());
    link_send(LINK_HELLO, &m);
    unsetenv(RENDEZVOUS_ENV);
    r = link_live(1, e);
    if (!r)
        r = start_mpi(&x, e);
    if (r)
        return r;
    *c = comm_of(&x);
    m.u.hello.rank = x.rank;
    link_send(LINK_RANK, &m);
    r = take_streams(fd, x.rank, is_here, e);
    link_listen();
    if (!r && x.size != n)
        r = err_set(e, ERR_USAGE,
                    "--ranks is %d, and the launcher has started %d", n,
                    x.size);
    return r;
}
