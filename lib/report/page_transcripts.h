/* page_transcripts - answers to some questions, base and arms side by side
 *
 * Of each task the questions whose share of right samples changed most from
 * the base, TRANSCRIPTS_MOST at most, fewer where all would be more than
 * TRANSCRIPTS_BYTES. Of each question one sample number: the lowest at which
 * an arm and the base are not both right or both wrong, else the lowest. The
 * models are the base and the first seed of each arm.
 */
#ifndef ULP_REPORT_PAGE_TRANSCRIPTS_H
#define ULP_REPORT_PAGE_TRANSCRIPTS_H
#include "page.h"

enum {
    TRANSCRIPTS_MOST = 40,
    TRANSCRIPTS_BYTES = 8000000,
    TEXT_BYTES = 6000 /* of one prompt or response; the rest is cut */
};

/* One question of a task: a number of data.questions, and the largest change
 * of its share of right samples from the base. */
struct asked {
    long id;
    double flip;
};

/* Questions of a task that are shown with answers. */
size_t page_transcripts_most(const struct data *d);
/* JSON objects of the first of q[0..n), divided by commas; nothing where the
 * page has no folder of responses, or that has none of the task. */
int page_transcripts(const struct page *p, const struct report *r, int task,
                     const struct asked *q, size_t n, struct buf *b,
                     struct err *e) MUST_CHECK;

#endif
