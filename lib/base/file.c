/* file - atomic outputs over a 64 KiB buffer, and read-only maps */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "file.h"

enum { BUFFER = 64 * 1024 };

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

static char *join(const char *a, const char *b, const char *c)
{
    size_t na = strlen(a), nb = strlen(b), nc = strlen(c);
    char *s = xmalloc(na + nb + nc + 1);

    memcpy(s, a, na);
    memcpy(s + na, b, nb);
    memcpy(s + na + nb, c, nc + 1);
    return s;
}

/* "dir/.name.XXXXXX" */
static char *tmp_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = xstrdup(path), *head, *s;

    dir[slash ? slash - path + 1 : 0] = 0;
    head = join(dir, ".", slash ? slash + 1 : path);
    s = join(head, ".XXXXXX", "");
    free(dir);
    free(head);
    return s;
}

static int open_unnamed(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);

    free(copy);
    return fd;
}

static int open_named(struct file *f)
{
    mode_t mask = umask(0);

    umask(mask);
    f->tmp = tmp_name(f->path);
    f->fd = mkostemp(f->tmp, O_CLOEXEC);
    if (f->fd < 0) {
        free(f->tmp);
        f->tmp = NULL;
        return -1;
    }
    return fchmod(f->fd, 0666 & ~mask);
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
        f->path = realpath(path, NULL);
        if (!f->path)
            f->path = xstrdup(path);
        /* A file without a name leaves nothing behind when we are killed. */
        f->fd = open_unnamed(f->path);
        if (f->fd < 0 && open_named(f) < 0)
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
    for (int i = 0; i < 100; i++) {
        char *s = tmp_name(f->path);
        int fd = mkostemp(s, O_CLOEXEC); /* for a name nobody has */

        if (fd < 0) {
            free(s);
            return -1;
        }
        close(fd);
        unlink(s);
        if (linkat(AT_FDCWD, proc, AT_FDCWD, s, AT_SYMLINK_FOLLOW) == 0) {
            f->tmp = s;
            return 0;
        }
        free(s);
        if (errno != EEXIST)
            return -1;
    }
    return -1;
}

int file_commit(struct file **f, struct err *e)
{
    struct file *p = *f;
    int fd = p->fd, r = file_flush(p, e);

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
    if (close(fd) < 0 && !r)
        r = err_errno(e, ERR_IO, "%s", p->shown);
    if (!r && rename(p->tmp, p->path) < 0)
        r = err_errno(e, ERR_IO, "%s", p->shown);
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
