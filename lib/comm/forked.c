/* forked - the local launcher: ranks that are forked from the process that was
 * started, on this host */
#include "start.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../base/arena.h"
#include "comm_impl.h"
#include "local.h"
#include "watch.h"

enum { LOCAL_MOST = 64 };

struct forked {
    int n;
    pid_t *pid; /* [n]; 0: waited for */
    int *status;
};

static void describe(int status, char *text, size_t n)
{
    if (WIFSIGNALED(status))
        snprintf(text, n, "signal %d%s", WTERMSIG(status),
                 WTERMSIG(status) == SIGKILL
                     ? ", by hand or because memory was out"
                     : "");
    else
        snprintf(text, n, "it exited with status %d", WEXITSTATUS(status));
}

static void how_it_ended(void *ctx, pid_t pid, char *text, size_t n)
{
    struct forked *f = ctx;

    for (int i = 0; i < f->n; i++) {
        int *s = &f->status[i];

        if (f->pid[i] != pid || waitpid(pid, s, 0) != pid)
            continue;
        f->pid[i] = 0;
        describe(*s, text, n);
    }
}

static int become(int rank, int fd, struct local_mesh **mesh, pid_t parent,
                  struct comm **c, struct err *e)
{
    struct comm_engine x;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(ERR_IO);
    if (rank)
        start_leave_streams();
    local_take(mesh, rank, &x);
    *c = comm_of(&x);
    link_open(fd);
    return link_live(0, e);
}

/* 0 in a rank; else the number of ranks that were begun, or negative. */
static int fork_all(int n, struct local_mesh **mesh, struct forked *f,
                    struct watch *w, struct comm **c, struct err *e)
{
    pid_t parent = getpid();

    for (int rank = 0; rank < n; rank++) {
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
            return err_errno(e, ERR_IO, "sockets of %d ranks", n);
        f->pid[rank] = fork();
        if (f->pid[rank] < 0)
            return err_errno(e, ERR_IO, "starting rank %d of %d", rank, n);
        if (!f->pid[rank]) {
            close(pair[0]);
            watch_close(&w);
            free(f->pid);
            free(f->status);
            return become(rank, pair[1], mesh, parent, c, e);
        }
        close(pair[1]);
        watch_add(w, pair[0], rank, f->pid[rank], 1, NULL);
        f->n++;
    }
    return n;
}

/* A rank's exit status counts, too: standard output may fail at the last. */
static int wait_all(struct forked *f, int r, struct err *e)
{
    char how[128];

    for (int i = 0; i < f->n; i++) {
        if (f->pid[i])
            waitpid(f->pid[i], &f->status[i], 0);
        describe(f->status[i], how, sizeof how);
        if (!r && f->status[i])
            r = err_set(e, ERR_IO, "rank %d on %s has died at the end: %s", i,
                        link_host(), how);
    }
    return r;
}

/* Sockets between any two take more files than may be open at first. */
static void allow_files(int n)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur >= (rlim_t)n + 256)
        return;
    l.rlim_cur = l.rlim_max < (rlim_t)n + 256 ? l.rlim_max : (rlim_t)n + 256;
    (void)!setrlimit(RLIMIT_NOFILE, &l);
}

int start_local(int n, struct comm **c, struct err *e)
{
    struct local_mesh *mesh = NULL;
    struct forked f = {0};
    struct watch_start s = {.ctx = &f, .fd = {-1, -1, -1}, .how = how_it_ended};
    struct watch *w;
    int r;

    if (n > LOCAL_MOST)
        return err_set(e, ERR_USAGE,
                       "--ranks %d: the local launcher starts at most %d; "
                       "--launcher names another",
                       n, LOCAL_MOST);
    f.pid = xcalloc((size_t)n, sizeof *f.pid);
    f.status = xcalloc((size_t)n, sizeof *f.status);
    allow_files(n * n);
    r = local_open(&mesh, n, e);
    if (r) {
        free(f.pid);
        free(f.status);
        return r;
    }
    w = watch_open(n, &s);
    r = fork_all(n, &mesh, &f, w, c, e);
    if (*c)
        return r; /* a rank */
    local_close(&mesh);
    if (r > 0) {
        start_leave_streams();
        r = watch_run(w, e);
    } else {
        for (int i = 0; i < f.n; i++)
            kill(f.pid[i], SIGKILL);
    }
    r = wait_all(&f, r, e);
    watch_close(&w);
    free(f.pid);
    free(f.status);
    return r ? r : 1;
}
