/* jsonseq - JSON values of a text: one a line, over several lines, or the
 * elements of one array
 *
 * A value ends with the line on which its last bracket closes; elements of an
 * array may share lines.
 */
#ifndef ULP_TASKS_JSONSEQ_H
#define ULP_TASKS_JSONSEQ_H
#include "item.h"
#include "lines.h"

struct jsonseq { /* starts as zeros */
    enum {
        JSONSEQ_START,
        JSONSEQ_LINES,
        JSONSEQ_FIRST,
        JSONSEQ_LATER,
        JSONSEQ_END
    } state;
};

/* 1 and the next value, 0 at the end, negative on error. */
int jsonseq_next(struct jsonseq *v, struct lines *l, struct item *it,
                 struct err *e) MUST_CHECK;

#endif
