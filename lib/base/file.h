/* file - outputs that appear whole or not at all, and mapped inputs
 *
 * A created file is written under a temporary name in the same directory and
 * renamed over its name at commit, after fsync. Abort, close without commit,
 * or a killed process leave the old file as it was. What a process that was killed
 * at commit leaves, .NAME.ulp-N, goes when NAME is next created. Every error
 * message has the final file's name.
 */
#ifndef ULP_BASE_FILE_H
#define ULP_BASE_FILE_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "err.h"

struct file; /* an output being written */

/* path "-" is standard output (commit flushes and checks it). A device or a
 * FIFO is written in place; a symbolic link is followed. */
int file_create(struct file **f, const char *path, struct err *e) MUST_CHECK;
/* On a pipe whose reader has left, e->reader_left is set. */
int file_write(struct file *f, const void *p, size_t n,
               struct err *e) MUST_CHECK;
int file_flush(struct file *f, struct err *e) MUST_CHECK;
/* 1 for standard output, a device or a FIFO: somebody may be waiting for what
 * was written, and it cannot be taken back. */
int file_is_direct(const struct file *f);
/* fsync, rename, close; *f becomes NULL also on error. */
int file_commit(struct file **f, struct err *e) MUST_CHECK;
/* Drop what was written; NULL is accepted. */
void file_abort(struct file **f);
/* A file of these bytes: all of the above. */
int file_put(const char *path, const void *p, size_t n,
             struct err *e) MUST_CHECK;

struct filemap {
    const uint8_t *data; /* NULL when size is 0 */
    size_t size;
};

/* Read-only map of a whole regular file; a FIFO, device, socket or directory
 * is refused at once. */
int file_map(struct filemap *m, const char *path, struct err *e) MUST_CHECK;
void file_unmap(struct filemap *m);

/* Where a symbolic link leads to, be it to what is not there yet; else the path
 * as it is, or absolute. The caller frees it. NULL: it leads to itself, errno says so. */
char *file_followed(const char *path);
/* Make a directory and its parents; existing ones are fine. */
int file_mkdirs(const char *path, struct err *e) MUST_CHECK;
int file_exists(const char *path);
/* "DIR/NAME"; the caller frees it. */
char *file_in(const char *dir, const char *name);
/* The program NAME of PATH, absolute; the caller frees it. NULL: none. */
char *file_in_path(const char *name);

#endif
