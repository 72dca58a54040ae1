/* page_impl - the parts of the page, for page*.c alone */
#ifndef ULP_REPORT_PAGE_IMPL_H
#define ULP_REPORT_PAGE_IMPL_H
#include "page.h"

/* JSON: six digits, null where v is not finite. */
void page_num(struct buf *b, double v);
void page_str(struct buf *b, const char *s);
/* ",", unless it is the first of its list. */
void page_comma(struct buf *b, int *first);

/* How many of a text's n bytes to show, `most` at most: no character of UTF-8 is
 * cut. */
size_t page_cut(const char *s, size_t n, size_t most);

/* Those of `from` that `to` lacks, in alphabetical order: what comes out does
 * not depend on the order of the records. */
void page_add_sorted(struct names *to, const struct names *from);

/* JSON values: every number of the records of a kind (metrics, divergence) by
 * step; the questions of each task, with answers. */
void page_curves(const struct page *p, const struct report *r, const char *kind,
                 struct buf *b);
int page_questions(const struct page *p, const struct report *r, struct buf *b,
                   struct err *e) MUST_CHECK;
/* Members of a JSON object, each `"name":value`. */
void page_heat(const struct page *p, const struct report *r, struct buf *b);
void page_estimates(const struct report *r, struct buf *b);

/* HTML: verdicts and changes in sentences with a direction. */
void page_words(const struct report *r, struct buf *b);
/* HTML: how each stream was made. */
void page_sources(const struct page *p, struct buf *b);

/* Embedded files, n bytes each. d3 is empty where the library was not
 * installed when the program was built. */
struct page_asset {
    const char *p;
    size_t n;
};
struct page_asset page_style(void);
struct page_asset page_script(void);
struct page_asset page_d3(void);
struct page_asset page_d3_licence(void);

#endif
