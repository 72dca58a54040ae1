/* parquet - the rows of an Apache Parquet file, as JSON text
 *
 * Flat and nested columns (structs, lists of three and of two levels, maps
 * with text keys), pages of versions 1 and 2, uncompressed, snappy, gzip or
 * zstd. Encryption, other codecs, and types that have no JSON form are refused
 * by name. Memory holds a page of each column that is read.
 */
#ifndef ULP_PARQUET_PARQUET_H
#define ULP_PARQUET_PARQUET_H
#include "../base/buf.h"
#include "../base/err.h"

#define PARQUET_ROW_MAX ((size_t)16 << 20) /* bytes of a row as JSON */

struct parquet;

/* Does a file with these first four bytes claim to be one? */
int parquet_is_magic(const char first[4]);
/* Takes fd, a file that can be read anywhere, also on error. name is borrowed;
 * it stands for the file in messages. fields: the top-level columns to read,
 * by names in any case, ending in NULL; NULL for all. */
int parquet_open(struct parquet **p, int fd, const char *name,
                 const char *const *fields, struct err *e) MUST_CHECK;
/* Rows of the file, as its footer says. */
long parquet_rows(const struct parquet *p);
/* 1 and the next row as one JSON object in b, which is emptied first; 0 at the
 * end; negative on error. */
int parquet_next(struct parquet *p, struct buf *b, struct err *e) MUST_CHECK;
void parquet_close(struct parquet **p);

#endif
