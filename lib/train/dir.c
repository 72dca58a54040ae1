/* dir - an output directory that appears whole or not at all; see dir.h */
#include "dir.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/digests.h"

struct dir {
    char *path, *tmp;
};

/* dir_create refuses to clear what it cannot have made: a NAME.tmp with
 * subdirectories. */
int dir_remove(const char *path, struct err *e)
{
    DIR *d = opendir(path);
    struct dirent *f;
    int r = 0;

    if (!d)
        return errno == ENOENT ? 0 : err_errno(e, ERR_IO, "%s", path);
    while (!r && (f = readdir(d)))
        if (strcmp(f->d_name, ".") && strcmp(f->d_name, "..") &&
            unlinkat(dirfd(d), f->d_name, 0))
            r = err_errno(e, ERR_IO, "%s/%s", path, f->d_name);
    closedir(d);
    if (!r && rmdir(path))
        r = err_errno(e, ERR_IO, "%s", path);
    return r;
}

static void dir_free(struct dir **d)
{
    free((*d)->path);
    free((*d)->tmp);
    free(*d);
    *d = NULL;
}

int dir_create(struct dir **out, const char *path, struct err *e)
{
    struct dir *d = xcalloc(1, sizeof *d);
    size_t n = strlen(path);
    int r;

    while (n > 1 && path[n - 1] == '/')
        n--;
    d->path = xmalloc(n + 1);
    memcpy(d->path, path, n);
    d->path[n] = 0;
    d->tmp = xmalloc(n + 5);
    snprintf(d->tmp, n + 5, "%s.tmp", d->path);
    *out = d;
    r = dir_remove(d->tmp, e);
    if (!r)
        r = file_mkdirs(d->tmp, e);
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
    int r = sync_dir(d->tmp, e);

    if (!r)
        r = put_in_place(d, e);
    if (!r)
        r = sync_parent(d->path, e);
    if (!r)
        r = dir_remove(d->tmp, e);
    if (r) {
        struct err ignored;

        (void)!dir_remove(d->tmp, &ignored);
    }
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
