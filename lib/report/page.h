/* page - the report as one interactive file
 *
 * The blocks of doc.h as HTML that needs no script, and what scripts add to
 * it: contents, tables that sort and filter, charts, a list of questions with
 * transcripts. Everything is in the file: style, scripts, the chart library
 * D3 with its licence, the numbers as JSON. Its bytes depend on the records,
 * the setting and the programs alone.
 */
#ifndef ULP_REPORT_PAGE_H
#define ULP_REPORT_PAGE_H
#include "numbers.h"
#include "sections.h"

/* A stream that was read: what it is of and the header that says how it was
 * made. */
struct source {
    long run, kind; /* in page.n.words; run -1: none */
    char *made_by;  /* JSON */
};

struct page {
    struct numbers n;
    struct source *source;
    size_t n_sources, cap_sources;
    const void *last; /* the reader and stream of the last record */
    int last_stream;
    const char *responses; /* folder RUN/TASK.responses.msgpack.zst, or NULL */
};

/* A record that the report reads; for data_read. ctx: a page. */
int page_see(void *ctx, const struct rec_reader *in, struct rec *rec,
             struct err *e) MUST_CHECK;
void page_free(struct page *p);
/* Into the report's document: the questions that moved most between the
 * reference and each arm, and what both answered to one of them. Nothing
 * without a second arm. */
int page_moved(const struct page *p, const struct report *r,
               struct err *e) MUST_CHECK;
int page_html(struct page *p, const struct report *r, struct buf *out,
              struct err *e) MUST_CHECK;

#endif
