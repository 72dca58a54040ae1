/* footer - what the end of a Parquet file says: schema, row groups, chunks
 *
 * The file begins and ends with "PAR1"; before the last one stand the length
 * of the footer and, before that, the footer, a FileMetaData of parquet.thrift.
 */
#ifndef ULP_PARQUET_FOOTER_H
#define ULP_PARQUET_FOOTER_H
#include "schema.h"

/* Bytes of a footer, at most. */
#define FOOTER_MAX ((uint64_t)64 << 20)

/* A file that can be read anywhere. */
struct pfile {
    int fd;
    const char *name; /* in messages */
    uint64_t size;
};

/* n bytes at an offset, all of them. */
int pfile_read(const struct pfile *f, uint64_t at, void *to, size_t n,
               struct err *e) MUST_CHECK;

struct chunk {
    int codec;        /* of parquet.thrift */
    int64_t n_values; /* entries with their levels, nulls among them */
    uint64_t at, end; /* bytes of its pages in the file */
};

struct footer {
    uint8_t *bytes;
    struct schema schema;
    int64_t n_rows;       /* of the file */
    struct thrift groups; /* stands before the next row group */
    size_t n_groups;      /* row groups to come */
};

/* Reads the footer of f; footer_free frees it. On error m holds nothing. */
int footer_read(struct footer *m, const struct pfile *f,
                struct err *e) MUST_CHECK;
void footer_free(struct footer *m);
/* The next row group: 1 with its number of rows and a chunk for each leaf
 * column (chunk has schema.n_leaves), 0 when there is none. Only the wanted
 * columns' chunks are looked at. */
int footer_group(struct footer *m, const struct pfile *f, struct chunk *chunk,
                 int64_t *n_rows, struct err *e) MUST_CHECK;

#endif
