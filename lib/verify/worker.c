/* worker - see worker.h */
#include "worker.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "compare.h"

struct worker {
    pid_t pid; /* 0: none runs */
    int fd, cpu_ms, mem_mb;
};

struct request {
    uint32_t n_gold, n_answer;
    struct verify_opts o;
};

struct reply {
    int32_t final, correct, well_formed;
    uint32_t n_gold, n_answer; /* of the trees */
    char rule[32];
};

enum { MAX_ITEM = 1 << 20 };

struct worker *worker_open(int cpu_ms, int mem_mb)
{
    struct worker *w = xcalloc(1, sizeof *w);

    w->fd = -1;
    w->cpu_ms = cpu_ms;
    w->mem_mb = mem_mb;
    return w;
}

/* Ends and reaps the worker; how it ended. */
static int stop(struct worker *w)
{
    int status = 0;

    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    if (w->pid > 0) {
        kill(w->pid, SIGKILL);
        while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    w->pid = 0;
    return status;
}

void worker_close(struct worker **w)
{
    if (!*w)
        return;
    stop(*w);
    free(*w);
    *w = NULL;
}

static int read_all(int fd, void *p, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = recv(fd, (char *)p + got, n - got, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        got += (size_t)k;
    }
    return 0;
}

static int write_all(int fd, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = send(fd, (const char *)p + done, n - done, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        done += (size_t)k;
    }
    return 0;
}

/* ---- the child --------------------------------------------------------- */

static void set_timer(int ms)
{
    struct itimerval t = {0};

    t.it_value.tv_sec = ms / 1000;
    t.it_value.tv_usec = ms % 1000 * 1000;
    setitimer(ITIMER_PROF, &t, NULL);
}

static void limit_memory(int mem_mb)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(NO_RLIMIT_AS)
    /* on top of what the parent's image maps already */
    unsigned long pages = 0;
    char buf[64] = "";
    int fd = open("/proc/self/statm", O_RDONLY);
    if (fd >= 0 && read(fd, buf, sizeof buf - 1) > 0)
        pages = strtoul(buf, NULL, 10);
    if (fd >= 0)
        close(fd);
    rlim_t n = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) +
               (rlim_t)mem_mb * 1048576;
    struct rlimit r = {n, n};
    setrlimit(RLIMIT_AS, &r);
#else
    (void)mem_mb;
#endif
    struct rlimit zero = {0, 0};
    setrlimit(RLIMIT_CORE, &zero);
    setrlimit(RLIMIT_FSIZE, &zero);
}

static void send_reply(void *ctx, const struct outcome *r, int final)
{
    int fd = *(int *)ctx;
    struct reply p = {
        .final = final, .correct = r->correct, .well_formed = r->well_formed};

    strncpy(p.rule, r->rule, sizeof p.rule - 1);
    if (final && r->gold_tree) {
        p.n_gold = (uint32_t)strlen(r->gold_tree);
        p.n_answer = (uint32_t)strlen(r->answer_tree);
    }
    if (write_all(fd, &p, sizeof p) ||
        (p.n_gold && write_all(fd, r->gold_tree, p.n_gold)) ||
        (p.n_answer && write_all(fd, r->answer_tree, p.n_answer)))
        _exit(0);
}

static void serve(int fd, int cpu_ms, int mem_mb)
{
    struct request q;
    struct arena *a = arena_open();
    char *buf = xmalloc(2 * MAX_ITEM + 2);
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* a library that gives up must not speak for the program */
    if (null >= 0) {
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
    }
    signal(SIGPROF, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    /* the parent reads an abort as this limit */
    xmalloc_on_failure(NULL);
    limit_memory(mem_mb);
    while (!read_all(fd, &q, sizeof q)) {
        struct outcome r = {0};
        if (q.n_gold > MAX_ITEM || q.n_answer > MAX_ITEM ||
            read_all(fd, buf, q.n_gold) ||
            read_all(fd, buf + q.n_gold + 1, q.n_answer))
            break;
        buf[q.n_gold] = 0;
        buf[q.n_gold + 1 + q.n_answer] = 0;
        arena_reset(a);
        set_timer(cpu_ms);
        compare_texts(a, text_of(buf, q.n_gold),
                      text_of(buf + q.n_gold + 1, q.n_answer), &q.o, &r,
                      send_reply, &fd);
        send_reply(&fd, &r, 1);
        set_timer(0);
    }
    _exit(0);
}

/* ---- the parent -------------------------------------------------------- */

static int start(struct worker *w, struct err *e)
{
    int sv[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
        return err_errno(e, ERR_IO, "cannot make a socket for the worker");
    w->pid = fork();
    if (w->pid < 0) {
        w->pid = 0;
        close(sv[0]);
        close(sv[1]);
        return err_errno(e, ERR_IO, "cannot start the worker");
    }
    if (w->pid == 0) {
        close(sv[0]);
        serve(sv[1], w->cpu_ms, w->mem_mb);
        _exit(0);
    }
    close(sv[1]);
    w->fd = sv[0];
    return 0;
}

static int send_item(struct worker *w, struct text gold, struct text answer,
                     const struct verify_opts *o)
{
    struct request q = {(uint32_t)gold.n, (uint32_t)answer.n, *o};

    return write_all(w->fd, &q, sizeof q) || write_all(w->fd, gold.s, gold.n) ||
           write_all(w->fd, answer.s, answer.n);
}

static char *read_text(struct worker *w, struct arena *a, uint32_t n)
{
    char *s = arena_alloc(a, (size_t)n + 1);

    if (n > 64u << 20 || read_all(w->fd, s, n))
        return NULL;
    return s;
}

int worker_compare(struct worker *w, struct arena *a, struct text gold,
                   struct text answer, const struct verify_opts *o,
                   struct verdict *out, struct err *e)
{
    struct reply p;
    int have = 0, r;

    out->correct = 0;
    out->rule = "too_long";
    if (gold.n > MAX_ITEM || answer.n > MAX_ITEM)
        return 0;
    if (!w->pid && (r = start(w, e)))
        return r;
    if (send_item(w, gold, answer, o)) {
        /* it was gone already: once more with a fresh one */
        stop(w);
        if ((r = start(w, e)))
            return r;
        if (send_item(w, gold, answer, o))
            return err_errno(e, ERR_IO, "cannot write to the worker");
    }
    while (!read_all(w->fd, &p, sizeof p)) {
        have = 1;
        out->correct = p.correct;
        out->well_formed = p.well_formed;
        p.rule[sizeof p.rule - 1] = 0;
        out->rule = arena_strndup(a, p.rule, strlen(p.rule));
        if (!p.final)
            continue;
        if (p.n_gold) {
            out->gold_tree = read_text(w, a, p.n_gold);
            out->answer_tree = read_text(w, a, p.n_answer);
            if (!out->gold_tree || !out->answer_tree)
                break;
        }
        return 0;
    }
    int status = stop(w);
    /* the timer's signal, or an abort for want of memory; anything else is
     * a fault of ours, and shows as one */
    int limit = WIFSIGNALED(status) &&
                (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGABRT ||
                 WTERMSIG(status) == SIGKILL);
    if (!have || !limit) {
        out->correct = 0;
        out->status = limit ? VERIFY_TIMEOUT : VERIFY_ERROR;
        out->rule = limit ? "limit" : "crash";
    }
    return 0;
}
