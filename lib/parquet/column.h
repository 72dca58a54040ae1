/* column - one leaf column of a row group, entry by entry
 *
 * An entry has its levels: rep says at which list the row goes on (0: a new
 * row), def how much of the path is there; with def at the leaf's own the
 * entry has a value. One page is held at a time, and the dictionary.
 */
#ifndef ULP_PARQUET_COLUMN_H
#define ULP_PARQUET_COLUMN_H
#include "page.h"
#include "values.h"

struct column {
    const struct node *leaf;
    struct pages pages;
    struct dictionary dictionary;
    struct values values;
    struct rle reps, defs;
    int64_t left;    /* entries of the chunk behind this page */
    int64_t in_page; /* entries of the page not yet given */
    int ready;       /* the entry below is there */
    int rep, def;
    struct value value; /* where def is the leaf's */
};

/* Entries of this chunk come next. */
int column_open(struct column *c, const struct node *leaf, struct page_store *s,
                const struct chunk *chunk, struct err *e) MUST_CHECK;
/* Have an entry ready in *c: 1; 0 when the chunk has ended; negative on error.
 * An entry stays until column_take. */
int column_peek(struct column *c, struct err *e) MUST_CHECK;
void column_take(struct column *c);
void column_close(struct column *c);

#endif
