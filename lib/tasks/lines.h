/* lines - the text of an upstream file, decompressed, a row at hand at a time
 *
 * A row's reader looks at the bytes at hand, asks for more while the row is
 * not whole, and then takes it; lines are counted on the way.
 */
#ifndef ULP_TASKS_LINES_H
#define ULP_TASKS_LINES_H
#include <stddef.h>
#include "../base/source.h"

#define LINES_ROW_MAX ((size_t)16 << 20) /* bytes of a row, and between two */

struct lines {
    struct source *src;
    int ended;     /* the input has no more bytes */
    long line;     /* of the next byte, from 1 */
    long row_line; /* on which the row at hand began */
};

/* path: "-" is standard input; plain, gzip or zstd (source.h). UTF-16 is an error.
 * l is closed after an error, too. */
int lines_open(struct lines *l, const char *path, struct err *e) MUST_CHECK;
void lines_close(struct lines *l);
/* For messages; lent until lines_close. */
const char *lines_name(const struct lines *l);
/* The bytes at hand, lent until lines_more, whatever that gives. */
const char *lines_bytes(const struct lines *l, size_t *n);
/* 1: more bytes are at hand; 0: the input has ended; negative on error, also
 * when a row has become too long, which `what` calls it. */
int lines_more(struct lines *l, const char *what, struct err *e) MUST_CHECK;
/* Drop the first n bytes; lines_drop does not count lines in them. */
void lines_take(struct lines *l, size_t n);
void lines_drop(struct lines *l, size_t n);
/* Drop byte order marks and the characters of `skip` up to the next row, which
 * then begins: 1, 0 at the end of the input, negative on error. */
int lines_begin_row(struct lines *l, const char *skip,
                    struct err *e) MUST_CHECK;

#endif
