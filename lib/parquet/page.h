/* page - the pages of a column chunk, decompressed one at a time
 *
 * Source: parquet.thrift (PageHeader), both versions of data pages.
 */
#ifndef ULP_PARQUET_PAGE_H
#define ULP_PARQUET_PAGE_H
#include "../base/buf.h"
#include "footer.h"

#define PAGE_MAX ((size_t)256 << 20) /* bytes of a page, decompressed */
#define PAGES_MAX ((size_t)1 << 30)  /* of all pages and dictionaries held */

/* PageType of parquet.thrift. */
enum page_type {
    PAGE_V1 = 0,
    PAGE_INDEX = 1,
    PAGE_DICTIONARY = 2,
    PAGE_V2 = 3
};

struct page {
    enum page_type type;
    int n_values; /* entries with their levels; entries of a dictionary */
    int encoding, rep_encoding, def_encoding;
    size_t n_rep, n_def; /* bytes of levels in front, PAGE_V2 */
    const uint8_t *data; /* lent until the next page */
    size_t n;
};

/* What the columns of a file share. */
struct page_store {
    const struct pfile *f;
    struct buf raw; /* a page as it stands in the file */
    size_t held;    /* bytes of pages and dictionaries */
};

struct pages {
    struct page_store *store;
    const char *column; /* in messages */
    int codec;
    uint64_t at, end;
    struct buf data;
};

/* Stands before the chunk's first page. p is zeroed or used before; s and
 * column are borrowed until page_close. */
void page_open(struct pages *p, struct page_store *s, const char *column,
               const struct chunk *c);
/* 1 and the next page, 0 at the end of the chunk, negative on error. */
int page_next(struct pages *p, struct page *page, struct err *e) MUST_CHECK;
/* The page's bytes become the caller's, and stay counted as held. */
struct buf page_take(struct pages *p);
/* Frees bytes that page_take gave. */
void page_drop(struct page_store *s, struct buf *data);
void page_close(struct pages *p);

#endif
