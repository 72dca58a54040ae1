/* dir - an output directory that appears whole or not at all; see dir.h */
#include "dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/digests.h"

struct dir {
    char *path, *tmp;
    int fd; /* tmp, locked; or -1 */
};

/* dir_create refuses to clear what it cannot have made: a NAME.tmp with
 * subdirectories. */
static int empty(const char *path, struct err *e)
{
    DIR *d = opendir(path);
    struct dirent *f;
    int r = 0;

    if (!d)
        return err_errno(e, ERR_IO, "%s", path);
    while (!r && (f = readdir(d)))
        if (strcmp(f->d_name, ".") && strcmp(f->d_name, "..") &&
            unlinkat(dirfd(d), f->d_name, 0))
            r = err_errno(e, ERR_IO, "%s/%s", path, f->d_name);
    closedir(d);
    return r;
}

int dir_remove(const char *path, struct err *e)
{
    struct stat st;
    int r;

    if (stat(path, &st) && errno == ENOENT)
        return 0;
    r = empty(path, e);
    return !r && rmdir(path) ? err_errno(e, ERR_IO, "%s", path) : r;
}

/* Locks a directory; 0: another process has it. -1 in *fd: it is not there, or
 * its file system has no locks. */
static int lock(const char *path, int *fd)
{
    int taken;

    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0 || !flock(*fd, LOCK_EX | LOCK_NB))
        return 1;
    taken = errno == EWOULDBLOCK;
    close(*fd);
    *fd = -1;
    return !taken;
}

int dir_remove_left(const char *path, struct err *e)
{
    int fd, r = lock(path, &fd) ? dir_remove(path, e) : 0;

    if (fd >= 0)
        close(fd);
    return r;
}

static void dir_free(struct dir **d)
{
    if ((*d)->fd >= 0)
        close((*d)->fd);
    free((*d)->path);
    free((*d)->tmp);
    free(*d);
    *d = NULL;
}

/* Makes d->tmp, locked and empty. One that its last owner removes before it is
 * locked here is made anew. */
static int take_tmp(struct dir *d, struct err *e)
{
    struct stat now, mine;

    for (;;) {
        int r = file_mkdirs(d->tmp, e);

        if (r)
            return r;
        if (!lock(d->tmp, &d->fd))
            return err_set(e, ERR_IO,
                           "%s: another process is writing it, in %s", d->path,
                           d->tmp);
        if (stat(d->tmp, &now) == 0 &&
            (d->fd < 0 || (!fstat(d->fd, &mine) && now.st_ino == mine.st_ino)))
            return empty(d->tmp, e);
        if (d->fd >= 0)
            close(d->fd);
    }
}

int dir_create(struct dir **out, const char *path, struct err *e)
{
    struct dir *d = xcalloc(1, sizeof *d);
    size_t n;
    int r;

    *out = NULL;
    d->fd = -1;
    d->path = file_followed(path);
    if (!d->path) {
        free(d);
        return err_errno(e, ERR_IO, "%s", path);
    }
    n = strlen(d->path);
    while (n > 1 && d->path[n - 1] == '/')
        d->path[--n] = 0;
    d->tmp = xmalloc(n + 5);
    snprintf(d->tmp, n + 5, "%s.tmp", d->path);
    *out = d;
    r = take_tmp(d, e);
    if (r)
        dir_free(out);
    return r;
}

const char *dir_tmp(const struct dir *d)
{
    return d->tmp;
}

static int sync_dir(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) ? err_errno(e, ERR_IO, "%s", path) : 0;

    if (fd >= 0)
        close(fd);
    return r;
}

static int sync_parent(const char *path, struct err *e)
{
    char *up = xstrdup(path), *slash = strrchr(up, '/');
    int r;

    if (slash)
        slash[slash == up] = 0;
    r = sync_dir(slash ? up : ".", e);
    free(up);
    return r;
}

/* tmp takes path's place; afterwards tmp holds the old one, if any. */
static int put_in_place(const struct dir *d, struct err *e)
{
    if (rename(d->tmp, d->path) == 0)
        return 0;
    if (errno == ENOTEMPTY || errno == EEXIST)
        if (renameat2(AT_FDCWD, d->tmp, AT_FDCWD, d->path, RENAME_EXCHANGE) ==
            0)
            return 0;
    if (errno == EINVAL || errno == ENOSYS) {
        /* a file system without exchange: remove, then rename */
        int r = dir_remove(d->path, e);

        if (r)
            return r;
        if (rename(d->tmp, d->path) == 0)
            return 0;
    }
    return err_errno(e, ERR_IO, "%s", d->path);
}

int dir_commit(struct dir **out, struct err *e)
{
    struct dir *d = *out;
    struct err ignored;
    int r;

    if (!d)
        return 0;
    r = sync_dir(d->tmp, e);
    if (!r)
        r = put_in_place(d, e);
    if (!r)
        r = sync_parent(d->path, e);
    /* tmp is the old one now, unless another process has it already */
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    if (!r)
        r = dir_remove_left(d->tmp, e);
    else
        (void)!dir_remove_left(d->tmp, &ignored);
    dir_free(out);
    return r;
}

void dir_abort(struct dir **d)
{
    struct err ignored;

    if (!*d)
        return;
    (void)!dir_remove((*d)->tmp, &ignored);
    dir_free(d);
}

int dir_copy_file(const char *from, const char *to, const char *name,
                  struct err *e)
{
    char *path;
    struct filemap m;
    int r = digests_map(&m, from, name, e);

    if (r <= 0)
        return r;
    path = file_in(to, name);
    r = file_put(path, m.data, m.size, e);
    file_unmap(&m);
    free(path);
    return r;
}
