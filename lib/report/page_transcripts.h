/* page_transcripts - answers to some questions, base and arms side by side
 *
 * Of each task the questions whose share of right samples moved most, half of
 * them between the reference and another arm, half from the base to an arm;
 * TRANSCRIPTS_MOST at most, fewer where all would be more than
 * TRANSCRIPTS_BYTES. Of each question one sample number: the lowest at which
 * an arm and the reference are not both right or both wrong; else an arm and
 * the base; else the lowest. The models are the base and the first seed of each
 * arm.
 */
#ifndef ULP_REPORT_PAGE_TRANSCRIPTS_H
#define ULP_REPORT_PAGE_TRANSCRIPTS_H
#include "page.h"

enum {
    TRANSCRIPTS_MOST = 40,
    TRANSCRIPTS_BYTES = 8000000,
    TEXT_BYTES = 6000 /* of one prompt or response; the rest is cut */
};

/* One question of a task: a number of data.questions, and how far its share of
 * right samples moved. */
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

/* An answer that was read; the texts are malloc'd, cut, or NULL. */
struct text {
    int64_t sample;
    int correct;
    char *prompt, *answer, *response, *extracted;
    size_t left_out; /* bytes of the response that were cut */
};
/* Of one question (a number of data.questions) the answers of the reference
 * (side[0]) and of an arm, from the first seed: the lowest sample at which one
 * is right and the other is not, else the lowest. 1; 0 and nothing where one of
 * them is not there. The caller frees. */
int page_sides(const struct page *p, const struct report *r, int arm, int task,
               long question, struct text side[2], struct err *e) MUST_CHECK;
void page_text_free(struct text *t);

#endif
