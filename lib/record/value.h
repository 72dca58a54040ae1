/* value - msgpack objects: checks and JSON text
 *
 * Internal to lib/record.
 */
#ifndef ULP_RECORD_VALUE_H
#define ULP_RECORD_VALUE_H
#include <msgpack.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/err.h"

/* "str", "array", ... */
const char *value_type(const msgpack_object *o);
/* Strings are UTF-8, map keys are strings and differ. where: the field. */
int value_check(const msgpack_object *o, const char *where,
                struct err *e) MUST_CHECK;
/* Every number in it is finite. */
int value_finite(const msgpack_object *o, const char *where,
                 struct err *e) MUST_CHECK;
/* strict: NaN, Inf and bin are errors; else they come out as nan, inf and
 * "<N bytes>". */
int value_json(struct buf *b, const msgpack_object *o, int strict,
               const char *where, struct err *e) MUST_CHECK;
#endif
