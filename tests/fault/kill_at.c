/* kill_at - a library to preload: a process is killed, or stops, before the n-th
 * call that changes names of files; of one program, if KILL_PROGRAM says which
 *
 * KILL_AT=N        SIGKILL before the N-th call
 * STOP_AT=N        SIGSTOP before it
 * KILL_COUNT=FILE  the calls, a line each
 * NO_UNNAMED=1     files need a name from the start, as on NFS
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int n;

static void call(const char *what)
{
    const char *kill_at = getenv("KILL_AT"), *stop_at = getenv("STOP_AT");
    const char *program = getenv("KILL_PROGRAM"), *count = getenv("KILL_COUNT");
    FILE *f;

    if (program && strcmp(program, program_invocation_short_name))
        return;
    n++;
    if (count && (f = fopen(count, "a"))) {
        fprintf(f, "%d %s\n", n, what);
        fclose(f);
    }
    if (kill_at && n == atoi(kill_at))
        kill(getpid(), SIGKILL);
    if (stop_at && n == atoi(stop_at))
        kill(getpid(), SIGSTOP);
}

#define WRAP(name, args, values)                                               \
    int name args                                                              \
    {                                                                          \
        int(*next) args;                                                       \
                                                                               \
        *(void **)&next = dlsym(RTLD_NEXT, #name);                             \
        call(#name);                                                           \
        return next values;                                                    \
    }
WRAP(rename, (const char *a, const char *b), (a, b))
WRAP(renameat2, (int d, const char *a, int g, const char *b, unsigned flags),
     (d, a, g, b, flags))
WRAP(linkat, (int d, const char *a, int g, const char *b, int flags),
     (d, a, g, b, flags))
WRAP(unlink, (const char *a), (a))
WRAP(unlinkat, (int d, const char *a, int flags), (d, a, flags))
WRAP(rmdir, (const char *a), (a))
WRAP(mkdir, (const char *a, mode_t mode), (a, mode))
WRAP(mkostemp, (char *a, int flags), (a, flags))

/* What a kernel that lives on has, a reader sees; the disk's time is saved. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

/* The program's is one of these. */
#define WRAP_OPEN(name)                                                        \
    int name(const char *path, int flags, ...)                                 \
    {                                                                          \
        int (*next)(const char *, int, ...);                                   \
        va_list ap;                                                            \
        mode_t mode;                                                           \
                                                                               \
        va_start(ap, flags);                                                   \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;         \
        va_end(ap);                                                            \
        *(void **)&next = dlsym(RTLD_NEXT, #name);                             \
        if ((flags & O_TMPFILE) == O_TMPFILE && getenv("NO_UNNAMED")) {        \
            errno = EOPNOTSUPP;                                                \
            return -1;                                                         \
        }                                                                      \
        if (flags & O_CREAT)                                                   \
            call(#name);                                                       \
        return next(path, flags, mode);                                        \
    }
WRAP_OPEN(open)
WRAP_OPEN(open64)
