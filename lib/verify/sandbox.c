/* sandbox - start, use and stop one bubblewrap with a warm Python */
#include "sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>
#include "../base/clock.h"
#include "../base/le32.h"

enum {
    HELLO_MS = 20000, /* until the interpreter must have spoken */
    END_MS = 5000,    /* until the processes of a job must be gone */
    MAX_ARGS = 96,
    MAX_FILES = 64,
    PROCESSES = 64,      /* of a job, where a memory cgroup bounds them all */
    PROCESSES_ALONE = 8, /* where each has only its own address space */
    FD_CTL = 3,
    FD_SECCOMP = 4,
    FD_INFO = 5
};
#define FILE_BYTES (64u << 20)

/* --- the command line --- */

struct args {
    const char *v[MAX_ARGS];
    int n;
};

static void add(struct args *a, const char *const *words)
{
    while (*words && a->n < MAX_ARGS - 1)
        a->v[a->n++] = *words++;
    a->v[a->n] = NULL;
}
#define ADD(a, ...) add(a, (const char *const[]){__VA_ARGS__, NULL})

/* /bin and /lib* as the host has them: links into /usr, or folders. */
static void add_root_folder(struct args *a, const char *path,
                            const char *target)
{
    struct stat st;

    if (lstat(path, &st))
        return;
    if (S_ISLNK(st.st_mode))
        ADD(a, "--symlink", target, path);
    else
        ADD(a, "--ro-bind", path, path);
}

static void command_line(struct args *a, const struct sandbox_opts *o,
                         const char *driver, const char *cpu_s,
                         const char *processes)
{
    ADD(a, o->bwrap, "--unshare-all", "--unshare-user", "--disable-userns",
        "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
        "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv",
        "PYTHONHASHSEED", "0", "--setenv", "LC_ALL", "C.UTF-8");
    ADD(a, "--ro-bind", "/usr/bin", "/usr/bin", "--ro-bind", "/usr/lib",
        "/usr/lib", "--ro-bind-try", "/usr/lib64", "/usr/lib64");
    add_root_folder(a, "/bin", "usr/bin");
    add_root_folder(a, "/lib", "usr/lib");
    add_root_folder(a, "/lib64", "usr/lib64");
    ADD(a, "--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/zero",
        "/dev/zero", "--dev-bind", "/dev/random", "/dev/random", "--dev-bind",
        "/dev/urandom", "/dev/urandom");
    ADD(a, "--perms", "1777", "--size", "16777216", "--tmpfs", "/dev/shm",
        "--perms", "1777", "--size", "67108864", "--tmpfs", "/tmp",
        "--remount-ro", "/", "--chdir", "/tmp");
    ADD(a, "--seccomp", "4", "--info-fd", "5", o->python, "-S", "-s", "-B",
        "-c", driver, "3", cpu_s, processes);
}

/* --- in the new process, before bwrap: only system calls --- */

struct plan {
    struct args args;
    const struct sandbox_opts *o;
    int ctl, seccomp, info, note, null, cgroup;
    uid_t uid, uid2; /* to become, and where that is not mapped */
    int change_uid;
};

static int said_to; /* the note pipe, in the new process */

/* Only system calls here; the parent puts this in its message. */
static void die(const char *what)
{
    if (write(said_to, what, strlen(what)) < 0)
        _exit(125);
    _exit(126);
}

static void limit(unsigned what, rlim_t n)
{
    struct rlimit old, l = {n, n};

    if (getrlimit(what, &old) == 0 && old.rlim_max < n)
        l.rlim_cur = l.rlim_max = old.rlim_max;
    if (setrlimit(what, &l))
        die("setrlimit is refused");
}

static void become(uid_t uid, uid_t uid2)
{
    if (setgroups(0, NULL) ||
        (setresgid(uid, uid, uid) && setresgid(uid2, uid2, uid2)) ||
        (setresuid(uid, uid, uid) && setresuid(uid2, uid2, uid2)))
        die("a user of its own is refused");
}

/* Put fd at `to` and let exec keep it; the descriptors were all made >= 10. */
static void place(int fd, int to)
{
    if (dup2(fd, to) < 0)
        die("dup2 failed");
}

static void run(const struct plan *p)
{
    static char *const no_env[] = {NULL};
    sigset_t none;
    int oom;

    said_to = p->note;
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (p->cgroup >= 0 && write(p->cgroup, "0", 1) != 1)
        die("the memory cgroup takes no process");
    /* first to go when the machine runs out of memory */
    oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    (void)!(oom >= 0 && write(oom, "1000", 4) == 4);
    place(p->null, 0);
    place(p->null, 1);
    place(p->note, 2);
    said_to = 2;
    place(p->ctl, FD_CTL);
    place(p->seccomp, FD_SECCOMP);
    place(p->info, FD_INFO);
    if (syscall(SYS_close_range, 6u, ~0u, 0u))
        for (int fd = 6; fd < 4096; fd++)
            close(fd);
    if (p->change_uid)
        become(p->uid, p->uid2);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || chdir("/"))
        die("no_new_privs is refused");
    limit(RLIMIT_AS, (rlim_t)p->o->mem_bytes);
    limit(RLIMIT_FSIZE, FILE_BYTES);
    limit(RLIMIT_NOFILE, MAX_FILES);
    limit(RLIMIT_CORE, 0);
    umask(022);
    execve(p->o->bwrap, (char *const *)(uintptr_t)p->args.v, no_env);
    die("bwrap cannot be run");
}

/* --- start --- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Out of the way of the numbers that run() uses. */
static int high(int fd)
{
    int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);

    if (fd >= 0)
        close(fd);
    return up;
}

static int high_pair(int fd[2])
{
    fd[0] = high(fd[0]);
    fd[1] = high(fd[1]);
    return fd[0] < 0 || fd[1] < 0 ? -1 : 0;
}

/* {"child-pid": N} from bwrap: a handle on the first process inside. */
static void open_init(struct sandbox *s, int info)
{
    char text[256] = "";
    struct pollfd p = {info, POLLIN, 0};
    size_t n = 0;
    char *at;

    while (n < sizeof text - 1 && poll(&p, 1, 1000) == 1) {
        ssize_t r = read(info, text + n, sizeof text - 1 - n);

        if (r <= 0)
            break;
        n += (size_t)r;
    }
    at = strstr(text, "\"child-pid\":");
    if (!at)
        return;
    s->init_pid = atoi(at + 12);
    s->init = (int)syscall(SYS_pidfd_open, s->init_pid, 0);
}

/* "the sandbox cannot be made: " and what was said on stderr. */
static int cannot(struct sandbox *s, const char *why, struct err *e)
{
    char text[500] = "";
    struct pollfd p = {s->note, POLLIN, 0};
    size_t n = 0;

    while (n < sizeof text - 1 && poll(&p, 1, 500) == 1) {
        ssize_t r = read(s->note, text + n, sizeof text - 1 - n);

        if (r <= 0)
            break;
        n += (size_t)r;
    }
    while (n && text[n - 1] == '\n')
        n--;
    text[n] = 0;
    for (char *c = text; *c; c++)
        if (*c == '\n')
            *c = ' ';
    sandbox_stop(s);
    return err_set(e, ERR_IO, "the sandbox cannot be made: %s",
                   *text ? text : why);
}

static int wait_hello(struct sandbox *s, int info, struct err *e)
{
    struct pollfd p = {s->ctl, POLLIN, 0};
    long until = clock_ms() + HELLO_MS, left = HELLO_MS;
    char hello = 0;
    int r;

    while ((r = poll(&p, 1, (int)left)) < 0 && errno == EINTR)
        left = until - clock_ms() > 0 ? until - clock_ms() : 0;
    if (r == 1 && recv(s->ctl, &hello, 1, 0) == 1 && hello == 'H') {
        open_init(s, info);
        return 0;
    }
    return cannot(s, r ? "bwrap ended without a word" : "no answer in 20 s", e);
}

static int open_all(struct plan *p, struct sandbox *s, int info[2],
                    struct err *e)
{
    int ctl[2] = {-1, -1}, note[2] = {-1, -1};

    p->seccomp = high(sandbox_seccomp(e));
    if (p->seccomp < 0)
        return -ERR_IO;
    p->null = high(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) ||
        pipe2(note, O_CLOEXEC) || pipe2(info, O_CLOEXEC) || high_pair(ctl) ||
        high_pair(note) || high_pair(info) || p->null < 0)
        return err_errno(e, ERR_IO, "the sandbox cannot be made");
    s->ctl = ctl[0];
    p->ctl = ctl[1];
    s->note = note[0];
    p->note = note[1];
    p->info = info[1];
    if (*s->cgroup) {
        char path[600];

        snprintf(path, sizeof path, "%s/cgroup.procs", s->cgroup);
        p->cgroup = high(open(path, O_WRONLY | O_CLOEXEC));
        if (p->cgroup < 0)
            sandbox_cgroup_remove(s->cgroup);
    }
    return 0;
}

static int start(struct sandbox *s, const struct sandbox_opts *o,
                 const char *driver, int with_cgroup, struct err *e)
{
    struct plan p = {.o = o,
                     .ctl = -1,
                     .seccomp = -1,
                     .info = -1,
                     .note = -1,
                     .null = -1,
                     .cgroup = -1};
    int info[2] = {-1, -1}, r;
    char cpu_s[16], processes[16];
    /* one after another, so that no two at a time have the same */
    static atomic_uint started;
    unsigned index = atomic_fetch_add(&started, 1);

    *s = (struct sandbox){.ctl = -1, .init = -1, .note = -1};
    if (with_cgroup)
        sandbox_cgroup_make(s->cgroup, sizeof s->cgroup, index, o->mem_bytes);
    r = open_all(&p, s, info, e);
    snprintf(cpu_s, sizeof cpu_s, "%d", o->cpu_s);
    snprintf(processes, sizeof processes, "%d",
             *s->cgroup ? PROCESSES : PROCESSES_ALONE);
    command_line(&p.args, o, driver, cpu_s, processes);
    p.change_uid = geteuid() == 0;
    p.uid = 0x60000000u + (((unsigned)getpid() & 0x3fffffu) << 7) +
            (index & 127);
    p.uid2 = 20000 + ((unsigned)getpid() * 128 + index) % 40000;
    if (!r) {
        s->pid = fork();
        if (s->pid == 0)
            run(&p);
        if (s->pid < 0)
            r = err_errno(e, ERR_IO, "the sandbox cannot be made: fork");
    }
    close_fd(&p.ctl);
    close_fd(&p.seccomp);
    close_fd(&p.info);
    close_fd(&p.note);
    close_fd(&p.null);
    close_fd(&p.cgroup);
    if (!r)
        r = wait_hello(s, info[0], e);
    else
        sandbox_stop(s);
    close_fd(&info[0]);
    return r;
}

int sandbox_start(struct sandbox *s, const struct sandbox_opts *o,
                  const char *driver, struct err *e)
{
    /* a memory cgroup can be made and yet take no process; with none at all
     * the processes are fewer (PROCESSES_ALONE) */
    struct err first = {0};

    if (!start(s, o, driver, 1, &first))
        return 0;
    return start(s, o, driver, 0, e);
}

/* --- stop --- */

/* bwrap reaps the first process and ends; killed before that, it would leave
 * the reaping to whoever adopts it. */
static void reap(pid_t pid)
{
    const struct timespec ms = {0, 1000000};

    for (int i = 0; i < END_MS; i++) {
        if (waitpid(pid, NULL, WNOHANG))
            return;
        nanosleep(&ms, NULL);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void sandbox_stop(struct sandbox *s)
{
    if (s->init >= 0) {
        struct pollfd p = {s->init, POLLIN, 0};

        /* the kernel ends every process of the namespace with its first */
        syscall(SYS_pidfd_send_signal, s->init, SIGKILL, NULL, 0);
        while (poll(&p, 1, END_MS) < 0 && errno == EINTR)
            ;
    } else if (s->pid > 0) {
        kill(s->pid, SIGKILL); /* and what is in it dies with it */
    }
    if (s->pid > 0)
        reap(s->pid);
    close_fd(&s->ctl);
    close_fd(&s->init);
    close_fd(&s->note);
    sandbox_cgroup_remove(s->cgroup);
    s->pid = 0;
    s->init_pid = 0;
}

/* --- jobs --- */

int sandbox_job(struct sandbox *s, char role, const int *fds, int n_fds,
                struct err *e)
{
    union {
        char bytes[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec word = {&role, 1};
    struct msghdr m = {
        .msg_iov = &word,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int));
    memcpy(CMSG_DATA(c), fds, (size_t)n_fds * sizeof(int));
    if (sendmsg(s->ctl, &m, MSG_NOSIGNAL) != 1)
        return err_errno(e, ERR_IO, "the sandbox takes no job");
    return 0;
}

void sandbox_end_job(struct sandbox *s)
{
    /* where this fails, sandbox_wait_end sees the end of the socket */
    (void)!send(s->ctl, "E", 1, MSG_NOSIGNAL);
}

int sandbox_wait_end(struct sandbox *s, struct sandbox_end *end)
{
    struct pollfd p = {s->ctl, POLLIN, 0};
    unsigned char answer[9];
    int r;

    *end = (struct sandbox_end){-1, 0};
    while ((r = poll(&p, 1, END_MS)) < 0 && errno == EINTR)
        ;
    if (r != 1 || recv(s->ctl, answer, sizeof answer, 0) != sizeof answer)
        return 0;
    end->status = (int)le32_get(answer + 1);
    end->cpu_ms = (int)le32_get(answer + 5);
    return answer[0] == 'C';
}
