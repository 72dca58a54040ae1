/* no_memory - preloaded into a program, lets allocations fail
 *
 * NO_MEMORY=N      the N-th allocation of the process fails
 * NO_MEMORY=N+     the N-th and all later ones
 * NO_MEMORY_COUNT=FILE   gets the number of allocations, at the end
 * Children of the process are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

static atomic_long done;
static long at;
static int later;
static pid_t owner;

__attribute__((constructor)) static void begin(void)
{
    const char *s = getenv("NO_MEMORY");

    at = s ? atol(s) : 0;
    later = s && strchr(s, '+');
    owner = getpid();
    done = 0;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("NO_MEMORY_COUNT");
    char text[32];
    int fd = path && getpid() == owner
                 ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666)
                 : -1;

    if (fd >= 0 &&
        write(fd, text,
              (size_t)snprintf(text, sizeof text, "%ld", (long)done)) > 0)
        close(fd);
}

static int fails(void)
{
    long n = ++done;

    if (!at || (n != at && !(later && n > at)) || getpid() != owner)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}
