/* raw - the rows of an upstream file, whatever container it came in
 *
 * JSON lines, JSON objects over several lines, one JSON array of objects, or
 * CSV without a header (a row is then an array of strings), any of them plain
 * or compressed (gzip, zstd): sniffed from the bytes, except that CSV is named
 * by the format that uses it. A file is read as a stream: memory holds one row
 * of at most 16 MiB. A byte order mark in front of a row is skipped.
 */
#ifndef ULP_TASKS_RAW_H
#define ULP_TASKS_RAW_H
#include "item.h"

struct raw;

/* path "-" is standard input. */
int raw_open(struct raw **r, const char *path, int csv, struct err *e)
    MUST_CHECK;
/* 1 and the next row in *it, 0 at the end, negative on error. */
int raw_next(struct raw *r, struct item *it, struct err *e) MUST_CHECK;
/* "FILE: line 7", where the last row began; lent until the next row. */
const char *raw_where(struct raw *r);
void raw_close(struct raw **r);

#endif
