/* raw - the rows of an upstream file: container sniffed, then read by its
 * reader */
#include "raw.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../parquet/parquet.h"
#include "csv.h"
#include "spool.h"
#include "jsonseq.h"

struct raw {
    const char *path;
    const char *const *fields;
    struct lines in;
    int csv;
    struct jsonseq json;
    struct parquet *parquet;
    struct buf row; /* of Parquet, as JSON */
    long n_rows;    /* of Parquet, read so far */
    char where[PATH_MAX + 64];
};

/* 1 when the path is a Parquet file that can be read anywhere: it is opened.
 * Else the bytes tell, read as a stream. */
static int open_seekable(struct raw *r, struct err *e)
{
    int from_stdin = !strcmp(r->path, "-"), fd, rc;
    char first[4];
    struct stat st;

    /* a FIFO must not be opened and closed: its writer would notice */
    if ((from_stdin ? fstat(STDIN_FILENO, &st) : stat(r->path, &st)) ||
        !S_ISREG(st.st_mode) ||
        (from_stdin && lseek(STDIN_FILENO, 0, SEEK_CUR) != 0))
        return 0;
    fd = from_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                    : open(r->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0; /* open_stream says why */
    if (pread(fd, first, 4, 0) != 4 || !parquet_is_magic(first)) {
        close(fd);
        return 0;
    }
    rc = parquet_open(&r->parquet, fd, r->path, r->fields, e);
    return rc < 0 ? rc : 1;
}

static int open_stream(struct raw *r, struct err *e)
{
    const char *p;
    size_t n;
    int rc = lines_open(&r->in, r->path, e), fd = -1;

    while (!rc && (p = lines_bytes(&r->in, &n), n < 4) &&
           (rc = lines_more(&r->in, "a row", e)) > 0)
        rc = 0;
    p = rc < 0 ? NULL : lines_bytes(&r->in, &n);
    if (rc < 0 || n < 4 || !parquet_is_magic(p))
        return rc;
    rc = spool_lines(&fd, &r->in, e);
    return rc ? rc
              : parquet_open(&r->parquet, fd, lines_name(&r->in), r->fields, e);
}

int raw_open(struct raw **out, const char *path, int csv,
             const char *const *fields, struct err *e)
{
    struct raw *r = xcalloc(1, sizeof *r);
    int rc;

    *out = r;
    r->path = path;
    r->fields = fields;
    r->csv = csv;
    rc = open_seekable(r, e);
    if (!rc)
        rc = open_stream(r, e);
    if (rc < 0)
        raw_close(out);
    return rc < 0 ? rc : 0;
}

/* A row of Parquet is read as the line of JSON that it would be. */
static int parquet_item(struct raw *r, struct item *it, struct err *e)
{
    int rc = parquet_next(r->parquet, &r->row, e);

    item_clear(it);
    if (rc <= 0)
        return rc;
    r->n_rows++;
    rc = item_read(it, r->row.p, r->row.n, raw_where(r), e);
    return rc < 0 ? rc : 1;
}

int raw_next(struct raw *r, struct item *it, struct err *e)
{
    if (r->parquet)
        return parquet_item(r, it, e);
    return r->csv ? csv_next(&r->in, it, e)
                  : jsonseq_next(&r->json, &r->in, it, e);
}

const char *raw_where(struct raw *r)
{
    if (r->parquet)
        snprintf(r->where, sizeof r->where, "%s: row %ld", r->path, r->n_rows);
    else
        snprintf(r->where, sizeof r->where, "%s: line %ld", lines_name(&r->in),
                 r->in.row_line);
    return r->where;
}

void raw_close(struct raw **r)
{
    if (!*r)
        return;
    parquet_close(&(*r)->parquet);
    lines_close(&(*r)->in);
    buf_free(&(*r)->row);
    free(*r);
    *r = NULL;
}
