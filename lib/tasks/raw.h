/* raw - the items of an upstream file, whatever container it came in
 *
 * JSON lines, one JSON object or array of objects, CSV without a header (an
 * item is then an array of strings), any of them plain or gzipped: sniffed
 * from the bytes, except that CSV is named by the format that uses it.
 */
#ifndef ULP_TASKS_RAW_H
#define ULP_TASKS_RAW_H
#include <jansson.h>
#include "../base/err.h"

struct raw;

int raw_open(struct raw **r, const char *path, int csv, struct err *e)
    MUST_CHECK;
/* 1 and a new reference in *item, 0 at the end, negative on error. */
int raw_next(struct raw *r, json_t **item, struct err *e) MUST_CHECK;
/* Line on which the last item began, from 1. */
long raw_line(const struct raw *r);
void raw_close(struct raw **r);

#endif
