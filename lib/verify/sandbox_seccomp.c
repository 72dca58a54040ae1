/* sandbox_seccomp - which system calls a sandboxed program may make
 *
 * An allowlist: what CPython, its standard library and small programs use.
 * Everything else fails with EPERM, or ENOSYS where the C library then tries
 * an older call. Left out on purpose: all that makes or joins namespaces,
 * mounts, traces or reads other processes, touches keyrings, bpf, perf,
 * io_uring, userfaultfd, modules, kexec, clocks, swap, quotas; sockets but
 * for a pair; System V and POSIX message IPC, locks on files and memfd, which
 * would outlive an item or reach the host's files; all that acts on the
 * limits or the scheduling of another process (the first process of the
 * sandbox has the program's uid).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "sandbox.h"

static const char *const allowed[] = {
    /* files */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv",
    "pwritev", "open", "openat", "creat", "close", "close_range", "stat",
    "lstat", "fstat", "newfstatat", "fstatat64", "statx", "statfs", "fstatfs",
    "lseek", "_llseek", "access", "faccessat", "faccessat2", "dup", "dup2",
    "dup3", "pipe", "pipe2", "getcwd", "chdir", "fchdir", "getdents",
    "getdents64", "rename", "renameat", "renameat2", "mkdir", "mkdirat",
    "rmdir", "link", "linkat", "unlink", "unlinkat", "symlink", "symlinkat",
    "readlink", "readlinkat", "chmod", "fchmod", "fchmodat", "umask",
    "truncate", "ftruncate", "fsync", "fdatasync", "utime", "utimes",
    "utimensat", "futimesat", "sendfile", "copy_file_range", "fadvise64",
    "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr",
    "flistxattr",
    /* memory */
    "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "msync",
    "membarrier",
    /* processes and threads of its own */
    "fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "kill",
    "tkill", "tgkill", "getpid", "getppid", "gettid", "getpgrp", "getpgid",
    "getsid", "setsid", "setpgid", "getuid", "geteuid", "getgid", "getegid",
    "getresuid", "getresgid", "getgroups", "getrlimit", "setrlimit",
    "getrusage", "times", "sched_yield", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "getpriority", "getcpu", "futex", "set_robust_list",
    "get_robust_list", "set_tid_address", "rseq", "arch_prctl",
    "set_thread_area",
    /* signals and time */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending",
    "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "pause", "alarm",
    "getitimer", "setitimer", "timer_create", "timer_settime", "timer_gettime",
    "timer_getoverrun", "timer_delete", "nanosleep", "clock_nanosleep",
    "clock_gettime", "clock_getres", "gettimeofday", "time", "restart_syscall",
    /* waiting; messages over what is open already */
    "poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1",
    "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "sendto", "recvfrom",
    "sendmsg", "recvmsg", "shutdown", "getsockname", "getsockopt",
    /* the rest */
    "uname", "sysinfo", "getrandom"};

static const char *const no_such_call[] = {
    "clone3",       "openat2",     "pidfd_open",     "fchmodat2",
    "epoll_pwait2", "futex_waitv", "io_uring_setup", "memfd_create",
    "preadv2",      "pwritev2"};

#define N(a) (sizeof(a) / sizeof(a)[0])

/* A name that this machine or this libseccomp does not know is left out. */
static int by_name(scmp_filter_ctx f, uint32_t action, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);

    return nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(f, action, nr, 0);
}

/* Allow `name` when argument `arg` is one of the values. */
static int by_value(scmp_filter_ctx f, const char *name, unsigned arg,
                    const unsigned long *values, size_t n)
{
    int nr = seccomp_syscall_resolve_name(name);
    int r = 0;

    for (size_t i = 0; i < n && !r && nr != __NR_SCMP_ERROR; i++) {
        /* these are ints: the kernel ignores the upper half */
        struct scmp_arg_cmp c = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, 0xffffffffu,
                                         values[i]);

        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 1, c);
    }
    return r;
}

static int conditional(scmp_filter_ctx f)
{
    static const unsigned long ioctls[] = {TCGETS,  TIOCGWINSZ, FIONREAD,
                                           FIONBIO, FIOCLEX,    FIONCLEX};
    static const unsigned long fcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
                                           F_SETFD, F_GETFL,         F_SETFL};
    static const unsigned long prctls[] = {PR_SET_NAME, PR_GET_NAME,
                                           PR_GET_DUMPABLE, PR_SET_VMA};
    static const unsigned long self[] = {0}, unix_pair[] = {AF_UNIX};
    const unsigned long namespaces = CLONE_NEWNS | CLONE_NEWCGROUP |
                                     CLONE_NEWUTS | CLONE_NEWIPC |
                                     CLONE_NEWUSER | CLONE_NEWPID |
                                     CLONE_NEWNET | CLONE_NEWTIME;
    struct scmp_arg_cmp plain = SCMP_CMP(
        0, SCMP_CMP_MASKED_EQ, namespaces & ~(unsigned long)CSIGNAL, 0);
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, plain);

    if (!r)
        r = by_value(f, "ioctl", 1, ioctls, N(ioctls));
    if (!r)
        r = by_value(f, "fcntl", 1, fcntls, N(fcntls));
    if (!r)
        r = by_value(f, "prctl", 0, prctls, N(prctls));
    if (!r) /* another process's limits could be set with a pid */
        r = by_value(f, "prlimit64", 0, self, N(self));
    if (!r)
        r = by_value(f, "socketpair", 0, unix_pair, N(unix_pair));
    return r;
}

int sandbox_seccomp(struct err *e)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int fd = -1, r = f ? 0 : -ENOMEM;

    for (size_t i = 0; i < N(allowed) && !r; i++)
        r = by_name(f, SCMP_ACT_ALLOW, allowed[i]);
    for (size_t i = 0; i < N(no_such_call) && !r; i++)
        r = by_name(f, SCMP_ACT_ERRNO(ENOSYS), no_such_call[i]);
    if (!r)
        r = conditional(f);
    if (!r) {
        fd = memfd_create("seccomp", MFD_CLOEXEC);
        r = fd < 0 ? -errno : seccomp_export_bpf(f, fd);
    }
    if (!r && lseek(fd, 0, SEEK_SET) < 0)
        r = -errno;
    seccomp_release(f);
    if (!r)
        return fd;
    if (fd >= 0)
        close(fd);
    return err_set(e, ERR_IO, "the sandbox cannot be made: seccomp: %s",
                   strerror(-r));
}
