/* doc - a page of headings, paragraphs, facts, tables and plots
 *
 * The same blocks become plain text of at most DOC_WIDTH columns and HTML.
 */
#ifndef ULP_REPORT_DOC_H
#define ULP_REPORT_DOC_H
#include "../base/buf.h"
#include "table.h"

/* Columns of the plain text. */
enum { DOC_WIDTH = 98 };

struct doc;

/* A page without blocks; the title is copied. doc_close frees it and accepts
 * NULL. */
struct doc *doc_open(const char *title);
void doc_close(struct doc **d);
/* Each of the following appends a block and copies its texts. */
void doc_heading(struct doc *d, const char *text);
void doc_para(struct doc *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A verdict or a warning: text that stands out in HTML, indented in text. */
void doc_note(struct doc *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "key  value", aligned with its neighbours. */
void doc_fact(struct doc *d, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Owned by the doc from then on. */
void doc_table(struct doc *d, struct table *t);
/* A table that is written to tables/ but not shown on the page. */
void doc_table_aside(struct doc *d, struct table *t);
/* plots/NAME.svg, in HTML only. */
void doc_plot(struct doc *d, const char *name, const char *caption);

/* Appends the page as plain text. */
void doc_text(const struct doc *d, struct buf *out);
/* What a hook is told of: a heading, which it writes; a table or plot, after
 * which it may add something. */
enum doc_part { DOC_HEADING, DOC_TABLE, DOC_PLOT };
struct doc_hook {
    void (*part)(void *ctx, enum doc_part part, const char *name);
    void *ctx;
};
/* The blocks alone, without a head; name: a heading's text, a table's or a
 * plot's name. A plot is the line "<!--plot NAME-->" in a figure. */
void doc_html(const struct doc *d, const struct doc_hook *hook,
              struct buf *out);
const char *doc_title(const struct doc *d);
/* i-th heading; NULL after the last. */
const char *doc_heading_at(const struct doc *d, int i);
/* i-th table, shown or not; NULL after the last. */
const struct table *doc_table_at(const struct doc *d, int i);

#endif
