/* doc_impl - a page's blocks, for doc.c and doc_html.c alone */
#ifndef ULP_REPORT_DOC_IMPL_H
#define ULP_REPORT_DOC_IMPL_H
#include "doc.h"

/* What doc_NAME appends; BLOCK_ASIDE is a table that the page does not show. */
enum block_type {
    BLOCK_HEADING,
    BLOCK_PARA,
    BLOCK_NOTE,
    BLOCK_FACT,
    BLOCK_TABLE,
    BLOCK_ASIDE,
    BLOCK_PLOT
};

/* text: of a heading, paragraph or note, a value or a caption; key: of a fact,
 * or the name of a plot. */
struct block {
    enum block_type type;
    char *text, *key;
    struct table *table;
};

/* All owned; the blocks in their order. */
struct doc {
    char *title;
    struct block *b;
    int n, cap;
};

#endif
