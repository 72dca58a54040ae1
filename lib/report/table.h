/* table - rows of texts that become aligned text, TSV or HTML
 *
 * The first row is the header. A column whose cells are numbers is aligned to
 * the right. Cells are copied.
 */
#ifndef ULP_REPORT_TABLE_H
#define ULP_REPORT_TABLE_H
#include <stddef.h>
#include "../base/buf.h"

struct table {
    char *name;    /* file name of the TSV without its suffix */
    char *caption; /* one line */
    int n_cols, n_rows, cap;
    char **cell;         /* [row * n_cols + col], "" for nothing */
    unsigned char *rule; /* a rule above row i? */
    unsigned left;       /* bit c: column c is aligned to the left */
    int merge;           /* so many columns are blank where they repeat the row
                         above; not in the TSV */
};

/* heads: "task arm n J [95% interval]" is split at '|'; a head that begins
 * with '<' makes its column left-aligned. */
struct table *table_open(const char *name, const char *caption,
                         const char *heads);
void table_close(struct table **t);
/* The next cell; rows fill up from the left. */
void table_cell(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A rule before the row that comes next. */
void table_rule(struct table *t);

/* Two spaces between columns; indent spaces before each line. */
void table_text(const struct table *t, int indent, struct buf *out);
/* "n.c." and "-" become NA. */
void table_tsv(const struct table *t, struct buf *out);
/* Without the caption, whose element is to have the id c-NAME. */
void table_html(const struct table *t, struct buf *out);

/* <, >, & and " as entities. */
void table_escape(const char *s, size_t n, struct buf *out);
/* Columns that s takes on a terminal: its UTF-8 characters. */
int table_columns(const char *s);

#endif
