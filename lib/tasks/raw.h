/* raw - the rows of an upstream file, whatever container it came in
 *
 * Parquet, JSON lines, JSON objects over several lines, one JSON array of
 * objects, or CSV without a header (a row is then an array of strings), any of
 * them plain or compressed (gzip, zstd): sniffed from the bytes, except that
 * CSV is named by the format that uses it. Text is read as a stream: memory
 * holds one row of at most 16 MiB. A byte order mark in front of a row is
 * skipped. Parquet that comes from a pipe or compressed is first written to a
 * temporary file ($TMPDIR or /tmp), because its end must be read first.
 */
#ifndef ULP_TASKS_RAW_H
#define ULP_TASKS_RAW_H
#include "item.h"

struct raw;

/* path "-" is standard input. fields: the columns that are looked at, by names
 * in any case, ending in NULL; NULL for all. Other containers give all. */
int raw_open(struct raw **r, const char *path, int csv,
             const char *const *fields, struct err *e) MUST_CHECK;
/* 1 and the next row in *it, 0 at the end, negative on error. */
int raw_next(struct raw *r, struct item *it, struct err *e) MUST_CHECK;
/* "FILE: line 7" or "FILE: row 7", where the last row began; lent until the next row. */
const char *raw_where(struct raw *r);
void raw_close(struct raw **r);

#endif
