/* live - what a step gave, for whoever watches the run
 *
 * A JSON line is appended to a file by one write as each step ends, so that a
 * reader sees whole records only. It is no result: the file holds seconds, is
 * never read again and goes when its stage ends.
 */
#ifndef ULP_TRAIN_LIVE_H
#define ULP_TRAIN_LIVE_H
#include "../record/rec.h"

/* Appends rec to the file, which is made where it is not there. ERR_IO names
 * the file. */
int live_add(const char *path, struct rec *rec, struct err *e) MUST_CHECK;

#endif
