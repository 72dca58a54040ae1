/* csv - rows of a CSV file (RFC 4180) as arrays of strings
 *
 * Quotes are doubled inside a quoted field, which may hold line ends.
 */
#ifndef ULP_TASKS_CSV_H
#define ULP_TASKS_CSV_H
#include "item.h"
#include "lines.h"

/* 1 and the next row, 0 at the end, negative on error. */
int csv_next(struct lines *l, struct item *it, struct err *e) MUST_CHECK;

#endif
