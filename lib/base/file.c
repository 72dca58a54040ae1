/* file - atomic outputs over a 64 KiB buffer, and read-only maps */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "file.h"

enum { BUFFER = 64 * 1024, LINKS = 40 /* as Linux follows */ };

struct file {
    int fd;
    int direct;  /* standard output, a device, a FIFO: nothing to rename */
    char *shown; /* name in messages */
    char *path;  /* final name, symbolic links followed; NULL when direct */
    char *tmp;   /* name to rename from; NULL when direct or O_TMPFILE */
    size_t n;
    char buf[BUFFER];
};

static void destroy(struct file **f)
{
    if ((*f)->fd > STDERR_FILENO)
        close((*f)->fd);
    free((*f)->shown);
    free((*f)->path);
    free((*f)->tmp);
    free(*f);
    *f = NULL;
}

/* "dir/.name.ulp-SLOT" */
static char *tmp_name(const char *path, int slot)
{
    const char *slash = strrchr(path, '/');
    size_t dir = slash ? (size_t)(slash - path) + 1 : 0;
    size_t n = strlen(path) + 20;
    char *s = xmalloc(n);

    snprintf(s, n, "%.*s.%s.ulp-%d", (int)dir, path, path + dir, slot);
    return s;
}

/* Who writes a file has it locked from before it has a temporary name until it
 * has its own. So one that nobody has locked was left by a process that was
 * killed. Where the file system has no locks, nothing is removed. */
static void sweep_slot(const char *path, int slot)
{
    char *s = tmp_name(path, slot);
    int fd = open(s, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
        !flock(fd, LOCK_EX | LOCK_NB))
        unlink(s);
    if (fd >= 0)
        close(fd);
    free(s);
}

/* As many processes may write to one name at once; SWEPT: those of them of whom
 * something is looked for. */
enum { SLOTS = 100, SWEPT = 4 };

static void sweep(const char *path)
{
    for (int i = 0; i < SWEPT; i++)
        sweep_slot(path, i);
}

static int open_unnamed(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

    free(copy);
    if (fd >= 0)
        (void)!flock(fd, LOCK_EX);
    return fd;
}

/* 1: f->fd is a new file of that name, or f->tmp stays NULL: of another one's.
 * One that is swept before it is locked is made anew. */
static int open_slot(struct file *f, int slot)
{
    char *s = tmp_name(f->path, slot);
    struct stat st;

    for (;;) {
        f->fd = open(s, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        if (f->fd < 0) {
            int taken = errno == EEXIST;

            free(s);
            return taken ? 0 : -1;
        }
        (void)!flock(f->fd, LOCK_EX);
        if (fstat(f->fd, &st) || st.st_nlink)
            break;
        close(f->fd);
    }
    f->tmp = s;
    return 1;
}

static int open_named(struct file *f)
{
    for (int i = 0; i < SLOTS; i++) {
        int r = open_slot(f, i);

        if (r)
            return r;
    }
    return -1;
}

char *file_followed(const char *path)
{
    char *p = xstrdup(path), to[PATH_MAX];

    for (int i = 0; i < LINKS; i++) {
        char *real = realpath(p, NULL), *slash;
        ssize_t n;

        if (real || errno == ELOOP) {
            free(p);
            return real;
        }
        n = readlink(p, to, sizeof to - 1);
        if (n < 0)
            return p;
        to[n] = 0;
        slash = *to == '/' ? NULL : strrchr(p, '/');
        if (slash)
            *slash = 0;
        real = slash ? file_in(p, to) : xstrdup(to);
        free(p);
        p = real;
    }
    free(p);
    errno = ELOOP;
    return NULL;
}

int file_create(struct file **out, const char *path, struct err *e)
{
    struct file *f = xcalloc(1, sizeof *f);
    struct stat st;
    int r = 0;

    *out = NULL;
    f->fd = -1;
    f->shown = xstrdup(path);
    if (!strcmp(path, "-")) {
        free(f->shown);
        f->shown = xstrdup("standard output");
        f->direct = 1;
        f->fd = STDOUT_FILENO;
    } else if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        r = err_set(e, ERR_IO, "%s: is a directory", path);
    } else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        f->direct = 1;
        f->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (f->fd < 0)
            r = err_errno(e, ERR_IO, "%s", path);
    } else {
        f->path = file_followed(path);
        if (f->path) {
            sweep(f->path);
            /* A file without a name leaves nothing when we are killed. */
            f->fd = open_unnamed(f->path);
        }
        if (f->fd < 0 && (!f->path || open_named(f) < 0))
            r = err_errno(e, ERR_IO, "%s", path);
    }
    if (r < 0) {
        file_abort(&f);
        return r;
    }
    *out = f;
    return 0;
}

static int write_all(struct file *f, const char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t k = write(f->fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0) {
            int left = f->direct && errno == EPIPE;
            int r = err_errno(e, ERR_IO, "%s", f->shown);

            if (e)
                e->reader_left = left;
            return r;
        }
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

int file_flush(struct file *f, struct err *e)
{
    size_t n = f->n;

    f->n = 0;
    return write_all(f, f->buf, n, e);
}

int file_write(struct file *f, const void *p, size_t n, struct err *e)
{
    int r;

    if (n > BUFFER - f->n && (r = file_flush(f, e)) < 0)
        return r;
    if (n >= BUFFER)
        return write_all(f, p, n, e);
    if (n)
        memcpy(f->buf + f->n, p, n);
    f->n += n;
    return 0;
}

int file_is_direct(const struct file *f)
{
    return f->direct;
}

/* An unnamed file gets a name beside its final one, to be renamed over it:
 * link(2) does not replace. */
static int give_name(struct file *f)
{
    char proc[64];

    snprintf(proc, sizeof proc, "/proc/self/fd/%d", f->fd);
    for (int i = 0; i < SLOTS; i++) {
        char *s = tmp_name(f->path, i);
        int taken;

        if (linkat(AT_FDCWD, proc, AT_FDCWD, s, AT_SYMLINK_FOLLOW) == 0) {
            f->tmp = s;
            return 0;
        }
        taken = errno == EEXIST;
        free(s);
        if (!taken)
            return -1;
    }
    return -1;
}

/* Its close says what a network or quota found out late; that of another
 * descriptor of it, *locked, frees its lock. */
static int close_keeping(int fd, int *locked)
{
    *locked = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return close(fd);
}

int file_commit(struct file **f, struct err *e)
{
    struct file *p = *f;
    int fd = p->fd, locked, r = file_flush(p, e);

    if (r < 0) {
        file_abort(f);
        return r;
    }
    if (p->direct) {
        /* close reports what a network or quota found out late */
        if (fd != STDOUT_FILENO) {
            p->fd = -1;
            if (close(fd) < 0)
                r = err_errno(e, ERR_IO, "%s", p->shown);
        }
        destroy(f);
        return r;
    }
    if (fsync(fd) < 0 || (!p->tmp && give_name(p) < 0))
        r = err_errno(e, ERR_IO, "%s", p->shown);
    p->fd = -1;
    if (close_keeping(fd, &locked) < 0 && !r)
        r = err_errno(e, ERR_IO, "%s", p->shown);
    if (!r && rename(p->tmp, p->path) < 0)
        r = err_errno(e, ERR_IO, "%s", p->shown);
    if (locked >= 0)
        close(locked);
    if (r < 0)
        file_abort(f);
    else
        destroy(f);
    return r;
}

void file_abort(struct file **f)
{
    if (!*f)
        return;
    if ((*f)->tmp)
        unlink((*f)->tmp);
    destroy(f);
}

int file_put(const char *path, const void *p, size_t n, struct err *e)
{
    struct file *f = NULL;
    int r = file_create(&f, path, e);

    if (!r)
        r = file_write(f, p, n, e);
    if (!r)
        r = file_commit(&f, e);
    file_abort(&f);
    return r;
}

/* Without waiting for the writer of a FIFO, and without touching a device. */
static int open_regular(const char *path, struct err *e)
{
    struct stat st;
    int fd;

    if (stat(path, &st) < 0)
        return err_errno(e, ERR_IO, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_IO, "%s: not a regular file", path);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return fd < 0 ? err_errno(e, ERR_IO, "%s", path) : fd;
}

int file_map(struct filemap *m, const char *path, struct err *e)
{
    struct stat st;
    int fd = open_regular(path, e), r = 0;
    void *p;

    m->data = NULL;
    m->size = 0;
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0) {
        r = err_errno(e, ERR_IO, "%s", path);
    } else if (!S_ISREG(st.st_mode)) {
        r = err_set(e, ERR_IO, "%s: not a regular file", path);
    } else if (st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            r = err_errno(e, ERR_IO, "%s", path);
        } else {
            m->data = p;
            m->size = (size_t)st.st_size;
        }
    }
    close(fd);
    return r;
}

void file_unmap(struct filemap *m)
{
    if (m->data) {
        /* mmap gave it writable in type only */
        union {
            const uint8_t *c;
            void *v;
        } u = {.c = m->data};

        munmap(u.v, m->size);
    }
    m->data = NULL;
    m->size = 0;
}

int file_mkdirs(const char *path, struct err *e)
{
    char *s = xstrdup(path);
    struct stat st;
    int r = 0;

    for (char *p = s + 1; !r; p++) {
        char c = *p;

        if (c != '/' && c)
            continue;
        *p = 0;
        if (mkdir(s, 0777) < 0 && errno != EEXIST)
            r = err_errno(e, ERR_IO, "%s", s);
        *p = c;
        if (!c)
            break;
    }
    if (!r && (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)))
        r = err_set(e, ERR_IO, "%s: not a directory", path);
    free(s);
    return r;
}

int file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

char *file_in(const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *p = xmalloc(n);

    snprintf(p, n, "%s/%s", dir, name);
    return p;
}

char *file_in_path(const char *name)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : "/usr/bin:/bin"; *at;) {
        size_t n = strcspn(at, ":"), size = n + strlen(name) + 2;
        char *p = xmalloc(size);

        snprintf(p, size, "%.*s/%s", (int)n, at, name);
        if (*at == '/' && !access(p, X_OK))
            return p;
        free(p);
        at += n + (at[n] == ':');
    }
    return NULL;
}
