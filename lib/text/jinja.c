/* jinja - a chat template rendered by a process of Python's */
#include "jinja.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/clock.h"
#include "../base/file.h"
#include "../base/le32.h"

enum { START_MS = 60000, FD = 3, NOBODY = 65534 };

struct jinja {
    struct jinja_opts o;
    char *where;
    char *python; /* the one that has jinja2 */
    pid_t pid;    /* 0: not running */
    int fd;
    struct buf first, out, in; /* the first frame; one out, one in */
};

/* ---- the process -------------------------------------------------------- */

static void limit(unsigned what, rlim_t n)
{
    struct rlimit old, l = {n, n};

    if (!getrlimit(what, &old) && old.rlim_max < n)
        l.rlim_cur = l.rlim_max = old.rlim_max;
    if (setrlimit(what, &l))
        _exit(126);
}

/* Root can undo its limits, so it becomes nobody; where that is not mapped (a
 * container of one user) it is no root to speak of. */
static void leave_root(void)
{
    if (geteuid() == 0 && setgroups(0, NULL) == 0 &&
        setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
        setresuid(NOBODY, NOBODY, NOBODY) != 0)
        _exit(126);
}

/* In the new process: only system calls. */
static _Noreturn void child(const char *python, char *const argv[], int fd,
                            size_t mem_bytes, pid_t parent)
{
    static char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8",
                                "PYTHONHASHSEED=0", "TZ=UTC0", NULL};
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    leave_root(); /* which forgets PDEATHSIG */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (getppid() != parent || null < 0 || dup2(null, 0) < 0 ||
        dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(126);
    if (fd == FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, FD) < 0)
        _exit(126);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, FD + 1, ~0u, 0))
#endif
        for (int i = FD + 1; i < 1024; i++)
            close(i);
    limit(RLIMIT_AS, (rlim_t)mem_bytes);
    limit(RLIMIT_CORE, 0);
    execve(python, argv, env);
    _exit(127);
}

static void stop(struct jinja *j)
{
    if (!j->pid)
        return;
    close(j->fd);
    kill(j->pid, SIGKILL);
    while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    j->pid = 0;
}

static int start(struct jinja *j, const char *python, struct err *e)
{
    char *argv[] = {"python3", "-I", "-B", "-c", (char *)jinja_script, NULL};
    pid_t parent = getpid();
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
        return err_errno(e, ERR_IO, "%s: socketpair", j->where);
    j->pid = fork();
    if (!j->pid)
        child(python, argv, fd[1], j->o.mem_bytes, parent);
    close(fd[1]);
    j->fd = fd[0];
    if (j->pid < 0) {
        j->pid = 0;
        close(fd[0]);
        return err_errno(e, ERR_IO, "%s: fork", j->where);
    }
    return 0;
}

/* ---- frames ------------------------------------------------------------- */

/* Waits until fd is ready; 0, or -1 when the time is over. */
static int ready(int fd, short what, int64_t end)
{
    for (;;) {
        struct pollfd p = {fd, what, 0};
        int64_t left = end - clock_ms();
        int r = poll(&p, 1, left > 0 ? (int)left : 0);

        if (r > 0)
            return 0;
        if (r == 0 && clock_ms() >= end)
            return -1;
    }
}

enum { DONE, LATE, GONE };

static int put(int fd, const struct buf *b, int64_t end)
{
    for (size_t at = 0; at < b->n;) {
        ssize_t k;

        if (ready(fd, POLLOUT, end))
            return LATE;
        k = send(fd, b->p + at, b->n - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno != EAGAIN && errno != EINTR)
            return GONE;
        at += k > 0 ? (size_t)k : 0;
    }
    return DONE;
}

/* Exactly n more bytes into b. */
static int get(int fd, struct buf *b, size_t n, int64_t end)
{
    while (n) {
        ssize_t k;

        if (ready(fd, POLLIN, end))
            return LATE;
        k = recv(fd, buf_room(b, n), n, MSG_DONTWAIT);
        if (!k || (k < 0 && errno != EAGAIN && errno != EINTR))
            return GONE;
        b->n += k > 0 ? (size_t)k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return DONE;
}

/* Sends a frame and takes the answer's: DONE, with its letter in j->in.p[0]. */
static int ask(struct jinja *j, const struct buf *frame, int ms)
{
    int64_t end = clock_ms() + ms;
    int r = put(j->fd, frame, end);
    uint32_t n;

    j->in.n = 0;
    if (r == DONE)
        r = get(j->fd, &j->in, 4, end);
    if (r != DONE)
        return r;
    n = le32_get(j->in.p);
    j->in.n = 0;
    if (!n || n > j->o.max_bytes + 8192)
        return GONE;
    return get(j->fd, &j->in, n, end);
}

static void frame(struct buf *b, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    size_t n = strlen(text);
    char head[4];

    le32_put(head, (uint32_t)n);
    b->n = 0;
    buf_put(b, head, 4);
    buf_put(b, text, n);
    free(text);
}

/* ---- the calls ---------------------------------------------------------- */

/* 0; 1: this Python has no jinja2, or is none; negative: error. */
static int begin(struct jinja *j, const char *python, struct err *e)
{
    int r = start(j, python, e);

    if (r)
        return r;
    r = ask(j, &j->first, START_MS);
    if (r == DONE && j->in.p[0] == 't')
        return 0;
    stop(j);
    if (r == GONE || (r == DONE && j->in.p[0] == 'm'))
        return 1;
    if (r == LATE)
        return err_set(e, ERR_IO, "%s: %s did not start within %d s", j->where,
                       python, START_MS / 1000);
    return err_set(e, ERR_DATA, "%s: chat_template: %.*s", j->where,
                   (int)j->in.n - 1, j->in.p + 1);
}

static int begin_any(struct jinja *j, struct err *e)
{
    const char *one = j->o.python ? j->o.python : "/usr/bin/python3";
    char *other = j->o.python ? NULL : file_in_path("python3");
    int r = begin(j, one, e);

    if (r == 1 && other && strcmp(other, one)) {
        r = begin(j, other, e);
        one = other;
    }
    if (!r) {
        free(j->python);
        j->python = xstrdup(one);
    }
    free(other);
    if (r == 1)
        return err_set(e, ERR_IO,
                       "%s: this chat_template is rendered by "
                       "python3 with jinja2, which is missing (Debian: apt "
                       "install python3-jinja2)",
                       j->where);
    return r;
}

int jinja_open(struct jinja **out, const struct jinja_opts *o, struct err *e)
{
    struct jinja *j = xcalloc(1, sizeof *j);
    json_t *first = json_object();
    int r;

    json_object_set_new(first, "template", json_string(o->text));
    json_object_set_new(first, "date", json_string(o->date));
    json_object_set_new(first, "variables",
                        o->variables ? json_deep_copy(o->variables)
                                     : json_object());
    json_object_set_new(first, "max_bytes",
                        json_integer((json_int_t)o->max_bytes));
    frame(&j->first, first);
    json_decref(first);
    j->o = *o;
    j->where = xstrdup(o->where);
    r = begin_any(j, e);
    *out = j;
    if (r)
        jinja_close(out);
    return r;
}

void jinja_close(struct jinja **jp)
{
    struct jinja *j = *jp;

    if (!j)
        return;
    stop(j);
    buf_free(&j->first);
    buf_free(&j->out);
    buf_free(&j->in);
    free(j->python);
    free(j->where);
    free(j);
    *jp = NULL;
}

int jinja_render(struct jinja *j, const json_t *more, const char **text,
                 size_t *n, struct err *e)
{
    int r;

    if (!j->pid && (r = begin(j, j->python, e)) != 0)
        return r < 0 ? r
                     : err_set(e, ERR_IO, "%s: python3 does not start again",
                               j->where);
    frame(&j->out, more);
    r = ask(j, &j->out, j->o.limit_ms);
    if (r != DONE) {
        stop(j);
        return err_set(e, ERR_DATA,
                       r == LATE ? "%s: the chat template did not end within "
                                   "%g s"
                                 : "%s: the chat template's process ended",
                       j->where, j->o.limit_ms / 1000.0);
    }
    if (j->in.p[0] != 't')
        return err_set(e, ERR_DATA, "%s: the chat template says: %.*s",
                       j->where, (int)(j->in.n - 1), j->in.p + 1);
    *text = j->in.p + 1;
    *n = j->in.n - 1;
    return 0;
}
