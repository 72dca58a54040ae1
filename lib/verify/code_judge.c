/* code_judge - one item in a pair of sandboxes
 *
 * The program goes to U, the test and a fresh nonce to T, each through an
 * anonymous file of its own; a socket joins the two processes that are forked
 * for the item; a pipe brings back what T writes when the test has run.
 */
#include "code_judge.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/le32.h"
#include "../base/nonce.h"
#include "code_clock.h"

enum { NONCE = 32 };

void code_say(struct code_verdict *out, enum code_status status,
              const char *fmt, ...)
{
    va_list ap;

    out->passed = 0;
    out->status = status;
    va_start(ap, fmt);
    vsnprintf(out->detail, sizeof out->detail, fmt, ap);
    va_end(ap);
}

static int put_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(fd, p, n);

        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return -1;
        p += w;
        n -= (size_t)w;
    }
    return 0;
}

/* An anonymous file with the texts of a job, a length before each. */
struct part {
    const char *s;
    size_t n;
};

static int job_file(const struct part *part, int n)
{
    int fd = memfd_create("job", MFD_CLOEXEC);

    for (int i = 0; i < n && fd >= 0; i++) {
        size_t len = part[i].n;
        char head[4];

        le32_put(head, (uint32_t)len);
        if (put_all(fd, head, 4) || put_all(fd, part[i].s, len)) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

/* Read a line from the test until its time is up, or until *stop. 1 = some text
 * and the end of it, 0 = the pipe ended with nothing, -1 = *time says why. */
static int read_verdict(int fd, char *line, size_t size, struct code_clock *c,
                        atomic_int *stop, enum code_time *time)
{
    size_t n = 0;

    line[0] = 0;
    for (;;) {
        struct pollfd p = {fd, POLLIN, 0};
        int r = poll(&p, 1, CODE_TICK_MS);
        ssize_t got;

        if (!r || (r < 0 && errno == EINTR)) {
            *time = code_clock_look(c);
            if (*time == TIME_LEFT && !*stop)
                continue;
        }
        if (r <= 0)
            return -1;
        got = read(fd, line + n, size - 1 - n);
        if (got > 0)
            n += (size_t)got;
        line[n] = 0;
        if (got <= 0 || n == size - 1 || strchr(line, '\n'))
            return n > 0;
    }
}

struct job {
    int u_file, t_file, channel[2], pipe[2];
    char nonce[NONCE + 1];
};

static void job_close(struct job *j)
{
    int *all[] = {&j->u_file,     &j->t_file,  &j->channel[0],
                  &j->channel[1], &j->pipe[0], &j->pipe[1]};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

/* What U reads: see run_program in code_driver.py. */
static int program_file(const struct code_item *item,
                        const struct code_program *p)
{
    enum { FIRST = 4 };
    int n = FIRST + p->n_others, fd;
    struct part *u = xcalloc((size_t)n, sizeof *u);

    u[0] = p->continues ? (struct part){"", 0}
                        : (struct part){p->prelude.s, p->prelude.n};
    u[1] = (struct part){p->program.s, p->program.n};
    u[2] = (struct part){item->entry_point, strlen(item->entry_point)};
    u[3] = (struct part){"loose", p->loose ? 5 : 0};
    for (int i = 0; i < p->n_others; i++)
        u[FIRST + i] = (struct part){p->others[i].s, p->others[i].n};
    fd = job_file(u, n);
    free(u);
    return fd;
}

static int job_open(struct job *j, const struct code_item *item,
                    const struct code_program *p)
{
    struct part t[] = {{j->nonce, NONCE},
                       {p->prelude.s, p->prelude.n},
                       {item->test, item->n_test},
                       {item->entry_point, strlen(item->entry_point)}};

    *j = (struct job){
        .u_file = -1, .t_file = -1, .channel = {-1, -1}, .pipe = {-1, -1}};
    if (nonce_draw(j->nonce, NONCE) ||
        (j->u_file = program_file(item, p)) < 0 ||
        (j->t_file = job_file(t, 4)) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, j->channel) ||
        pipe2(j->pipe, O_CLOEXEC)) {
        job_close(j);
        return -1;
    }
    return 0;
}

/* Hand the job's ends to the sandboxes and let go of them. */
static int job_send(struct job *j, struct code_pair *w, struct err *e)
{
    int u[] = {j->u_file, j->channel[0]};
    int t[] = {j->t_file, j->channel[1], j->pipe[1]};
    int r = sandbox_job(&w->u, 'U', u, 2, e);

    if (!r)
        r = sandbox_job(&w->t, 'T', t, 3, e);
    for (int i = 0; i < 2; i++)
        close(u[i]);
    for (int i = 0; i < 3; i++)
        close(t[i]);
    j->u_file = j->t_file = j->channel[0] = j->channel[1] = j->pipe[1] = -1;
    return r;
}

/* SIGXCPU at the limit, SIGKILL a second after it. */
static int by_cpu_limit(const struct sandbox_end *end, int cpu_s)
{
    return end->status != -1 && WIFSIGNALED(end->status) &&
           (WTERMSIG(end->status) == SIGXCPU || end->cpu_ms >= cpu_s * 1000);
}

/* T's line is the item's nonce and "pass". */
static int passed(const struct job *j, const char *line)
{
    return strlen(line) >= NONCE + 5 && !memcmp(line, j->nonce, NONCE) &&
           !strncmp(line + NONCE + 1, "pass ", 5);
}

/* Turn what T wrote (or did not) into the verdict. */
static void decide(struct code_verdict *out, const struct job *j, int got,
                   char *line, const struct sandbox_end *u,
                   const struct sandbox_end *t, enum code_time time,
                   const struct code_pair *w)
{
    static const char ended[] = "the program ended";
    char *outcome = line + NONCE + 1, *why = NULL;
    int cpu_s = w->sandbox.cpu_s;
    int known = got > 0 && strlen(line) >= NONCE + 5 &&
                !memcmp(line, j->nonce, NONCE);

    line[strcspn(line, "\n")] = 0;
    if (known && !strcmp(outcome, "pass ")) {
        code_say(out, CODE_OK, "%s", "");
        out->passed = 1;
    } else if (got < 0 && time != TIME_CPU) {
        code_say(out, CODE_TIMEOUT, "no verdict after %g s of waiting",
                 w->wait_s);
    } else if (got < 0 || by_cpu_limit(u, cpu_s) || by_cpu_limit(t, cpu_s)) {
        code_say(out, CODE_TIMEOUT, "stopped at %d s of CPU time", cpu_s);
    } else if (!known) {
        /* if its whole sandbox went, the program is not to blame */
        code_say(out, t->status == -1 ? CODE_ERROR : CODE_OK,
                 "the test's process ended without a verdict");
    } else if (!strncmp(outcome, "fail ", 5)) {
        why = outcome + 5;
        if (!strncmp(why, ended, sizeof ended - 1) && u->status != -1 &&
            WIFSIGNALED(u->status))
            code_say(out, CODE_OK, "%.200s: killed by signal %d", why,
                     WTERMSIG(u->status));
        else
            code_say(out, CODE_OK, "%.255s", why);
    } else {
        code_say(out, CODE_ERROR, "%.255s",
                 outcome + strcspn(outcome, " ") + 1);
    }
}

int code_pair_start(struct code_pair *w, struct err *e)
{
    int r = 0;

    if (!w->u.pid)
        r = sandbox_start(&w->u, &w->sandbox, code_driver_u, e);
    if (!r && !w->t.pid)
        r = sandbox_start(&w->t, &w->sandbox, code_driver_t, e);
    return r;
}

void code_pair_stop(struct code_pair *w)
{
    sandbox_stop(&w->u);
    sandbox_stop(&w->t);
}

/* End the job on both sides; a sandbox that is told to stop, or is not as it
 * was before, is thrown away. */
static void finish(struct code_pair *w, int stop_u, int stop_t,
                   struct sandbox_end *u, struct sandbox_end *t)
{
    *u = *t = (struct sandbox_end){-1, 0};
    if (!stop_u)
        sandbox_end_job(&w->u);
    if (!stop_t)
        sandbox_end_job(&w->t);
    if (stop_u || !sandbox_wait_end(&w->u, u))
        sandbox_stop(&w->u);
    if (stop_t || !sandbox_wait_end(&w->t, t))
        sandbox_stop(&w->t);
}

int code_pair_judge(struct code_pair *w, const struct code_item *item,
                    struct code_verdict *out, struct err *e)
{
    struct code_program p;
    struct job j;
    char line[512] = "";
    struct sandbox_end u, t;
    struct code_clock clock;
    enum code_time time = TIME_LEFT;
    int got = 0, r = -1, again = 1;

    if (item->n_response > CODE_MAX_TEXT) {
        code_say(out, CODE_OK, "a response of more than %d bytes",
                 CODE_MAX_TEXT);
        return 0;
    }
    if (!code_extract(item, &p)) {
        code_say(out, CODE_NO_ANSWER, "the response is empty");
        return 0;
    }
    /* Once more where the test's process vanished, or the program's whole
     * sandbox: that may be the machine's doing (somebody's kill, no memory
     * left), and is then not the program's. */
    for (int try = 0; try < 2 && again; try++) {
        r = code_pair_start(w, e);
        if (!r && job_open(&j, item, &p))
            r = err_errno(e, ERR_IO, "a job for the sandbox");
        if (r)
            break;
        code_clock_start(&clock, &w->u, &w->t, w->wait_s, w->sandbox.cpu_s);
        r = job_send(&j, w, e);
        if (!r)
            got = read_verdict(j.pipe[0], line, sizeof line, &clock, w->stop,
                               &time);
        finish(w, r || got < 0, r != 0, &u, &t);
        job_close(&j);
        again = r || (!got && !by_cpu_limit(&t, w->sandbox.cpu_s)) ||
                (got > 0 && u.status == -1 && !passed(&j, line));
    }
    code_program_free(&p);
    if (!r)
        decide(out, &j, got, line, &u, &t, time, w);
    return r;
}
