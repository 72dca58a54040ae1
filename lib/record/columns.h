/* columns - chosen fields of records as lines of text with tabs between them
 *
 * A column is a dotted path, or len(PATH).
 */
#ifndef ULP_RECORD_COLUMNS_H
#define ULP_RECORD_COLUMNS_H
#include "../base/buf.h"
#include "../base/cli.h"
#include "rec.h"

struct columns;

/* Of names as the command line gives them ("a,b"); none: NULL. */
int columns_open(struct columns **c, const struct cli_list *names,
                 struct err *e) MUST_CHECK;
void columns_close(struct columns **c);
/* Their names, as a line. */
void columns_names(const struct columns *c, struct buf *b);
/* Notes which of them a record has. c may be NULL, here and below. */
void columns_see(struct columns *c, struct rec *r);
/* A record's values, as a line. */
void columns_line(const struct columns *c, struct rec *r, struct buf *b);
/* After the last record: a column that none of them had is a misspelt name.
 * all: whether the input was read to its end. */
int columns_check(const struct columns *c, int all, struct err *e) MUST_CHECK;

#endif
