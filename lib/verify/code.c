/* code - items to workers, verdicts in order
 *
 * A worker is a thread with two sandboxes, one for programs (U) and one for
 * tests (T). Items wait in a ring; the thread that takes one leaves its
 * verdict in the same slot. The threads are what keeps the wall clock: they
 * run whatever the caller does.
 */
#include "code.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../base/arena.h"
#include "sandbox.h"

enum {
    MAX_WORKERS = 16,
    MAX_TEXT = 1 << 20, /* bytes of a prompt, response or test */
    SLOTS_PER_WORKER = 4,
    NONCE = 32
};

enum slot_state { EMPTY, WAITING, RUNNING, DONE };

struct slot {
    enum slot_state state;
    struct code_item item; /* owns its texts */
    struct code_verdict verdict;
};

struct worker {
    pthread_t thread;
    int has_thread;
    struct code_verifier *v;
    struct sandbox u, t;
    struct sandbox_opts opts;
    int up; /* 0 starting, 1 ready, -1 failed: why is in err */
    struct err err;
};

struct code_verifier {
    struct code_opts opts;
    char bwrap[512];
    char confinement[400];
    int n_workers, n_slots, broken;
    atomic_int stop;
    struct err broken_why;
    struct worker *worker;
    struct slot *slot;
    uint64_t submitted, taken, collected; /* slot = number % n_slots */
    pthread_mutex_t lock;
    pthread_cond_t work, done;
};

static void verdict(struct code_verdict *out, enum code_status status,
                    const char *fmt, ...) PRINTF_LIKE(3, 4);
static void verdict(struct code_verdict *out, enum code_status status,
                    const char *fmt, ...)
{
    va_list ap;

    out->passed = 0;
    out->status = status;
    va_start(ap, fmt);
    vsnprintf(out->detail, sizeof out->detail, fmt, ap);
    va_end(ap);
}

/* --- one item --------------------------------------------------------------- */

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
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
        char head[4] = {(char)(len & 255), (char)(len >> 8 & 255),
                        (char)(len >> 16 & 255), (char)(len >> 24)};

        if (put_all(fd, head, 4) || put_all(fd, part[i].s, len)) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

static int draw_nonce(char nonce[NONCE + 1])
{
    unsigned char raw[NONCE / 2];

    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        return -1;
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(nonce + 2 * i, 3, "%02x", raw[i]);
    return 0;
}

/* Read a line from the test until the deadline, or until *stop. 1 = some text
 * and the end of it, 0 = the pipe ended with nothing, -1 = time is up. */
static int read_verdict(int fd, char *line, size_t size, double deadline,
                        atomic_int *stop)
{
    size_t n = 0;

    line[0] = 0;
    for (;;) {
        int left = (int)((deadline - now_s()) * 1e3) + 1;
        struct pollfd p = {fd, POLLIN, 0};
        int r = poll(&p, 1, left < 0 ? 0 : left < 200 ? left : 200);
        ssize_t got;

        if ((r < 0 && errno == EINTR) || (!r && left > 0 && !*stop))
            continue;
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
    int *all[] = {&j->u_file, &j->t_file, &j->channel[0], &j->channel[1],
                  &j->pipe[0], &j->pipe[1]};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (*all[i] >= 0)
            close(*all[i]);
        *all[i] = -1;
    }
}

static int job_open(struct job *j, const struct code_item *item,
                    const struct code_program *p)
{
    struct part name = {item->entry_point, strlen(item->entry_point)};
    struct part prelude = {p->prelude, p->n_prelude}, none = {"", 0};
    struct part u[] = {p->continues ? none : prelude,
                       {p->program, p->n_program}, name};
    struct part t[] = {{j->nonce, NONCE}, prelude,
                       {item->test, item->n_test}, name};

    *j = (struct job){.u_file = -1, .t_file = -1, .channel = {-1, -1},
                      .pipe = {-1, -1}};
    if (draw_nonce(j->nonce) || (j->u_file = job_file(u, 3)) < 0 ||
        (j->t_file = job_file(t, 4)) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, j->channel) ||
        pipe2(j->pipe, O_CLOEXEC)) {
        job_close(j);
        return -1;
    }
    return 0;
}

/* Hand the job's ends to the sandboxes and let go of them. */
static int job_send(struct job *j, struct worker *w, struct err *e)
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
static int by_cpu_limit(const struct sandbox_end *end, double cpu_s)
{
    return end->status != -1 && WIFSIGNALED(end->status) &&
           (WTERMSIG(end->status) == SIGXCPU || end->cpu_ms >= cpu_s * 1e3);
}

/* Turn what T wrote (or did not) into the verdict. */
static void decide(struct code_verdict *out, const struct job *j, int got,
                   char *line, const struct sandbox_end *u,
                   const struct sandbox_end *t, const struct code_opts *o)
{
    static const char ended[] = "the program ended";
    char *outcome = line + NONCE + 1, *why = NULL;
    int known = got > 0 && strlen(line) >= NONCE + 5 &&
                !memcmp(line, j->nonce, NONCE);

    line[strcspn(line, "\n")] = 0;
    if (known && !strcmp(outcome, "pass ")) {
        verdict(out, CODE_OK, "%s", "");
        out->passed = 1;
    } else if (got < 0) {
        verdict(out, CODE_TIMEOUT, "no verdict after %g s", o->wall_s);
    } else if (by_cpu_limit(u, o->cpu_s) || by_cpu_limit(t, o->cpu_s)) {
        verdict(out, CODE_TIMEOUT, "stopped at %g s of CPU time", o->cpu_s);
    } else if (!known) {
        verdict(out, CODE_OK, "the test's process ended without a verdict");
    } else if (!strncmp(outcome, "fail ", 5)) {
        why = outcome + 5;
        if (!strncmp(why, ended, sizeof ended - 1) && u->status != -1 &&
            WIFSIGNALED(u->status))
            verdict(out, CODE_OK, "%.200s: killed by signal %d", why,
                    WTERMSIG(u->status));
        else
            verdict(out, CODE_OK, "%.255s", why);
    } else {
        verdict(out, CODE_ERROR, "%.255s",
                outcome + strcspn(outcome, " ") + 1);
    }
}

static int start_both(struct worker *w, struct err *e)
{
    int r = 0;

    if (!w->u.pid)
        r = sandbox_start(&w->u, &w->opts, e);
    if (!r && !w->t.pid)
        r = sandbox_start(&w->t, &w->opts, e);
    return r;
}

/* End the job on both sides; a sandbox that is told to stop, or is not as it
 * was before, is thrown away. */
static void finish(struct worker *w, int stop_u, int stop_t,
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

/* Returns 0, or negative when there is no sandbox to judge in. */
static int judge(struct worker *w, const struct code_item *item,
                 struct code_verdict *out, struct err *e)
{
    struct code_program p;
    struct job j;
    char line[512] = "";
    struct sandbox_end u, t;
    int got = 0, r = -1;

    if (item->n_response > MAX_TEXT) {
        verdict(out, CODE_OK, "a response of more than %d bytes", MAX_TEXT);
        return 0;
    }
    if (!code_extract(item, &p)) {
        verdict(out, CODE_NO_ANSWER, "the response is empty");
        return 0;
    }
    /* Once more where the test's process vanished: that may be the machine's
     * doing, and is then not the program's. */
    for (int try = 0; try < 2 && (r || !got); try++) {
        r = start_both(w, e);
        if (!r && job_open(&j, item, &p))
            r = err_errno(e, ERR_IO, "a job for the sandbox");
        if (r)
            break;
        r = job_send(&j, w, e);
        if (!r)
            got = read_verdict(j.pipe[0], line, sizeof line,
                               now_s() + w->v->opts.wall_s, &w->v->stop);
        finish(w, r || got < 0, r != 0, &u, &t);
        job_close(&j);
        if (!r && !got && by_cpu_limit(&t, w->v->opts.cpu_s))
            break;
    }
    code_program_free(&p);
    if (!r && !got && !w->t.pid)
        r = err_set(e, ERR_IO, "the test's sandbox ended");
    if (!r)
        decide(out, &j, got, line, &u, &t, &w->v->opts);
    return r;
}

/* --- workers ---------------------------------------------------------------- */

static void take_items(struct worker *w)
{
    struct code_verifier *v = w->v;

    while (!v->stop) {
        struct slot *s;
        struct code_verdict out;
        struct err e = {0};
        int r, broken;

        if (v->taken == v->submitted) {
            pthread_cond_wait(&v->work, &v->lock);
            continue;
        }
        s = &v->slot[v->taken++ % (uint64_t)v->n_slots];
        s->state = RUNNING;
        broken = v->broken;
        pthread_mutex_unlock(&v->lock);
        r = broken ? -1 : judge(w, &s->item, &out, &e);
        if (r)
            verdict(&out, CODE_ERROR, "%.255s",
                    broken ? v->broken_why.msg : e.msg);
        pthread_mutex_lock(&v->lock);
        if (r && !v->broken) {
            v->broken_why = e;
            v->broken = 1;
        }
        s->verdict = out;
        s->state = DONE;
        pthread_cond_broadcast(&v->done);
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct code_verifier *v = w->v;
    int r = start_both(w, &w->err);

    pthread_mutex_lock(&v->lock);
    w->up = r ? -1 : 1;
    pthread_cond_broadcast(&v->done);
    if (!r)
        take_items(w);
    pthread_mutex_unlock(&v->lock);
    sandbox_stop(&w->u);
    sandbox_stop(&w->t);
    return NULL;
}

/* --- open and close --------------------------------------------------------- */

static int find_bwrap(const char *name, char *out, size_t n, struct err *e)
{
    const char *path = getenv("PATH");

    if (strchr(name, '/')) {
        snprintf(out, n, "%s", name);
        if (access(out, X_OK) == 0)
            return 0;
        return err_errno(e, ERR_IO, "the sandbox cannot be made: %s", name);
    }
    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        size_t len = strcspn(at, ":");

        snprintf(out, n, "%.*s/%s", (int)len, at, name);
        if (*out == '/' && access(out, X_OK) == 0)
            return 0;
        at += len + (at[len] == ':');
    }
    return err_set(e, ERR_IO, "the sandbox cannot be made: %s is not in PATH "
                   "(package bubblewrap)", name);
}

static void describe(struct code_verifier *v)
{
    snprintf(v->confinement, sizeof v->confinement,
             "bubblewrap, %s, %s, %zu MiB a process, %g s wall, %g s CPU, "
             "%d worker%s",
             geteuid() ? "the caller's user in a namespace of its own"
                       : "users of their own",
             *v->worker[0].u.cgroup ? "memory cgroups" : "no memory cgroup",
             v->opts.mem_bytes >> 20, v->opts.wall_s, v->opts.cpu_s,
             v->n_workers, v->n_workers == 1 ? "" : "s");
}

static int start_workers(struct code_verifier *v, struct err *e)
{
    sigset_t all, old;
    int r = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (int i = 0; i < v->n_workers && !r; i++) {
        struct worker *w = &v->worker[i];
        struct sandbox_opts o = {.bwrap = v->bwrap, .python = v->opts.python,
                                 .mem_bytes = v->opts.mem_bytes,
                                 .cpu_s = (int)(v->opts.cpu_s + 0.999)};

        w->v = v;
        w->opts = o;
        w->u.ctl = w->u.init = w->u.note = -1;
        w->t = w->u;
        errno = pthread_create(&w->thread, NULL, work, w);
        if (errno)
            r = err_errno(e, ERR_IO, "a thread for the sandbox");
        else
            w->has_thread = 1;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_mutex_lock(&v->lock);
    for (int i = 0; i < v->n_workers && !r; i++) {
        while (!v->worker[i].up)
            pthread_cond_wait(&v->done, &v->lock);
        if (v->worker[i].up < 0) {
            *e = v->worker[i].err;
            r = -e->code;
        }
    }
    pthread_mutex_unlock(&v->lock);
    return r;
}

int code_open(struct code_verifier **out, const struct code_opts *o,
              struct err *e)
{
    struct code_verifier *v = xcalloc(1, sizeof *v);
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    int r;

    *out = NULL;
    if (o)
        v->opts = *o;
    if (v->opts.workers <= 0)
        v->opts.workers = cpus > 0 ? (int)cpus : 1;
    if (v->opts.workers > MAX_WORKERS)
        v->opts.workers = MAX_WORKERS;
    if (v->opts.wall_s <= 0)
        v->opts.wall_s = 10;
    if (v->opts.cpu_s <= 0)
        v->opts.cpu_s = 5;
    if (!v->opts.mem_bytes)
        v->opts.mem_bytes = (size_t)1 << 30;
    if (!v->opts.python)
        v->opts.python = "/usr/bin/python3";
    v->n_workers = v->opts.workers;
    v->n_slots = v->n_workers * SLOTS_PER_WORKER;
    v->worker = xcalloc((size_t)v->n_workers, sizeof *v->worker);
    v->slot = xcalloc((size_t)v->n_slots, sizeof *v->slot);
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->work, NULL);
    pthread_cond_init(&v->done, NULL);
    if (!v->opts.bwrap)
        v->opts.bwrap = "bwrap";
    r = find_bwrap(v->opts.bwrap, v->bwrap, sizeof v->bwrap, e);
    if (!r)
        r = start_workers(v, e);
    if (r) {
        code_close(&v);
        return r;
    }
    describe(v);
    *out = v;
    return 0;
}

static void slot_empty(struct slot *s)
{
    free((void *)(uintptr_t)s->item.prompt);
    free((void *)(uintptr_t)s->item.response);
    free((void *)(uintptr_t)s->item.test);
    free((void *)(uintptr_t)s->item.entry_point);
    *s = (struct slot){0};
}

void code_close(struct code_verifier **pv)
{
    struct code_verifier *v = *pv;

    *pv = NULL;
    if (!v)
        return;
    pthread_mutex_lock(&v->lock);
    v->stop = 1;
    pthread_cond_broadcast(&v->work);
    pthread_mutex_unlock(&v->lock);
    for (int i = 0; i < v->n_workers; i++)
        if (v->worker[i].has_thread)
            pthread_join(v->worker[i].thread, NULL);
    for (int i = 0; i < v->n_slots; i++)
        slot_empty(&v->slot[i]);
    pthread_cond_destroy(&v->work);
    pthread_cond_destroy(&v->done);
    pthread_mutex_destroy(&v->lock);
    free(v->worker);
    free(v->slot);
    free(v);
}

/* --- the stream of items ---------------------------------------------------- */

static int check_item(const struct code_item *i, struct err *e)
{
    const char *c = i->entry_point;

    if (!c || !*c || isdigit((unsigned char)*c))
        return err_set(e, ERR_DATA, "entry_point is no name of a function");
    for (; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' &&
            (unsigned char)*c < 128)
            return err_set(e, ERR_DATA, "entry_point '%.60s' is no name of "
                           "a function", i->entry_point);
    if (i->n_prompt > MAX_TEXT || i->n_test > MAX_TEXT)
        return err_set(e, ERR_DATA, "a prompt or test of more than %d bytes",
                       MAX_TEXT);
    return 0;
}

static char *copy(const char *s, size_t n)
{
    char *c = xmalloc(n + 1);

    memcpy(c, s ? s : "", n);
    c[n] = 0;
    return c;
}

int code_submit(struct code_verifier *v, const struct code_item *item,
                struct err *e)
{
    int r = check_item(item, e);
    struct slot *s;

    if (r)
        return r;
    pthread_mutex_lock(&v->lock);
    if (v->submitted - v->collected == (uint64_t)v->n_slots) {
        pthread_mutex_unlock(&v->lock);
        return err_set(e, ERR_USAGE, "%d items are to be collected first",
                       v->n_slots);
    }
    s = &v->slot[v->submitted % (uint64_t)v->n_slots];
    s->item = *item;
    s->item.prompt = copy(item->prompt, item->n_prompt);
    if (s->item.n_response > MAX_TEXT) /* judge() says so; no need of it */
        s->item.n_response = MAX_TEXT + 1;
    s->item.response = copy(item->response, s->item.n_response);
    s->item.test = copy(item->test, item->n_test);
    s->item.entry_point = xstrdup(item->entry_point);
    s->state = WAITING;
    v->submitted++;
    pthread_cond_signal(&v->work);
    pthread_mutex_unlock(&v->lock);
    return 0;
}

int code_collect(struct code_verifier *v, struct code_verdict *out)
{
    struct slot *s;

    pthread_mutex_lock(&v->lock);
    if (v->collected == v->submitted) {
        pthread_mutex_unlock(&v->lock);
        return 0;
    }
    s = &v->slot[v->collected % (uint64_t)v->n_slots];
    while (s->state != DONE)
        pthread_cond_wait(&v->done, &v->lock);
    *out = s->verdict;
    slot_empty(s);
    v->collected++;
    pthread_mutex_unlock(&v->lock);
    return 1;
}

int code_verify(struct code_verifier *v, const struct code_item *item,
                struct code_verdict *out, struct err *e)
{
    int r;

    if (code_outstanding(v))
        return err_set(e, ERR_USAGE, "items are to be collected first");
    r = code_submit(v, item, e);
    if (!r)
        code_collect(v, out);
    return r;
}

int code_outstanding(struct code_verifier *v)
{
    int n;

    pthread_mutex_lock(&v->lock);
    n = (int)(v->submitted - v->collected);
    pthread_mutex_unlock(&v->lock);
    return n;
}

int code_room(struct code_verifier *v)
{
    return v->n_slots - code_outstanding(v);
}

int code_ready(struct code_verifier *v)
{
    int ready;

    pthread_mutex_lock(&v->lock);
    ready = v->collected < v->submitted &&
            v->slot[v->collected % (uint64_t)v->n_slots].state == DONE;
    pthread_mutex_unlock(&v->lock);
    return ready;
}

int code_health(struct code_verifier *v, struct err *e)
{
    int broken;

    pthread_mutex_lock(&v->lock);
    broken = v->broken;
    if (broken && e)
        *e = v->broken_why;
    pthread_mutex_unlock(&v->lock);
    return broken ? -ERR_IO : 0;
}

const char *code_confinement(const struct code_verifier *v)
{
    return v->confinement;
}
