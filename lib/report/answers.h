/* answers - a stream of responses as one page to read
 *
 * Each record is an article: prompt, right answer, response as they are, then
 * what else the record has. It needs no script and no network, and every text
 * of a record stands in it as text.
 */
#ifndef ULP_REPORT_ANSWERS_H
#define ULP_REPORT_ANSWERS_H
#include "../base/buf.h"
#include "../record/rec.h"

/* Each appends to b: the head of the page, a record, the end. shown: records
 * on the page. */
void answers_begin(struct buf *b, const char *title);
/* number: of the record, from 1 */
void answers_add(struct buf *b, struct rec *rec, uint64_t number);
void answers_end(struct buf *b, uint64_t shown);

#endif
