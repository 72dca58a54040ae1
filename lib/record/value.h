/* value - msgpack objects: checks, JSON text, copies
 *
 * Internal to lib/record.
 */
#ifndef ULP_RECORD_VALUE_H
#define ULP_RECORD_VALUE_H
#include <jansson.h>
#include <msgpack.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/err.h"

/* "str", "array", ... */
const char *value_type(const msgpack_object *o);
int utf8_valid(const char *s, size_t n);
/* Strings are UTF-8, map keys are strings and differ. where: the field. */
int value_check(const msgpack_object *o, const char *where, struct err *e)
    MUST_CHECK;
/* strict: NaN, Inf and bin are errors; else they come out as nan, inf and
 * "<N bytes>". */
int value_json(struct buf *b, const msgpack_object *o, int strict,
               const char *where, struct err *e) MUST_CHECK;
/* A JSON value as a msgpack object, all of it in the arena. */
int value_of_json(msgpack_object *o, const json_t *j, int depth,
                  struct arena *a, struct err *e) MUST_CHECK;

#endif
