/* jscan - read a JSON text front to back without building a tree
 *
 * For the two members of tokenizer.json that hold 300,000 small values; the
 * rest of that file goes through lib/base/json. Strict RFC 8259: UTF-8 and
 * escapes are checked, depth is bounded; messages carry name, line, column.
 */
#ifndef ULP_TEXT_JSCAN_H
#define ULP_TEXT_JSCAN_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

struct jscan {
    const char *name; /* for messages; borrowed */
    const char *base, *p, *end;
    char *buf; /* the last string that had an escape */
    size_t cap;
};

/* Stands before the n bytes of text; both are borrowed until jscan_free. */
void jscan_init(struct jscan *j, const char *name, const char *text, size_t n);
void jscan_free(struct jscan *j);
/* An ERR_DATA error at the current place: "name: line 3, column 9: ..." */
int jscan_error(const struct jscan *j, struct err *e, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The next byte that is not white space, not consumed; 0 at the end. */
char jscan_peek(struct jscan *j);
/* Consumes white space and then c, or fails. */
int jscan_expect(struct jscan *j, char c, struct err *e) MUST_CHECK;
/* After an element: 1 when a comma follows, 0 when `close` does. */
int jscan_more(struct jscan *j, char close, struct err *e) MUST_CHECK;
/* A string; the view lasts until the next jscan_string. */
int jscan_string(struct jscan *j, const char **s, size_t *n,
                 struct err *e) MUST_CHECK;
/* An integer in [0, max]. */
int jscan_int(struct jscan *j, int64_t max, int64_t *v,
              struct err *e) MUST_CHECK;
/* Any value, checked and dropped. */
int jscan_skip(struct jscan *j, struct err *e) MUST_CHECK;

#endif
