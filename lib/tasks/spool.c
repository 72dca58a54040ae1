/* spool - a stream into a temporary file */
#include "spool.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_temporary(struct err *e)
{
    const char *dir = getenv("TMPDIR");
    char path[PATH_MAX];
    int fd;

    if (!dir || !*dir)
        dir = "/tmp";
    fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    snprintf(path, sizeof path, "%s/prepare.XXXXXX", dir);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_IO, "a temporary file in %s", dir);
    unlink(path);
    return fd;
}

static int write_all(int fd, const char *p, size_t n, struct err *e)
{
    while (n) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return err_errno(e, ERR_IO,
                             "the temporary file for a Parquet "
                             "file from a pipe");
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

int spool_lines(int *fd, struct lines *l, struct err *e)
{
    uint64_t size = 0;
    const char *p;
    size_t n;
    int r = open_temporary(e);

    if (r < 0)
        return r;
    *fd = r;
    do {
        p = lines_bytes(l, &n);
        size += n;
        r = size > SPOOL_MAX ? err_set(e, ERR_DATA,
                                       "%s: a Parquet file of more than 16 "
                                       "GiB from a pipe",
                                       lines_name(l))
                             : write_all(*fd, p, n, e);
        lines_drop(l, n);
    } while (!r && (r = lines_more(l, "a row", e)) > 0 && !(r = 0));
    if (r < 0) {
        close(*fd);
        *fd = -1;
    }
    return r;
}
