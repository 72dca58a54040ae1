/* assembly - a row from the entries of its columns, by their levels
 *
 * A column's entry says with its repetition level in which list the row goes
 * on, with its definition level how much of the path to the leaf is there
 * (Melnik et al., Dremel, VLDB 2010). Columns below one node must agree.
 */
#ifndef ULP_PARQUET_ASSEMBLY_H
#define ULP_PARQUET_ASSEMBLY_H
#include "column.h"

struct assembly {
    const struct schema *schema;
    struct column *column; /* one a leaf; those that are wanted are open */
    const char *name;      /* of the file, in messages */
    long row;              /* from 1, in messages */
};

/* The next row as a JSON object at the end of b. */
int assembly_row(const struct assembly *a, struct buf *b,
                 struct err *e) MUST_CHECK;

#endif
