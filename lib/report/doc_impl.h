/* doc_impl - a page's blocks, for doc.c and doc_html.c alone */
#ifndef ULP_REPORT_DOC_IMPL_H
#define ULP_REPORT_DOC_IMPL_H
#include "doc.h"

enum block_type {
    BLOCK_HEADING,
    BLOCK_PARA,
    BLOCK_NOTE,
    BLOCK_FACT,
    BLOCK_TABLE,
    BLOCK_ASIDE,
    BLOCK_PLOT
};

struct block {
    enum block_type type;
    char *text, *key;
    struct table *table;
};

struct doc {
    char *title;
    struct block *b;
    int n, cap;
};

#endif
