/* values - JSON values of a text: one a line, over several lines, or the
 * elements of one array
 *
 * A value ends with the line on which its last bracket closes; elements of an
 * array may share lines.
 */
#ifndef ULP_TASKS_VALUES_H
#define ULP_TASKS_VALUES_H
#include "item.h"
#include "lines.h"

struct values { /* starts as zeros */
    enum { VALUES_START, VALUES_LINES, VALUES_FIRST, VALUES_LATER,
           VALUES_END } state;
};

/* 1 and the next value, 0 at the end, negative on error. */
int values_next(struct values *v, struct lines *l, struct item *it,
                struct err *e) MUST_CHECK;

#endif
